"""What it costs that the catalogue keeps itself: claims, runs of sources, plans."""

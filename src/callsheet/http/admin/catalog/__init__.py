"""The catalogue in the Admin API: models, aliases, sources, plans, changes, and why a caller sees what."""

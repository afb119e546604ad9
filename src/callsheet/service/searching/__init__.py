"""Searching the catalogue by words and by what models are, however many there are."""

"""Other moments than the present."""

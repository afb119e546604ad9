"""Data that is shipped: the built-in catalogue."""

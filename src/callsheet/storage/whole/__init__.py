"""A database as a whole: copied, checked, exchanged."""

"""Sync: sources asked, and what they list made the catalogue's."""

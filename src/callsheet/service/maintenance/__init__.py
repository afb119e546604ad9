"""Backups, restores, copies and checks of a database."""

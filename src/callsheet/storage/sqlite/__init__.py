"""Databases in one file."""

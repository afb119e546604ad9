"""Databases on a PostgreSQL server."""

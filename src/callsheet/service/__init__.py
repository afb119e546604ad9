"""Use cases: read, let the domain decide, write, in one transaction."""

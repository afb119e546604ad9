"""Several replicas on one PostgreSQL, under load, while things break: `python -m tests.fleet` prints a table."""

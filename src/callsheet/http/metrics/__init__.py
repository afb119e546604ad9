"""Counts of what was answered, in Prometheus's formats."""

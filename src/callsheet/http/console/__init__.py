"""The console: pages over the calls of the Admin API, for people with a browser."""

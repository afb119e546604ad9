"""Clients of any Models API, over shared pure functions; nothing of the server is needed."""

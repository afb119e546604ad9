"""Serving: the ASGI app, its drivers, and the process around it."""

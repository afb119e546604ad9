"""The ASGI driver of the public API."""

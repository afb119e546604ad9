"""Forwarding, measured beside nginx's `proxy_pass`, and beside the same done with httpx2 and ASGI."""

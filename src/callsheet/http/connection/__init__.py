"""The uvicorn driver of the public API, and what a connection may use."""

"""The public JSON: the server writes with it what the client reads."""

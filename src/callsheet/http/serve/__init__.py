"""The server process: its configuration, its start and its end."""

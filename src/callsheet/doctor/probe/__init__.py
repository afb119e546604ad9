"""Requests sent to the server under examination, and what came back."""

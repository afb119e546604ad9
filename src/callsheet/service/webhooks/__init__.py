"""Webhooks: who is sent what, and sending it."""

"""Webhooks: who is sent which events, signed by which secrets, and when a delivery is tried again."""

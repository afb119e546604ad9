"""Forwarding: what is not the Models API goes to the gateway, and comes back as it is. Off unless asked for."""

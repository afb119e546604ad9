"""Callsheet in front of a real gateway, whose keys may each call models of their own."""

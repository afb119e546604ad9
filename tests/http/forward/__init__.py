"""Tests of forwarding."""

"""Moments, differences, and who set each field."""

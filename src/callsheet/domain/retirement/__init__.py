"""Retirement: when models retire, what replaces them, and what is left without."""

"""Callers who mean harm, or might as well: what they send, and what must never come of it."""

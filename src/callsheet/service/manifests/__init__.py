"""Manifests: catalogue files planned, applied, compared with what is there, and made of it."""

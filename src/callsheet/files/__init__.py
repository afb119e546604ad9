"""Catalogue files: YAML, TOML and JSON texts to manifests, with the place of every fault, and back."""

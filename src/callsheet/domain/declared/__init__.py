"""Declared: what a catalogue file changes. The rules are pure; `service.manifests` makes plans of them."""

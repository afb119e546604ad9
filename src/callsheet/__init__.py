"""Callsheet: a self-hosted Models API for Claude and OpenAI clients."""

from callsheet._version import __version__

__all__ = ["__version__"]

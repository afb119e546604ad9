"""Another Callsheet: Anthropic's list with every field, and the key as a bearer token.

What it does not list, hidden models and aliases, stays unknown here.
"""

from collections.abc import Mapping

from callsheet.sources.anthropic import listed, requests, rows

__all__ = ["authorization", "listed", "requests", "rows"]


def authorization(secret: str) -> Mapping[str, str]:
    """Return the secret as a bearer token."""
    return {"authorization": f"Bearer {secret}"}

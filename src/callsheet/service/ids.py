"""New identifiers: a prefix for the kind, and randomness that cannot be guessed."""

import secrets
from typing import Final

#: Base 58: digits and letters without those that look alike.
BASE_58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

_LENGTH: Final = 24


def make_id(prefix: str) -> str:
    """Return a new identifier such as ``wrkspc_01…``."""
    return f"{prefix}01{''.join(secrets.choice(BASE_58) for _ in range(_LENGTH - 2))}"

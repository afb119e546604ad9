"""An existing secret, from an option or from standard input."""

import sys
from typing import Final

from callsheet.domain.errors import InvalidError

_MAX_INPUT_LENGTH: Final = 65_536

_TOO_MUCH: Final = (
    "Standard input holds more than one line; give one secret, "
    "or create many keys with: callsheet keys import FILE."
)


def read_secret(given: str | None) -> str | None:
    """Return the secret given by ``--secret``; for ``-``, the one line of standard input.

    Raises
    ------
    InvalidError
        Standard input is empty, holds more than one line, or is not text; what it holds is not repeated.
    """
    if given != "-":
        return given
    try:
        text = sys.stdin.readline() if sys.stdin.isatty() else sys.stdin.read(_MAX_INPUT_LENGTH)
    except (UnicodeDecodeError, OSError):
        raise InvalidError("Standard input is not text; give one secret on one line.") from None
    secret = text.strip()
    if not secret:
        raise InvalidError("Standard input is empty; write the secret to it, on one line.")
    if len(secret.splitlines()) > 1:
        raise InvalidError(_TOO_MUCH)
    return secret

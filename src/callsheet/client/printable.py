"""Texts from elsewhere, made fit to be shown. Pure."""

import unicodedata
from typing import Final

_LONGEST_QUOTE: Final = 200  # characters of what a server says


def printable(text: str, longest: int | None = _LONGEST_QUOTE) -> str:
    """Return what may be shown of a text from elsewhere: not too much, and nothing that a terminal obeys.

    Control, format (bidirectional, zero width), private and unassigned characters and line separators become
    U+FFFD; spaces of any width stay.
    """
    part = text[:longest]
    return part if part.isprintable() else "".join(map(_shown, part))


def _shown(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return "\N{REPLACEMENT CHARACTER}"

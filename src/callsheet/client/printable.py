"""Texts from other programs, made safe to show. Pure."""

import unicodedata
from typing import Final

_MAX_QUOTE_CHARACTERS: Final = 200  # of what a server says


def printable(text: str, longest: int | None = _MAX_QUOTE_CHARACTERS) -> str:
    """Return ``text`` shortened, and without characters that a terminal would act on.

    Control, format (bidirectional, zero width), private and unassigned characters and line separators become
    U+FFFD; spaces of any width stay.
    """
    part = text[:longest]
    return part if part.isprintable() else "".join(map(_shown, part))


def _shown(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return "\N{REPLACEMENT CHARACTER}"

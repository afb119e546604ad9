"""Texts from elsewhere, made fit to be shown. Pure."""

from typing import Final

_LONGEST_QUOTE: Final = 200  # characters of what a server says


def printable(text: str, longest: int | None = _LONGEST_QUOTE) -> str:
    """Return what may be shown of a text from elsewhere: not too much, and nothing that a terminal obeys."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text[:longest])

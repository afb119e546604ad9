"""What a server sent, as a sentence or a line of the report may hold it."""

import json
from typing import Final

_MAX_QUOTE_LENGTH: Final = 120


def one_line(text: str) -> str:
    """Return ``text`` in one line, with a blank in the place of all that would move a cursor or colour a terminal.

    `callsheet.client.printable` shows that something was there; here, line breaks of a body are only in the way.
    """
    if not text.isprintable():
        text = "".join(character if character.isprintable() else " " for character in text)
    return text.strip()


def shortened(text: str, length: int) -> str:
    """Return at most ``length`` characters of ``text``, the last of them an ellipsis if any are missing."""
    return text if len(text) <= length else text[: length - 1] + "…"


def quoted(value: object) -> str:
    """Return a value in the backticks of Markdown: in one line, short, and without backticks inside."""
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{one_line(shortened(text, _MAX_QUOTE_LENGTH)).replace('`', chr(39))}`"

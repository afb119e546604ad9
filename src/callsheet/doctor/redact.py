"""Secrecy: the key taken out of what is told, whole or in pieces, however a server has written it."""

import html
import re
from itertools import groupby
from typing import Final, TypeVar
from urllib.parse import unquote

from pydantic import BaseModel

#: What stands where the key was.
HIDDEN: Final = "[key]"

#: Characters of a piece that tells something of the key. Less is its prefix, or a hint at which key it is.
_PIECE: Final = 12

#: A key shorter than this is no secret, and may be a part of any word.
_SHORTEST: Final = 6

#: Words that people give where no key is asked for, and that stand in every report.
_WORDS: Final = frozenset({"anthropic", "bearer", "claude", "models", "openai"})

_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})|\\(.)")

M = TypeVar("M", bound=BaseModel)


class Secrecy:
    """Keeps the key, and whatever else is given to it.

    What a server said is not changed: a key may be a word that stands in the id of a model, and clients and checks
    need that id as it is. Only what is told of it is.
    """

    def __init__(self, *secrets: str) -> None:
        kept = [each for each in secrets if len(each) >= _SHORTEST and each.lower() not in _WORDS]
        pieces: dict[int, set[str]] = {}
        for secret in kept:
            size = min(len(secret), _PIECE)
            pieces.setdefault(size, set()).update(secret[at : at + size] for at in range(len(secret) - size + 1))
        self._pieces = pieces
        self._seen: dict[str, str] = {}  # ids come again and again

    def hide_in(self, model: M) -> M:
        """Return ``model`` without a secret in any of its texts."""
        return type(model).model_validate(self._hidden(model.model_dump()))

    def hide(self, text: str) -> str:
        """Return ``text`` without a secret; decoded, if a code is all that hid it."""
        if text not in self._seen:
            hidden = self._cut(text)
            plain = _decoded(hidden)
            cut = self._cut(plain)
            self._seen[text] = hidden if cut == plain else cut
        return self._seen[text]

    def _hidden(self, value: object) -> object:
        if type(value) is str:  # no enumeration: those words are ours
            return self.hide(value)
        if isinstance(value, dict):
            return {name: self._hidden(each) for name, each in value.items()}
        return [self._hidden(each) for each in value] if isinstance(value, list | tuple) else value

    def _cut(self, text: str) -> str:
        inside = bytearray(len(text))
        for size, pieces in self._pieces.items():
            for at in range(len(text) - size + 1):
                if text[at : at + size] in pieces:
                    inside[at : at + size] = b"\1" * size
        if not any(inside):
            return text
        runs = groupby(zip(inside, text, strict=True), key=lambda each: each[0])
        return "".join(HIDDEN if is_key else "".join(each for _, each in run) for is_key, run in runs)


def _decoded(text: str) -> str:
    """A text as JSON, URLs and HTML would be read."""
    if not {"\\", "%", "&"} & set(text):
        return text
    unescaped = _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)
    return html.unescape(unquote(unescaped))

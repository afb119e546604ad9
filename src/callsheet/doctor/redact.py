"""Take secrets out of texts, also in parts and re-encoded."""

import html
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Final, TypeVar
from urllib.parse import unquote

from pydantic import BaseModel

#: Written in the place of a secret.
REDACTED: Final = "[key]"

#: Parts of a secret that are shorter may be shown: its prefix, or a hint at which key it is.
_PART_LENGTH: Final = 12

#: Shorter keys are not secret, and may be part of any word.
_MIN_SECRET_LENGTH: Final = 6

#: Keys that people give to servers which need none, and words of every report.
_NOT_SECRET: Final = frozenset({"anthropic", "bearer", "claude", "models", "openai"})

_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})|\\(.)")

M = TypeVar("M", bound=BaseModel)


class Redactor:
    """Takes secrets out of what the doctor reports.

    What a server sent is not changed, only what is reported of it: a key may be a word inside a model's id,
    and clients and checks need that id as it is.

    Parameters
    ----------
    secrets
        The key, and the values of headers that the caller adds.
    """

    def __init__(self, *secrets: str) -> None:
        self._parts: dict[int, set[str]] = {}  # by their length
        for secret in secrets:
            if len(secret) >= _MIN_SECRET_LENGTH and secret.lower() not in _NOT_SECRET:
                length = min(len(secret), _PART_LENGTH)
                self._parts.setdefault(length, set()).update(_parts(secret, length))
        self._redacted: dict[str, str] = {}  # the same ids appear again and again

    def redact_in(self, model: M) -> M:
        """Return ``model`` without a secret in any of its texts."""
        return type(model).model_validate(self._redact_value(model.model_dump()))

    def redact(self, text: str) -> str:
        """Return ``text`` without a secret; decoded, if only an encoding hid the secret."""
        if text not in self._redacted:
            without = self._replace(text)
            decoded = _decode(without)
            decoded_without = self._replace(decoded)
            self._redacted[text] = without if decoded_without == decoded else decoded_without
        return self._redacted[text]

    def _redact_value(self, value: object) -> object:
        if type(value) is str:  # and not an enumeration, whose words are our own
            return self.redact(value)
        if isinstance(value, dict):
            return {name: self._redact_value(each) for name, each in value.items()}
        return [self._redact_value(each) for each in value] if isinstance(value, list | tuple) else value

    def _replace(self, text: str) -> str:
        """Replace every run of characters that belong to a secret."""
        is_secret = self._find(text)
        if not any(is_secret):
            return text
        runs = groupby(zip(is_secret, text, strict=True), key=lambda each: each[0])
        return "".join(REDACTED if secret else "".join(each for _, each in run) for secret, run in runs)

    def _find(self, text: str) -> bytearray:
        """Return a 1 for each character that belongs to a secret, and a 0 for every other."""
        found = bytearray(len(text))
        for length, parts in self._parts.items():
            for start, part in enumerate(_parts(text, length)):
                if part in parts:
                    found[start : start + length] = b"\1" * length
        return found


def _parts(text: str, length: int) -> Iterator[str]:
    """Yield every part of ``text`` of this length: at its first character, at its second, and so on."""
    return (text[start : start + length] for start in range(len(text) - length + 1))


def _decode(text: str) -> str:
    """Return a text as readers of JSON, URLs and HTML decode it."""
    if not {"\\", "%", "&"} & set(text):
        return text
    unescaped = _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)
    return html.unescape(unquote(unescaped))

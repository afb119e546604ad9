"""The rows of a list as they were sent, found in its body; of each, only where it begins and ends is kept.

A list may have a million rows. Each is parsed when it is needed, and a broken one does not affect the others.
"""

import json
import re
from array import array
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from pydantic_core import from_json

#: The names that a list may have in an object, the one that counts first.
LIST_NAMES: Final = ("data", "models")

_skip = re.compile(r"[ \t\n\r]*").match
_quick = json.JSONDecoder(strict=False).raw_decode
_patient = json.JSONDecoder(strict=False, parse_int=float).raw_decode  # reads integers of any length
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"  # some programs write it before UTF-8
_EXPECTED: Final = "JSON"


class UnreadableError(ValueError):
    """A server sent something else than was asked for; the text completes "it answered with …"."""


class Rows:
    """JSON values within a body, by where each begins and ends."""

    __slots__ = ("_body", "_spans")

    def __init__(self, body: bytes = b"", spans: "array[int] | None" = None) -> None:
        self._body = body
        self._spans = array("Q") if spans is None else spans

    def __len__(self) -> int:
        return len(self._spans) // 2

    def __iter__(self) -> Iterator[bytes]:
        for at in range(0, len(self._spans), 2):
            yield self._body[self._spans[at] : self._spans[at + 1]]

    def __getitem__(self, number: int) -> bytes:
        return self._body[self._spans[2 * number] : self._spans[2 * number + 1]]

    def pick(self, numbers: "array[int]") -> "Rows":
        """Return only the rows of these numbers."""
        spans = array("Q")
        for number in numbers:
            spans.extend(self._spans[2 * number : 2 * number + 2])
        return Rows(self._body, spans)


class Listing(NamedTuple):
    """A body, split into a list and the rest.

    Parameters
    ----------
    name
        Of the list; empty if it is bare, None if there is no list.
    rows
        Its rows.
    around
        The other members of the object that holds the list.
    """

    name: str | None
    rows: Rows
    around: Mapping[str, Any]


def parse(body: bytes) -> Any:
    """Return the JSON value of ``body``.

    Raises
    ------
    UnreadableError
        It is not JSON.
    """
    try:
        return from_json(body.removeprefix(_BYTE_ORDER_MARK), allow_inf_nan=False)
    except ValueError:
        raise UnreadableError("what is not JSON") from None


def take_apart(body: bytes) -> Listing:
    """Return the list in a body: bare, or in an object by one of `LIST_NAMES`.

    Raises
    ------
    UnreadableError
        It is not JSON.
    """
    body = body.removeprefix(_BYTE_ORDER_MARK)
    text = body.decode("latin-1")  # one character for each byte; the syntax of JSON is ASCII
    try:
        return _Parts(body, text).listing()
    except (ValueError, RecursionError, IndexError):
        raise UnreadableError("what is not JSON") from None


class _Parts:
    """A parser of one body; raises ValueError or IndexError if it is not JSON."""

    def __init__(self, body: bytes, text: str) -> None:
        self._body = body
        self._text = text

    def listing(self) -> Listing:
        start = self._blank(0)
        if self._text.startswith("[", start):
            spans, end = self._array(start)
            self._finish(end)
            return Listing("", Rows(self._body, spans), {})
        if not self._text.startswith("{", start):
            parse(self._body)
            return Listing(None, Rows(), {})
        return self._object(start)

    def _object(self, start: int) -> Listing:
        lists: dict[str, array[int]] = {}
        around: dict[str, Any] = {}
        at = self._blank(start + 1)
        while not self._text.startswith("}", at):
            end = self._value(at)
            name = parse(self._body[at:end])
            at = self._blank(self._blank(end, ":"))
            if not isinstance(name, str):
                raise ValueError(_EXPECTED)  # noqa: TRY004  # like everything that is not JSON
            lists.pop(name, None)
            if name in LIST_NAMES and self._text.startswith("[", at):
                lists[name], end = self._array(at)
                around.pop(name, None)
            else:
                end = self._value(at)
                around[name] = parse(self._body[at:end])
            at = self._next(end, "}")
        self._finish(at + 1)
        found = next((name for name in LIST_NAMES if name in lists), None)
        return Listing(found, Rows(self._body, lists.get(found or "")), around)

    def _array(self, start: int) -> "tuple[array[int], int]":
        """Where each value of an array begins and ends, and where the array ends."""
        spans = array("Q")
        at = self._blank(start + 1)
        while not self._text.startswith("]", at):
            end = self._value(at)
            spans.append(at)
            spans.append(end)
            at = self._next(end, "]")
        return spans, at + 1

    def _value(self, at: int) -> int:
        try:
            return _quick(self._text, at)[1]
        except json.JSONDecodeError:
            raise
        except ValueError:
            return _patient(self._text, at)[1]

    def _next(self, end: int, closing: str) -> int:
        """Where the next value begins, or where ``closing`` is."""
        at = self._blank(end)
        if self._text.startswith(closing, at):
            return at
        at = self._blank(at, ",")
        if self._text.startswith(closing, at):
            raise ValueError(_EXPECTED)
        return at

    def _blank(self, at: int, after: str = "") -> int:
        """Where white space that begins at ``at`` ends; with ``after``, that character must come first."""
        if after:
            at = self._blank(at)
            if self._text[at] != after:
                raise ValueError(_EXPECTED)
            at += 1
        found = _skip(self._text, at)
        return at if found is None else found.end()

    def _finish(self, at: int) -> None:
        if self._blank(at) != len(self._text):
            raise ValueError(_EXPECTED)

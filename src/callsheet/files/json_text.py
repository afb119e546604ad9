"""JSON with the line of every value."""

import json
import re
from typing import Final

from callsheet.files.node import Node, TextFaultError, check_size, twice

_BLANK: Final = re.compile(r"[ \t\n\r]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,99})(\.[0-9]+)?([eE][-+]?[0-9]+)?", re.ASCII)
_DECODER: Final = json.JSONDecoder()
_WORDS: Final = {"true": True, "false": False, "null": None}


def parse_json(text: str) -> Node:
    """Return what ``text`` holds; raise TextFaultError if it is not valid JSON, or an object has a key twice."""
    return _Reader(text).document()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0  # up to where the lines are counted
        self._count = 0

    def document(self) -> Node:
        """Return the value of the whole text."""
        node = self._value(0)
        self._skip()
        if self._at < len(self._text):
            raise self._fault("something follows its end")
        return node

    def _value(self, depth: int) -> Node:
        self._skip()
        self._count += 1
        line = self._here()
        check_size(line, self._count, depth)
        character = self._text[self._at : self._at + 1]
        if character == "{":
            return Node(self._object(depth), line)
        if character == "[":
            return Node(self._array(depth), line)
        if character == '"':
            return Node(self._string(), line)
        return Node(self._word(), line)

    def _object(self, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        self._at += 1
        while not self._ends("}", first=not found):
            self._skip()
            line = self._here()
            if self._text[self._at : self._at + 1] != '"':
                raise self._fault("a key in double quotes is missing")
            name = self._string()
            if name in found:
                raise twice(line, name, found[name])
            self._skip()
            if self._text[self._at : self._at + 1] != ":":
                raise self._fault("a colon is missing")
            self._at += 1
            found[name] = Node(self._value(depth + 1).value, line)
        return found

    def _array(self, depth: int) -> list[Node]:
        found: list[Node] = []
        self._at += 1
        while not self._ends("]", first=not found):
            found.append(self._value(depth + 1))
        return found

    def _ends(self, bracket: str, *, first: bool) -> bool:
        """Pass over the bracket that ends, or the comma before what follows."""
        self._skip()
        character = self._text[self._at : self._at + 1]
        if character == bracket:
            self._at += 1
            return True
        if not first:
            if character != ",":
                raise self._fault(f"a comma or {bracket} is missing")
            self._at += 1
        return False

    def _string(self) -> str:
        try:
            text, self._at = _DECODER.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            self._at = error.pos
            raise self._fault("a string does not end, or holds what it may not") from None
        return str(text)

    def _word(self) -> int | float | bool | None:
        for word, value in _WORDS.items():
            if self._text.startswith(word, self._at):
                self._at += len(word)
                return value
        found = _NUMBER.match(self._text, self._at)
        if found is None:
            raise self._fault("a value is missing")
        self._at = found.end()
        return int(found[0]) if found[1] is None and found[2] is None else float(found[0])

    def _skip(self) -> None:
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _fault(self, reason: str) -> TextFaultError:
        return TextFaultError(self._here(), f"it is not valid JSON: {reason}")

"""TOML with the line of every value: the standard library reads it, and the lines are found in its text."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any, Final, TypeAlias

from callsheet.files.node import Node, TextFaultError, check_size, too_deep

Path: TypeAlias = tuple[str | int, ...]

_WHERE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_GAP: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_DOT: Final = re.compile(r"[ \t]*\.[ \t]*")
_SCALAR: Final = re.compile(r"[^,\]}#\r\n]+")
_STRINGS: Final = (
    re.compile(r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}', re.DOTALL),
    re.compile(r"'''(?:[^']|'{1,2}(?!'))*'{3,5}"),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)


def parse_toml(text: str) -> Node:
    """Return what ``text`` holds; raise TextFaultError if it is not valid TOML."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        where = _WHERE.search(message)
        line = int(where[1]) if where and where[1] else text.rstrip("\n").count("\n") + 1
        reason = _WHERE.sub("", message)
        raise TextFaultError(line, f"it is not valid TOML: {reason[:1].lower()}{reason[1:]}") from None
    except RecursionError:
        raise too_deep(0) from None
    except ValueError:  # which the library raises for a number of thousands of digits
        raise TextFaultError(0, "it is not valid TOML: it holds a number that is too large") from None
    return _Nodes(dict(_Lines(text.replace("\r\n", "\n")).places())).node(content, (), 1)


class _Nodes:
    """Makes nodes of what the standard library has read."""

    def __init__(self, lines: Mapping[Path, int]) -> None:
        self._lines = lines
        self._count = 0

    def node(self, value: Any, path: Path, above: int) -> Node:
        """Return the node of one value, which is in line ``above`` unless a line is known."""
        self._count += 1
        line = self._lines.get(path, above)
        check_size(line, self._count, len(path))
        if isinstance(value, dict):
            return Node({name: self.node(each, (*path, name), line) for name, each in value.items()}, line)
        if isinstance(value, list):
            return Node([self.node(each, (*path, number), line) for number, each in enumerate(value)], line)
        if isinstance(value, datetime | date | time):
            return Node(value.isoformat(), line)
        return Node(value, line)


class _Lines:
    """Finds where each value of a text is that is known to be valid TOML."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0
        self._lengths: dict[Path, int] = {}  # of the arrays of tables

    def places(self) -> Iterator[tuple[Path, int]]:
        """Yield the path of every value that has a key, and of every table, each with its line."""
        table: Path = ()
        while self._skip(_GAP) < len(self._text):
            line = self._here()
            if self._text[self._at] == "[":
                table = self._header()
                yield table, line
            else:
                yield from self._pair(table)

    def _header(self) -> Path:
        is_array = self._text.startswith("[[", self._at)
        self._at += 1 + is_array
        path = self._inside(self._key())
        self._at = self._text.index("]", self._at) + 1 + is_array
        if is_array:
            number = self._lengths.get(path, -1) + 1
            self._lengths[path] = number
            path = (*path, number)
        return path

    def _inside(self, key: Path) -> Path:
        """The path of a header's key: where a part of it is an array of tables, its last one."""
        path: Path = ()
        for number, name in enumerate(key):
            path = (*path, name)
            if path in self._lengths and number < len(key) - 1:
                path = (*path, self._lengths[path])
        return path

    def _key(self) -> Path:
        parts: list[str | int] = []
        while True:
            self._skip(_GAP)
            if self._text[self._at] in "\"'":
                quoted = self._string()
                parts.append(str(tomllib.loads(f"x = {quoted}")["x"]))
            else:
                found = _BARE_KEY.match(self._text, self._at)
                parts.append(found[0] if found else "")
                self._at = found.end() if found else self._at
            dot = _DOT.match(self._text, self._at)
            if dot is None:
                return tuple(parts)
            self._at = dot.end()

    def _pair(self, table: Path) -> Iterator[tuple[Path, int]]:
        self._skip(_GAP)
        line = self._here()
        path = (*table, *self._key())
        yield path, line
        self._at = self._text.index("=", self._at) + 1
        yield from self._value(path)

    def _value(self, path: Path) -> Iterator[tuple[Path, int]]:
        self._skip(_GAP)
        character = self._text[self._at]
        if character in "\"'":
            self._string()
        elif character in "[{":
            self._at += 1
            number = 0
            while self._text[self._skip(_GAP)] not in "]}":
                if character == "{":
                    yield from self._pair(path)
                else:
                    yield (*path, number), self._here()
                    yield from self._value((*path, number))
                    number += 1
                if self._text[self._skip(_GAP)] == ",":
                    self._at += 1
            self._at += 1
        else:
            self._skip(_SCALAR)

    def _string(self) -> str:
        for pattern in _STRINGS:
            found = pattern.match(self._text, self._at)
            if found is not None:
                self._at = found.end()
                return found[0]
        raise AssertionError(self._text[self._at : self._at + 20])  # tomllib has read it

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

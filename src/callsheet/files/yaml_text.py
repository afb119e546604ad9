"""YAML 1.2 with the core schema: what is written is what is meant.

``no``, ``2026-01-01`` and ``010`` stay texts, or become what the core schema says. Tags, several documents and keys
that are not texts have no place in a catalogue.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from callsheet.domain.errors import CallsheetError
from callsheet.files.node import Node, TextFaultError, check_size, twice

if TYPE_CHECKING:
    from ruamel.yaml import YAML

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_FLAGS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE: Final = re.compile(r"[-+]?[0-9]{1,100}", re.ASCII)
_BASED: Final = re.compile(r"0o[0-7]{1,100}|0x[0-9a-fA-F]{1,100}", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_MERGE: Final = "<<"


def yaml_library(**options: Any) -> "YAML":
    """Return the library's reader and writer.

    Raises
    ------
    CallsheetError
        It is not installed.
    """
    try:
        from ruamel.yaml import YAML  # an extra, and slow to import
    except ModuleNotFoundError:
        raise CallsheetError(
            "YAML files need a package that is missing; add the extra yaml "
            "(in a clone: scripts/environment server yaml), or use TOML or JSON"
        ) from None
    return YAML(**options)


def parse_yaml(text: str) -> Node:
    """Return what ``text`` holds.

    Raises
    ------
    TextFaultError
        It is not valid YAML, or uses more of it than a catalogue needs.
    CallsheetError
        The library is not installed.
    """
    library = yaml_library(typ="safe")
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return _Composer(library.parse(text)).document()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(str(error.problem or error.context or "it cannot be read").split())
        raise TextFaultError(mark.line + 1 if mark else 0, f"it is not valid YAML: {reason}") from None
    except YAMLError as error:
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 0
        raise TextFaultError(line, "it is not valid YAML: it holds a control character") from None


class _Composer:
    """Makes nodes of the events that the library's parser yields."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchored: dict[str, Node] = {}
        self._sizes: dict[str, int] = {}
        self._count = 0

    def document(self) -> Node:
        """Return the one document there is; of an empty text, null."""
        root: Node | None = None
        for event in self._events:
            kind = type(event).__name__
            if kind in ("StreamStartEvent", "DocumentStartEvent", "DocumentEndEvent", "StreamEndEvent"):
                continue
            if root is not None:
                raise TextFaultError(_line(event), "it holds a second document; put each into a file")
            root = self._node(event, 0)
        return root or Node(None, 1)

    def _node(self, event: Any, depth: int) -> Node:
        kind = type(event).__name__
        if kind == "AliasEvent":
            return self._alias(event)
        self._add(event, 1, depth)
        begun = self._count
        if kind == "ScalarEvent":
            node = _scalar(event)
        else:
            if event.tag is not None and event.tag != "!":
                raise _tagged(event)
            node = self._mapping(event, depth) if kind == "MappingStartEvent" else self._sequence(event, depth)
        if event.anchor is not None:
            self._anchored[event.anchor] = node
            self._sizes[event.anchor] = self._count - begun + 1
        return node

    def _alias(self, event: Any) -> Node:
        found = self._anchored.get(event.anchor)
        if found is None:
            raise TextFaultError(_line(event), f"there is no anchor &{event.anchor} before *{event.anchor}")
        self._add(event, self._sizes[event.anchor], 0)
        return Node(found.value, _line(event), found.written)

    def _add(self, event: Any, count: int, depth: int) -> None:
        self._count += count
        check_size(_line(event), self._count, depth)

    def _sequence(self, event: Any, depth: int) -> Node:
        items = []
        for each in self._events:
            if type(each).__name__ == "SequenceEndEvent":
                break
            items.append(self._node(each, depth + 1))
        return Node(items, _line(event))

    def _mapping(self, event: Any, depth: int) -> Node:
        found: dict[str, Node] = {}
        merged: list[Node] = []
        for each in self._events:
            if type(each).__name__ == "MappingEndEvent":
                break
            key = self._node(each, depth + 1)
            value = self._node(next(self._events), depth + 1)
            name = key.value if key.written is None else key.written
            if not isinstance(name, str) or isinstance(key.value, dict | list):
                raise TextFaultError(key.line, "a key is not a text")
            if name == _MERGE and key.written is not None:
                merged.append(value)
                continue
            if name in found:
                raise twice(key.line, name, found[name])
            found[name] = Node(value.value, key.line, value.written)
        for each in merged:
            _merge(found, each)
        return Node(found, _line(event))


def _merge(found: dict[str, Node], value: Node) -> None:
    """Add what ``<<`` names, below what the mapping holds itself."""
    for node in value.value if isinstance(value.value, list) else [value]:
        if not isinstance(node.value, dict):
            raise TextFaultError(value.line, f"{_MERGE} must name a mapping, such as *defaults")
        for name, each in node.value.items():
            found.setdefault(name, Node(each.value, value.line, each.written))


def _scalar(event: Any) -> Node:
    plain, quoted = event.implicit[0], event.implicit[1]
    text: str = event.value
    if not plain and not quoted:
        raise _tagged(event)
    if not plain:
        return Node(text, _line(event))
    return Node(_resolved(text), _line(event), None if text in _NULL else text)


def _resolved(text: str) -> str | int | float | bool | None:
    """The value of a scalar without quotes, by the core schema."""
    if text in _NULL:
        return None
    if text in _FLAGS:
        return _FLAGS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text[2:], 8 if text[1] == "o" else 16)
    return float(text) if _FLOAT.fullmatch(text) else text


def _tagged(event: Any) -> TextFaultError:
    return TextFaultError(_line(event), f"it uses the tag {str(event.tag)[:40]}; leave tags out")


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1

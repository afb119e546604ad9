"""Values: one field of an entry as plain JSON, or what would be right instead."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from callsheet.domain.capabilities import parse_capabilities
from callsheet.domain.errors import InvalidError
from callsheet.domain.times import format_instant, parse_instant
from callsheet.files.fields import Field, Kind
from callsheet.files.node import Node

_SHOWN: Final = 40  # characters of a value in a message
_OTHERS: Final = "others"


class WrongValueError(Exception):
    """A value is not what the field holds; ``str`` is a clause that says what would be right."""


def read_value(field: Field, node: Node) -> Any:
    """Return what a field holds as plain JSON; times are written as everywhere.

    Raises
    ------
    WrongValueError
        It is not what the field holds.
    """
    if node.value is None:
        if field.nullable:
            return None
        raise WrongValueError("it has no value; give one, or leave it out")
    return _READERS[field.kind](field, node)


def _text(field: Field, node: Node) -> str:
    text = node.value if node.written is None else node.written
    if not isinstance(text, str):
        raise WrongValueError(f"it must be a text, not {_shown(node)}; put quotes around it")
    if field.pattern and not re.search(field.pattern, text):
        raise WrongValueError(f"it must look like {field.example}")  # what it is may be a secret
    return text


def _texts(field: Field, node: Node) -> list[str]:
    if not isinstance(node.value, list):
        raise WrongValueError(f"it must be a list of texts such as {field.example}, not {_shown(node)}")
    return [_text(field, each) for each in node.value]


def _count(_field: Field, node: Node) -> int:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int):
        right = f"; write {value:.0f}" if isinstance(value, float) and value.is_integer() else ""
        raise WrongValueError(f"it must be a whole number such as 200000, not {_shown(node)}{right}")
    return value


def _flag(_field: Field, node: Node, more: str = "") -> bool:
    if not isinstance(node.value, bool):
        raise WrongValueError(f"it must be true or false{more}, not {_shown(node)}")
    return node.value


def _time(_field: Field, node: Node) -> str:
    text = node.value if node.written is None else node.written
    if not isinstance(text, str):
        raise WrongValueError(f"it must be a day such as 2026-02-04, or an RFC 3339 time, not {_shown(node)}")
    try:
        return format_instant(parse_instant(text, "it"))
    except InvalidError as error:
        raise WrongValueError(str(error).rstrip(".")) from None


def _choice(field: Field, node: Node) -> str:
    if node.value not in field.choices:
        raise WrongValueError(f"it must be {' or '.join(field.choices)}, not {_shown(node)}")
    return str(node.value)


def _capabilities(_field: Field, node: Node) -> object:
    try:
        return dict(parse_capabilities(node.plain()))
    except InvalidError as error:
        raise WrongValueError(str(error).rstrip(".")) from None


def _listed(field: Field, node: Node) -> bool | str:
    return _OTHERS if node.value == _OTHERS else _flag(field, node, f" or {_OTHERS}")


def _map(field: Field, node: Node) -> dict[str, str]:
    if not isinstance(node.value, dict):
        raise WrongValueError(f"it must map texts to texts such as {field.example}, not {_shown(node)}")
    return {name: _text(field, each) for name, each in node.value.items()}


def _shown(node: Node) -> str:
    """A value as the file has it, as far as it fits into a sentence."""
    if node.written is not None:
        return repr(node.written[:_SHOWN])
    if isinstance(node.value, dict):
        return "a mapping"
    if isinstance(node.value, list):
        return "a list"
    return repr(node.value)[: _SHOWN + 2]


_READERS: Final[Mapping[Kind, Callable[[Field, Node], Any]]] = {
    Kind.TEXT: _text,
    Kind.TEXTS: _texts,
    Kind.NAMES: _texts,
    Kind.MAP: _map,
    Kind.COUNT: _count,
    Kind.FLAG: _flag,
    Kind.TIME: _time,
    Kind.CHOICE: _choice,
    Kind.LISTED: _listed,
    Kind.CAPABILITIES: _capabilities,
}

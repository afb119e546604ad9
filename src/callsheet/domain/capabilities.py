"""Capabilities: which of the known features a model has.

A capability is a *leaf*, ``{"supported": bool}``, or a *group* of leaves and groups which may carry
``supported`` itself (contract, section 2). The set is open: unknown keys are kept as given.
"""

from collections.abc import Mapping
from typing import TypeAlias

from callsheet.domain.errors import InvalidError

Capabilities: TypeAlias = Mapping[str, object]

#: The known keys, in the order of the wire; the value of a group has the order inside it.
KNOWN: Mapping[str, object] = {
    "batch": None,
    "citations": None,
    "code_execution": None,
    "context_management": {
        "supported": None,
        "clear_tool_uses_20250919": None,
        "clear_thinking_20251015": None,
        "compact_20260112": None,
    },
    "effort": {"supported": None, "low": None, "medium": None, "high": None, "xhigh": None, "max": None},
    "image_input": None,
    "pdf_input": None,
    "server_tools": {"supported": None, "code_execution": None, "web_search": None},
    "structured_outputs": None,
    "thinking": {
        "supported": None,
        "types": {"enabled": None, "adaptive": None, "disabled": None, "between_tools": None},
    },
}

_MAX_DEPTH_LEVELS = 4
_MAX_KEYS = 200


def parse_capabilities(value: object) -> Capabilities:
    """Return ``value`` as capabilities with known keys in the order of the wire.

    Raises
    ------
    InvalidError
        ``value`` is not an object of leaves and groups; the sentence names the place.
    """
    if not isinstance(value, Mapping):
        raise InvalidError(
            'Capabilities must be a JSON object such as {"batch": {"supported": true}}.', field="capabilities"
        )
    return {
        key: _parse_node(value[key], KNOWN.get(key), key, depth=1) for key in _ordered(value, KNOWN, "capabilities")
    }


def _parse_node(value: object, known: object, place: str, depth: int) -> object:
    if type(value) is dict and len(value) == 1 and isinstance(value.get("supported"), bool):
        return value.copy()  # a leaf, as nearly all are
    if not isinstance(value, Mapping) or not value:
        raise InvalidError(
            f'Capability {place} must be {{"supported": true or false}} or a group of such.', field="capabilities"
        )
    if depth > _MAX_DEPTH_LEVELS:
        raise InvalidError(
            f"Capability {place} is nested deeper than {_MAX_DEPTH_LEVELS} levels.", field="capabilities"
        )
    order = known if isinstance(known, Mapping) else {"supported": None}
    node: dict[str, object] = {}
    for key in _ordered(value, order, place):
        child = value[key]
        if key == "supported":
            if not isinstance(child, bool):
                raise InvalidError(f"Capability {place}.supported must be true or false.", field="capabilities")
            node[key] = child
        else:
            node[key] = _parse_node(child, order.get(key), f"{place}.{key}", depth + 1)
    return node


def _ordered(value: Mapping[object, object], known: Mapping[str, object], place: str) -> list[str]:
    """The keys of ``value``: the known ones first, in the order of the wire."""
    if len(value) > _MAX_KEYS:
        raise InvalidError(f"{place} has more than {_MAX_KEYS} keys.", field="capabilities")
    keys: list[str] = []
    for key in value:
        if not isinstance(key, str) or not key or not key.isprintable() or len(key) > 100:
            raise InvalidError(
                f"A key of {place} is not a printable name of at most 100 characters.", field="capabilities"
            )
        keys.append(key)
    return [*(key for key in known if key in value), *(key for key in keys if key not in known)]


def is_complete(capabilities: Capabilities) -> bool:
    """Return whether all known capabilities are there; others may be as well."""
    return _has_all(capabilities, KNOWN)


def _has_all(node: Mapping[str, object], known: Mapping[str, object]) -> bool:
    for name, below in known.items():
        child = node.get(name)
        if child is None or (
            isinstance(below, Mapping) and not (isinstance(child, Mapping) and _has_all(child, below))
        ):
            return False
    return True


def completed(stated: Capabilities, known: Capabilities) -> Capabilities:
    """Return the capabilities ``stated`` by a list that names only some, with those that are ``known`` beside.

    What is stated counts: if a group is stated not to be supported, nothing in it is. If both are valid, so is the
    result.
    """
    if len(stated.keys() | known.keys()) > _MAX_KEYS:
        return stated
    return {**known, **{name: _completed(node, known.get(name)) for name, node in stated.items()}}


def _completed(stated: object, known: object) -> object:
    if not isinstance(stated, Mapping) or not isinstance(known, Mapping):
        return stated
    if stated != {"supported": False}:
        return completed(stated, known)
    return known if known.get("supported") is False else _denied(known)


def _denied(node: object) -> object:
    """``node`` with every flag in it false."""
    return {name: _denied(child) for name, child in node.items()} if isinstance(node, Mapping) else False

"""Capabilities from the flags of upstreams."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from callsheet.domain.capabilities import Capabilities, parse_capabilities

_MAX_TREES: Final = 4096


def capabilities_of(flags: Mapping[str, object]) -> dict[str, Any]:
    """Return the claim about capabilities by name: those whose flag is true or false; the others are not known.

    It is empty if none is known. Models with the same capabilities share the tree.
    """
    known = tuple((name, flag) for name, flag in flags.items() if isinstance(flag, bool))
    return {"capabilities": _tree(known)} if known else {}


@lru_cache(_MAX_TREES)  # a list of thousands of models has a dozen
def _tree(known: tuple[tuple[str, bool], ...]) -> Capabilities:
    return parse_capabilities({name: {"supported": flag} for name, flag in known})

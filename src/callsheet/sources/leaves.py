"""Capabilities from the flags of upstreams."""

from collections.abc import Mapping
from typing import Any


def leaves(flags: Mapping[str, object]) -> dict[str, Any] | None:
    """Return the capabilities that are known: ``flags`` that are true or false, by the name of the capability.

    The others are unknown, and left out; None if all are.
    """
    known = {name: {"supported": flag} for name, flag in flags.items() if isinstance(flag, bool)}
    return known or None

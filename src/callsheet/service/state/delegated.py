"""Which source is asked about keys, as a State holds it, and what is remembered of such keys."""

import os
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from callsheet.api.grants import Grants
from callsheet.api.state import State
from callsheet.domain.access.delegation import Delegation, KeyMode
from callsheet.domain.sources.source import SourceRecord

#: Settings of a source on which nothing depends that is asked about a key.
_OF_RUNS: Final = frozenset({"every", "new", "missing", "after"})

_HASH_KEY_BYTES: Final = 32


class Delegated(NamedTuple):
    """The members of a State that depend on which source is asked about keys.

    Parameters
    ----------
    key_source
        Its name and configuration as plain JSON values, which `delegation.key_source` reads; None if none is asked.
    delegation
        What answers depend on.
    grants
        What is remembered of keys.
    """

    key_source: Mapping[str, Any] | None
    delegation: Delegation | None
    grants: Grants


def key_source_of(sources: Iterable[SourceRecord]) -> Mapping[str, Any] | None:
    """Return the first of ``sources``, in their order, that is asked about keys, as `State.key_source` holds it."""
    for each in sources:
        if each.config.get("asks_keys") is True:
            config = {name: value for name, value in each.config.items() if name not in _OF_RUNS}
            return {"name": each.name, "config": config}
    return None


def delegated(key_source: Mapping[str, Any] | None, past: State | None = None) -> Delegated:
    """Return what follows from ``key_source``; what was remembered before holds if ``past`` has the same.

    So everything is forgotten when another gateway is asked, when the same one is asked otherwise, and when a
    person had it forgotten. Memory that is dropped is not emptied, as requests that are being answered use it.
    """
    delegation = None if key_source is None else _delegation_of(key_source)
    if key_source is None or delegation is None:
        return Delegated(None, None, Grants())
    if past is not None and past.key_source == key_source:
        return Delegated(past.key_source, past.delegation, past.grants)
    return Delegated(key_source, delegation, Grants(os.urandom(_HASH_KEY_BYTES)))


def _delegation_of(key_source: Mapping[str, Any]) -> Delegation | None:
    """None if a later release has configured what this one does not know."""
    from callsheet.sources.registry import LISTS_BY_CLIENT  # slow to import, and few servers need it

    config = key_source["config"]
    try:
        mode = KeyMode(config.get("key_mode", KeyMode.FILL))
    except ValueError:
        return None
    return Delegation(
        key_source["name"],
        mode,
        config.get("workspace") or None,
        config.get("keys_forgotten_at", ""),
        by_client=config.get("kind") in LISTS_BY_CLIENT,
    )

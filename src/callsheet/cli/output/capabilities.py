"""Capabilities as people read them: in words, not as a page of JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

from callsheet.domain.changes.change import ChangeRecord

_FIELD = "capabilities"


def capability_lines(capabilities: Mapping[str, Any]) -> str:
    """Return what is supported, and in a second line what is not."""
    leaves = dict(_leaves(capabilities))
    sides = (("yes", [*filter(leaves.get, leaves)]), ("no", [place for place, can in leaves.items() if not can]))
    return "\n".join(f"{word}: {', '.join(places)}" for word, places in sides if places)


def short_capabilities(record: ChangeRecord) -> ChangeRecord:
    """Return a change record in which capabilities are a few words: those that changed, or how many are known."""
    if record.is_damaged:
        return record
    before, after = record.before, record.after
    old, new = (dict(_leaves((side or {}).get(_FIELD) or {})) for side in (before, after))
    if not old and not new:
        return record
    changed = {place for place in old.keys() | new.keys() if old.get(place) != new.get(place)}
    return record._replace(before=_with(before, old, changed, new), after=_with(after, new, changed, old))


def _with(
    record: Mapping[str, Any] | None, leaves: Mapping[str, bool], changed: set[str], others: Mapping[str, bool]
) -> Mapping[str, Any] | None:
    if record is None or not leaves:
        return record
    if not others:
        return {**record, _FIELD: f"{len(leaves)} known"}
    words = [f"{place} {'yes' if can else 'no'}" for place, can in leaves.items() if place in changed]
    return {**record, _FIELD: ", ".join(words) or None}


def _leaves(node: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, bool]]:
    for key, child in node.items():
        if isinstance(child, Mapping):
            if isinstance(child.get("supported"), bool) and len(child) == 1:
                yield f"{place}{key}", child["supported"]
            else:
                yield from _leaves(child, f"{place}{key}.")

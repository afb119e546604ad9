"""Edits: what differs between two records of a thing, field by field, as people compare them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from callsheet.domain.times import EPOCH, format_instant
from callsheet.http.console.labels import term_of

Record: TypeAlias = Mapping[str, Any]

#: Values of fields that say nothing of a thing that is new, or that goes.
_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {}, False, format_instant(EPOCH))

#: What every capability says of itself first.
_SUPPORTED: Final = " / supported"


def named_workspaces(record: Record | None, names: Mapping[str, str]) -> dict[str, Any] | None:
    """Return a record with the name of its workspace in place of the id, where ``names`` has one by that id."""
    if record is None or "workspace_id" not in record:
        return None if record is None else dict(record)
    workspace_id = record["workspace_id"]
    said = "the whole organization" if workspace_id is None else names.get(workspace_id, workspace_id)
    return {**record, "workspace_id": said}


def with_edits(record: Record, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a change record, or a difference, with what differs of the thing, field by field.

    ``names`` are those of workspaces, by id.
    """
    before, after = (named_workspaces(record[side], names) for side in ("before", "after"))
    return {**record, "edits": edits_of(before, after)}


def edits_of(before: Record | None, after: Record | None) -> list[dict[str, Any]]:
    """Return the fields that differ, each with ``name``, ``before`` and ``after``.

    What is within groups, such as capabilities, is named with its group. Of lists that both have, only what went
    and what came is left. Of a thing that is new or goes, it is each field that says something.
    """
    old, new = dict(_flat(before or {})), dict(_flat(after or {}))
    is_whole = before is None or after is None
    found = []
    for name in {**new, **old}:
        was, will = old.get(name), new.get(name)
        if was == will or (is_whole and was in _NOTHING and will in _NOTHING):
            continue
        if isinstance(was, list) and isinstance(will, list):
            was, will = _moved(was, will)
        found.append({"name": name, "before": was, "after": will})
    return found


def _flat(record: Record, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        words = f"{prefix}{term_of(name)}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{words} / ")
        else:
            yield words.removesuffix(_SUPPORTED), value


def _moved(was: list[Any], will: list[Any]) -> tuple[list[Any] | None, list[Any] | None]:
    """What is only in the one and only in the other; all of both if only their order differs."""
    gone = [each for each in was if each not in will]
    come = [each for each in will if each not in was]
    if not gone and not come:
        return was, will
    return gone or None, come or None

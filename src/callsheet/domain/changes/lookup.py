"""Lookup: the workspace or the key that a name or an id means."""

from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches
from operator import attrgetter
from typing import Final

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.key_names import meant_by, unknown_key
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.change import Action
from callsheet.domain.changes.reader import AccessReader
from callsheet.domain.errors import DoesNotExistError

_MAX_NAMES: Final = 10_000  # that a misspelt one is compared with; more would take too long


def find_workspace(reader: AccessReader, name: str) -> Workspace:
    """Return the workspace with this id, or the one of this name that is not archived.

    Raises
    ------
    DoesNotExistError
        There is none.
    """
    found = known_workspace(reader, name)
    if found is not None:
        return found
    known = {workspace.name for workspace in reader.workspaces() if workspace.archived_at is None}
    close = get_close_matches(name, known, 1)
    raise DoesNotExistError(f"There is no workspace {name!r}{f'; did you mean {close[0]!r}?' if close else '.'}")


def known_workspace(reader: AccessReader, name: str) -> Workspace | None:
    """Return the workspace that `find_workspace` would; None if there is none."""
    found = next(iter(reader.workspaces([name])), None)
    named = (each for each in reader.workspaces_named(name) if each.archived_at is None)
    return next(named, None) if found is None else found


def find_key(reader: AccessReader, name: str, now: datetime) -> APIKey:
    """Return the key with this id, or the one that this name means.

    Raises
    ------
    DoesNotExistError
        There is none, or only archived ones have this name.
    ConflictError
        More than one have this name.
    """
    found = known_key(reader, name, now)
    if found is None:
        raise unknown_key(name, _present_names(reader))
    return found


def known_key(reader: AccessReader, name: str, now: datetime) -> APIKey | None:
    """Return the key that `find_key` would; None if there is none. ConflictError as there."""
    found = next(iter(reader.api_keys([name])), None)
    if found is not None:
        return found
    named = reader.api_keys_named(name)
    return meant_by(name, named, now, replaced_keys(reader, named, now))


def _present_names(reader: AccessReader) -> list[str]:
    """The names of keys that one that is unknown may be a misspelling of; none if there are too many."""
    names = reader.key_names(_MAX_NAMES + 1)
    return list(names) if len(names) <= _MAX_NAMES else []


def replaced_keys(reader: AccessReader, keys: Iterable[APIKey], now: datetime) -> set[str]:
    """Return the ids of those of ``keys`` that were rotated, have not been renamed since, and still work on."""
    ending = [
        key.id
        for key in keys
        if key.status is not KeyStatus.ARCHIVED and key.expires_at is not None and not key.is_expired(now)
    ]
    replaced: set[str] = set()
    for record in sorted(reader.changes_of(ending), key=attrgetter("number")):
        if record.action == Action.ROTATE:
            replaced.add(record.subject)
        elif all(sides := record.sides) and sides[0].get("name") != sides[1].get("name"):
            replaced.discard(record.subject)
    return replaced

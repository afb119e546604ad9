"""Finding workspaces and keys by what people call them."""

from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.key_names import meant_by, unknown_key
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.errors import DoesNotExistError
from callsheet.storage.transactions.read import ReadTransaction


def find_workspace(reading: ReadTransaction, name: str) -> Workspace:
    """Return the workspace with this id, or the one of this name that is not archived.

    Raises
    ------
    UnknownError
        There is none.
    """
    found = next(reading.workspaces([name]), None)
    if found is not None:
        return found
    for workspace in reading.workspaces_named(name):
        if workspace.archived_at is None:
            return workspace
    known = {workspace.name for workspace in reading.workspaces() if workspace.archived_at is None}
    close = get_close_matches(name, known, 1)
    raise DoesNotExistError(f"There is no workspace {name!r}{f'; did you mean {close[0]!r}?' if close else '.'}")


def find_key(reading: ReadTransaction, name: str, now: datetime) -> APIKey:
    """Return the key with this id, or the one that this name means.

    Raises
    ------
    UnknownError
        There is none but archived ones.
    ConflictError
        The name means more than one.
    """
    found = next(reading.api_keys([name]), None)
    if found is not None:
        return found
    named = reading.api_keys_named(name)
    meant = meant_by(name, named, now, replaced_keys(reading, named, now))
    if meant is None:
        present = (key.name for key in reading.api_keys() if key.status is not KeyStatus.ARCHIVED)
        raise unknown_key(name, present)
    return meant


def replaced_keys(reading: ReadTransaction, keys: Iterable[APIKey], now: datetime) -> set[str]:
    """Return the ids of those of ``keys`` that were rotated, have not been renamed since, and still work on."""
    ending = [
        key.id
        for key in keys
        if key.status is not KeyStatus.ARCHIVED and key.expires_at is not None and not key.is_expired(now)
    ]
    replaced: set[str] = set()
    for row in sorted(reading.changes_of(ending), key=lambda row: int(row["number"])):
        if row["action"] == "rotate":
            replaced.add(row["subject"])
        elif row["before"] is not None and row["before"]["name"] != row["after"]["name"]:
            replaced.discard(row["subject"])
    return replaced

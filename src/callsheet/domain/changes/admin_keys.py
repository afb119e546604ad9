"""Admin keys: what may be created, disabled, archived and rotated."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from difflib import get_close_matches

from callsheet.domain.access.admin_key import AdminKey, Scope
from callsheet.domain.access.key import KeyStatus
from callsheet.domain.access.secret import check_not_in_name, fingerprint, hint
from callsheet.domain.changes.change import Action, Change, change_of
from callsheet.domain.changes.keys import Credentials, check_future, end_of_overlap
from callsheet.domain.changes.reader import AdminKeyReader
from callsheet.domain.errors import ConflictError, DoesNotExistError
from callsheet.domain.hints import Hint


def find_admin_key(reader: AdminKeyReader, name: str, now: datetime) -> AdminKey:
    """Return the admin key with this id, or the one in use with this name.

    Of two with one name, which a rotation with an overlap leaves, it is the newer.

    Raises
    ------
    DoesNotExistError
        There is none.
    """
    every = list(reader.admin_keys())
    found = next((key for key in every if key.id == name), None)
    if found is not None:
        return found
    named = [key for key in every if key.name == name and key.status is not KeyStatus.ARCHIVED]
    if named:
        return max(named, key=lambda key: (not key.is_expired(now), key.created_at, key.expires_at is None, key.id))
    close = get_close_matches(name, {key.name for key in every if key.status is not KeyStatus.ARCHIVED}, 1)
    if close:
        raise DoesNotExistError(f"There is no admin key {name!r}; did you mean {close[0]!r}?")
    raise DoesNotExistError(f"There is no admin key {name!r}", hint=Hint.LIST_ADMIN_KEYS)


def create_admin_key(
    reader: AdminKeyReader,
    new: Credentials,
    name: str,
    scopes: Sequence[Scope],
    expires_at: datetime | None,
    now: datetime,
) -> list[Change[AdminKey]]:
    """Create an admin key.

    Raises
    ------
    InvalidError
        The name, the scopes or the expiry is not valid.
    ConflictError
        An admin key in use has this name.
    """
    key = _new_key(new, name, scopes, expires_at, now)
    for other in reader.admin_keys():
        if other.name == name and other.status is not KeyStatus.ARCHIVED and not other.is_expired(now):
            raise ConflictError(
                f"There is an admin key named {name!r} already: {other.id}; "
                "choose another name, or rotate that key.",
                field="name",
            )
    return [Change(Action.CREATE, None, key)]


def disable_admin_key(key: AdminKey) -> list[Change[AdminKey]]:
    """Stop ``key`` from working until it is enabled again; ConflictError if it is archived."""
    return _set_status(Action.DISABLE, key, KeyStatus.DISABLED)


def enable_admin_key(key: AdminKey) -> list[Change[AdminKey]]:
    """Let ``key`` work again if it is disabled; ConflictError if it is archived."""
    return _set_status(Action.ENABLE, key, KeyStatus.ACTIVE)


def archive_admin_key(key: AdminKey) -> list[Change[AdminKey]]:
    """Stop ``key`` from working for ever; ConflictError if it is archived already."""
    return _set_status(Action.ARCHIVE, key, KeyStatus.ARCHIVED)


def rotate_admin_key(key: AdminKey, new: Credentials, overlap: timedelta, now: datetime) -> list[Change[AdminKey]]:
    """Replace ``key`` by a new one of the same name, scopes and expiry, as `rotate_key` does.

    Raises
    ------
    InvalidError
        The overlap is negative.
    ConflictError
        The key is not active, or has expired.
    """
    fault = key.fault(now)
    if fault is not None:
        raise ConflictError(f"{key.id} cannot be rotated, as {fault}; create a new admin key instead.")
    end = end_of_overlap(key.expires_at, overlap, now)
    ended = replace(key, status=KeyStatus.ARCHIVED) if end is None else replace(key, expires_at=end)
    successor = _new_key(new, key.name, key.scopes, key.expires_at, now)
    return [Change(Action.ROTATE, key, ended), Change(Action.CREATE, None, successor)]


def _new_key(
    new: Credentials, name: str, scopes: Sequence[Scope], expires_at: datetime | None, now: datetime
) -> AdminKey:
    check_future(expires_at, now)
    check_not_in_name(new.secret, name)
    return AdminKey(
        id=new.key_id,
        name=name,
        fingerprint=fingerprint(new.secret),
        hint=hint(new.secret),
        scopes=tuple(scopes),
        expires_at=expires_at,
        created_at=now,
    )


def _set_status(action: Action, key: AdminKey, status: KeyStatus) -> list[Change[AdminKey]]:
    if key.status is KeyStatus.ARCHIVED:
        raise ConflictError(f"{key.id} is archived; create a new admin key instead.")
    return change_of(action, key, replace(key, status=status))

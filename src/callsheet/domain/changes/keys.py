"""API keys: what may be created, changed, disabled, archived and rotated."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypedDict

from callsheet.domain.access.key import APIKey, KeyStatus, is_past
from callsheet.domain.access.key_names import check_name_is_free, holds_name
from callsheet.domain.access.secret import check_not_in_name, check_secret, fingerprint, hint
from callsheet.domain.changes.change import Action, Change, change_of
from callsheet.domain.changes.lookup import find_workspace, replaced_keys
from callsheet.domain.changes.reader import AccessReader
from callsheet.domain.changes.workspaces import check_in_use
from callsheet.domain.errors import ConflictError, DoesNotExistError, InvalidError, about
from callsheet.domain.hints import Hint

#: How long the old secret may work on after a rotation.
MAX_OVERLAP_HOURS: Final = 24 * 366 * 10


class Credentials(NamedTuple):
    """What a new key is known by; ``repr`` does not show the secret.

    Parameters
    ----------
    key_id
        An id that is in use nowhere else.
    secret
        Its secret; empty if only its SHA-256 is known.
    sha256
        The SHA-256 of a secret that is not known here, or None.
    """

    key_id: str
    secret: str
    sha256: bytes | None = None

    def __repr__(self) -> str:
        return f"<Credentials: {self.key_id}>"


class KeyChange(TypedDict, total=False):
    """What is to change of a key; what is left out stays as it is.

    Parameters
    ----------
    name
        Another name.
    workspace
        Id or name of another workspace; None makes it a key of the whole organization.
    expires_at
        When it is to expire (aware); None lets it never expire.
    """

    name: str
    workspace: str | None
    expires_at: datetime | None


def create_key(
    reader: AccessReader,
    new: Credentials,
    name: str,
    workspace_id: str | None,
    expires_at: datetime | None,
    now: datetime,
) -> list[Change[APIKey]]:
    """Create a key of a workspace or, if that is None, of the whole organization.

    Raises
    ------
    InvalidError
        The name, the secret or the expiry is not valid, or the name contains the secret.
    ConflictError
        A key, an admin key or a calendar has this secret, or a key in use has this name.
    """
    key = _new_key(reader, new, name, workspace_id, expires_at, now)
    named = reader.api_keys_named(name)
    check_name_is_free(key, named, now, replaced_keys(reader, named, now))
    return [Change(Action.CREATE, None, key)]


def change_key(reader: AccessReader, key: APIKey, change: KeyChange, now: datetime) -> list[Change[APIKey]]:
    """Set the fields of ``change`` on ``key``; one that has expired works again if it is given a later expiry.

    Raises
    ------
    InvalidError
        The name or the expiry is not valid.
    ConflictError
        The key or the workspace is archived, or another key in use has the name.
    DoesNotExistError
        There is no such workspace.
    """
    _check_not_archived(key)
    check_future(change.get("expires_at"), now)
    after = replace(
        key,
        name=change.get("name", key.name),
        workspace_id=_changed_workspace_id(reader, key, change),
        expires_at=change.get("expires_at", key.expires_at),
    )
    _check_change_of_name(reader, key, after, now)
    return change_of(Action.CHANGE, key, after)


def disable_key(key: APIKey) -> list[Change[APIKey]]:
    """Stop ``key`` from working until it is enabled again; ConflictError if it is archived."""
    return _set_status(Action.DISABLE, key, KeyStatus.DISABLED)


def enable_key(key: APIKey) -> list[Change[APIKey]]:
    """Let ``key`` work again if it is disabled; ConflictError if it is archived."""
    return _set_status(Action.ENABLE, key, KeyStatus.ACTIVE)


def archive_key(key: APIKey) -> list[Change[APIKey]]:
    """Stop ``key`` from working for ever; ConflictError if it is archived already."""
    return _set_status(Action.ARCHIVE, key, KeyStatus.ARCHIVED)


def rotate_key(
    reader: AccessReader, key: APIKey, new: Credentials, overlap: timedelta, now: datetime
) -> list[Change[APIKey]]:
    """Replace ``key`` by a new one of the same name, workspace and expiry.

    The first change ends the old key: at once, or after ``overlap`` unless it expires before; the second creates
    the new one.

    Raises
    ------
    InvalidError
        The overlap is negative.
    ConflictError
        The key is not active, or has expired.
    """
    if key.status is not KeyStatus.ACTIVE:
        raise ConflictError(f"{key.id} is {key.status}; only an active key can be rotated.")
    if key.is_expired(now):
        raise ConflictError(f"{key.id} has expired; create a new key instead.")
    end = end_of_overlap(key.expires_at, overlap, now)
    ended = replace(key, status=KeyStatus.ARCHIVED) if end is None else replace(key, expires_at=end)
    successor = _new_key(reader, new, key.name, key.workspace_id, key.expires_at, now)
    return [Change(Action.ROTATE, key, ended), Change(Action.CREATE, None, successor)]


def end_of_overlap(expires_at: datetime | None, overlap: timedelta, now: datetime) -> datetime | None:
    """Return until when a key that is rotated works on, at most until it expires; None if it stops at once.

    Raises
    ------
    InvalidError
        The overlap is negative.
    """
    if overlap < timedelta():
        raise InvalidError("The overlap must not be negative.", field="overlap_hours")
    if not overlap:
        return None
    return now + overlap if expires_at is None else min(now + overlap, expires_at)


def workspace_id_for(reader: AccessReader, name: str | None) -> str:
    """Return the id of the workspace that a key gets which names this one; None names the default one.

    Raises
    ------
    DoesNotExistError
        There is no such workspace.
    ConflictError
        It is archived.
    """
    if name is not None:
        with about("workspace"):
            workspace = find_workspace(reader, name)
            check_in_use(workspace)
        return workspace.id
    default = reader.default_workspace_id()
    if default is None:
        raise DoesNotExistError("There is no default workspace", hint=Hint.NAME_WORKSPACE, field="workspace")
    return default


def _new_key(
    reader: AccessReader,
    new: Credentials,
    name: str,
    workspace_id: str | None,
    expires_at: datetime | None,
    now: datetime,
) -> APIKey:
    check_future(expires_at, now)
    known = new.sha256 is None
    digest = fingerprint(check_secret(new.secret)) if new.sha256 is None else new.sha256
    check_not_of_another(reader, digest)
    if reader.key_with(digest) is not None:
        raise ConflictError(
            "There is a key with this secret already; a secret can belong to one key only.", field="secret"
        )
    key = APIKey(
        id=new.key_id,
        name=name,
        workspace_id=workspace_id,
        fingerprint=digest,
        hint=hint(new.secret) if known else "",
        expires_at=expires_at,
        created_at=now,
    )
    if known:
        check_not_in_name(new.secret, name)
    return key


def _changed_workspace_id(reader: AccessReader, key: APIKey, change: KeyChange) -> str | None:
    if "workspace" not in change:
        return key.workspace_id
    wanted = change["workspace"]
    return None if wanted is None else workspace_id_for(reader, wanted)


def _check_change_of_name(reader: AccessReader, before: APIKey, after: APIKey, now: datetime) -> None:
    """Refuse a change by which a key takes a name that another key holds."""
    named = reader.api_keys_named(after.name)
    replaced = replaced_keys(reader, [*named, before], now)
    held_it = before.name == after.name and holds_name(before, now, replaced)
    still_replaced = before.name == after.name and before.id in replaced and after.expires_at is not None
    if not held_it and not still_replaced:
        check_name_is_free(after, named, now, replaced)


def _set_status(action: Action, key: APIKey, status: KeyStatus) -> list[Change[APIKey]]:
    _check_not_archived(key)
    return change_of(action, key, replace(key, status=status))


def _check_not_archived(key: APIKey) -> None:
    if key.status is KeyStatus.ARCHIVED:
        raise ConflictError(f"{key.id} is archived; create a new key instead.")


def check_not_of_another(reader: AccessReader, digest: bytes) -> None:
    """Raise ConflictError if an admin key or a calendar, archived or not, has the secret with this SHA-256."""
    for kind, things in (("An admin key", reader.admin_keys()), ("A calendar", reader.calendars())):
        if any(each.fingerprint == digest for each in things):
            raise ConflictError(f"{kind} has this secret, which can list no models; make another secret.")


def check_future(expires_at: datetime | None, now: datetime) -> None:
    """Raise InvalidError if what is to expire then would have expired at ``now`` (both aware)."""
    if is_past(expires_at, now):
        raise InvalidError("expires_at must lie in the future.", field="expires_at")

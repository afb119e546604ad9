"""Workspaces and API keys: who may ask, and what they see."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.key_names import check_name_is_free, holds_name
from callsheet.domain.access.secret import (
    SECRET_BYTES,
    check_not_in_name,
    check_secret,
    fingerprint,
    hint,
    make_secret,
)
from callsheet.domain.access.visibility import SEES_ALL, Visibility, check_patterns
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.errors import ConflictError, DoesNotExistError, InvalidError
from callsheet.service.ids import make_id
from callsheet.service.key_details import KeyDetails, describe_key
from callsheet.service.key_import import Entry, Imported, import_keys
from callsheet.service.naming import find_key, find_workspace, replaced_keys
from callsheet.service.sight import Sight, look
from callsheet.storage.store import Store
from callsheet.storage.transactions.write import WriteTransaction


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, with its secret, which is shown this once, and the key that it replaces, if there is one."""

    key: APIKey
    secret: str
    replaced: APIKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """What is to change of a key; what is None stays as it is.

    Parameters
    ----------
    name
        Another name.
    workspace
        Id or name of another workspace.
    organization
        Make it a key of the whole organization.
    expires_at
        When it is to expire (aware).
    no_expiry
        Let it never expire.
    """

    name: str | None = None
    workspace: str | None = None
    organization: bool = False
    expires_at: datetime | None = None
    no_expiry: bool = False


class AccessService:
    """Workspaces and keys of one installation, as its operators change them.

    Parameters
    ----------
    store, actor, clock
        As for `CatalogService`.
    """

    def __init__(self, store: Store, actor: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._actor = actor
        self._clock = clock

    def create_workspace(
        self,
        name: str,
        workspace_id: str | None = None,
        visibility: Visibility = SEES_ALL,
        shape: Shape | None = None,
    ) -> Workspace:
        """Create a workspace."""
        with self._write() as writing:
            workspace = Workspace(
                id=workspace_id or make_id("wrkspc_"),
                name=name,
                visibility=visibility,
                shape=shape,
                created_at=writing.now,
            )
            if next(writing.workspaces([workspace.id]), None) is not None:
                raise ConflictError(f"There is a workspace {workspace.id} already.")
            return self._put_workspace(writing, "create", None, workspace)

    def list_workspaces(self) -> list[Workspace]:
        """Return all workspaces, oldest first, archived ones too."""
        with self._store.read() as reading:
            return sorted(reading.workspaces(), key=lambda workspace: (workspace.created_at, workspace.id))

    def show_workspace(self, name: str) -> Workspace:
        """Return the workspace with this id or name."""
        with self._store.read() as reading:
            return find_workspace(reading, name)

    def change_workspace(self, name: str, change: Callable[[Workspace], Workspace]) -> Workspace:
        """Set what ``change`` changes on a workspace."""
        with self._write() as writing:
            before = find_workspace(writing, name)
            _refuse_archived(before)
            return self._put_workspace(writing, "change", before, change(before))

    def archive_workspace(self, name: str) -> Workspace:
        """Archive a workspace; its keys stop working."""
        with self._write() as writing:
            before = find_workspace(writing, name)
            _refuse_archived(before)
            installation = writing.installation()
            if installation is not None and installation.default_workspace_id == before.id:
                raise ConflictError(f"{before.name} is the default workspace, which cannot be archived.")
            return self._put_workspace(writing, "archive", before, replace(before, archived_at=writing.now))

    def create_key(
        self,
        name: str,
        workspace: str | None = None,
        *,
        organization: bool = False,
        expires_at: datetime | None = None,
        secret: str | None = None,
    ) -> NewKey:
        """Create a key of a workspace (the default one if none is named) or of the whole organization.

        ``secret`` brings an existing one along, so that clients keep what they have. No two keys in use may have
        the same name.
        """
        with self._write() as writing:
            workspace_id = None if organization else self._workspace_id(writing, workspace)
            named = writing.api_keys_named(name)
            key = self._new_key(writing, name, workspace_id, expires_at, secret)
            check_name_is_free(key.key, named, writing.now, replaced_keys(writing, named, writing.now))
            return self._create(writing, key)

    def ensure_key(self, name: str) -> NewKey | None:
        """Create a key of the default workspace if there is none but archived ones; else return None."""
        with self._write() as writing:
            if any(key.status is not KeyStatus.ARCHIVED for key in writing.api_keys()):
                return None
            return self._create(
                writing, self._new_key(writing, name, self._workspace_id(writing, None), None, None)
            )

    def list_keys(self) -> list[APIKey]:
        """Return all keys, oldest first, archived ones too."""
        with self._store.read() as reading:
            return sorted(reading.api_keys(), key=lambda key: (key.created_at, key.id))

    def replaced_keys(self) -> set[str]:
        """Return the ids of the keys that were rotated and work on only for the overlap."""
        with self._store.read() as reading:
            return replaced_keys(reading, reading.api_keys(), self._clock())

    def show_key(self, name: str, *, in_order: bool = False) -> KeyDetails:
        """Return the key with this id or name, and what is known about it; ``in_order`` as for `look`."""
        with self._store.read() as reading:
            return describe_key(reading, name, self._clock(), in_order=in_order)

    def change_key(self, name: str, change: KeyChange) -> APIKey:
        """Set what ``change`` names on a key; one that has expired works again if it is given a later expiry."""
        with self._write() as writing:
            before = find_key(writing, name, writing.now)
            if before.status is KeyStatus.ARCHIVED:
                raise ConflictError(f"{before.id} is archived; create a new key instead.")
            _refuse_past(change.expires_at, writing.now)
            workspace_id = before.workspace_id
            if change.workspace is not None:
                workspace_id = self._workspace_id(writing, change.workspace)
            after = replace(
                before,
                name=before.name if change.name is None else change.name,
                workspace_id=None if change.organization else workspace_id,
                expires_at=None if change.no_expiry else change.expires_at or before.expires_at,
            )
            self._check_change_of_name(writing, before, after)
            return self._put_key(writing, "change", before, after)

    def import_keys(self, entries: Sequence[Entry], *, dry_run: bool = False) -> Imported:
        """Create a key for each of ``entries`` that is not there already; see `callsheet.service.key_import`."""
        return import_keys(self._store, entries, self._actor, self._clock, dry_run=dry_run)

    def sights(self, *rules: Visibility, in_order: bool = False) -> list[Sight]:
        """Return what each of ``rules`` lets its beholder see at present; see `look`."""
        with self._store.read() as reading:
            return look(reading, rules, in_order=in_order)

    def disable_key(self, name: str) -> APIKey:
        """Stop a key from working until it is enabled again."""
        return self._set_status("disable", name, KeyStatus.DISABLED)

    def enable_key(self, name: str) -> APIKey:
        """Let a disabled key work again."""
        return self._set_status("enable", name, KeyStatus.ACTIVE)

    def archive_key(self, name: str) -> APIKey:
        """Stop a key from working for ever."""
        return self._set_status("archive", name, KeyStatus.ARCHIVED)

    def rotate_key(self, name: str, overlap: timedelta = timedelta()) -> NewKey:
        """Replace a key by a new one of the same name and workspace; the old one works on for ``overlap``."""
        with self._write() as writing:
            old = find_key(writing, name, writing.now)
            if old.status is not KeyStatus.ACTIVE:
                raise ConflictError(f"{old.id} is {old.status}; only an active key can be rotated.")
            if old.is_expired(writing.now):
                raise ConflictError(f"{old.id} has expired; create a new key instead.")
            if overlap < timedelta():
                raise InvalidError("The overlap must not be negative.")
            if overlap:
                end = writing.now + overlap
                retired = replace(old, expires_at=end if old.expires_at is None else min(end, old.expires_at))
            else:
                retired = replace(old, status=KeyStatus.ARCHIVED)
            writing.put_key(retired)
            writing.record("rotate", "key", old.id, old.record(), retired.record())  # even if its end is as it was
            new = self._new_key(writing, old.name, old.workspace_id, old.expires_at, None)
            return replace(self._create(writing, new), replaced=retired)

    @contextmanager
    def _write(self) -> Iterator[WriteTransaction]:
        with self._store.write(self._actor, self._clock()) as writing:
            yield writing

    def _workspace_id(self, writing: WriteTransaction, name: str | None) -> str:
        if name is not None:
            workspace = find_workspace(writing, name)
            _refuse_archived(workspace)
            return workspace.id
        installation = writing.installation()
        if installation is None:
            raise DoesNotExistError("There is no default workspace; name one with --workspace.")
        return installation.default_workspace_id

    def _new_key(
        self,
        writing: WriteTransaction,
        name: str,
        workspace_id: str | None,
        expires_at: datetime | None,
        secret: str | None,
    ) -> NewKey:
        _refuse_past(expires_at, writing.now)
        secret = make_secret(secrets.token_bytes(SECRET_BYTES)) if secret is None else check_secret(secret)
        if writing.key_with(fingerprint(secret)) is not None:
            raise ConflictError("There is a key with this secret already; a secret can belong to one key only.")
        key = APIKey(
            id=make_id("apikey_"),
            name=name,
            workspace_id=workspace_id,
            fingerprint=fingerprint(secret),
            hint=hint(secret),
            expires_at=expires_at,
            created_at=writing.now,
        )
        check_not_in_name(secret, name)
        return NewKey(key, secret)

    def _create(self, writing: WriteTransaction, new: NewKey) -> NewKey:
        self._put_key(writing, "create", None, new.key)
        return new

    def _check_change_of_name(self, writing: WriteTransaction, before: APIKey, after: APIKey) -> None:
        """Refuse a change by which a key takes a name that another key holds."""
        named = writing.api_keys_named(after.name)
        replaced = replaced_keys(writing, [*named, before], writing.now)
        held_it = before.name == after.name and holds_name(before, writing.now, replaced)
        still_replaced = before.name == after.name and before.id in replaced and after.expires_at is not None
        if not held_it and not still_replaced:
            check_name_is_free(after, named, writing.now, replaced)

    def _set_status(self, action: str, name: str, status: KeyStatus) -> APIKey:
        with self._write() as writing:
            before = find_key(writing, name, writing.now)
            if before.status is KeyStatus.ARCHIVED:
                raise ConflictError(f"{before.id} is archived; create a new key instead.")
            return self._put_key(writing, action, before, replace(before, status=status))

    def _put_key(self, writing: WriteTransaction, action: str, before: APIKey | None, after: APIKey) -> APIKey:
        if after != before:
            writing.put_key(after)
            writing.record(action, "key", after.id, None if before is None else before.record(), after.record())
        return after

    def _put_workspace(
        self, writing: WriteTransaction, action: str, before: Workspace | None, after: Workspace
    ) -> Workspace:
        for other in writing.workspaces_named(after.name):
            if other.id != after.id and other.archived_at is None and after.archived_at is None:
                raise ConflictError(f"There is a workspace named {after.name!r} already: {other.id}.")
        if before is None or after.visibility != before.visibility:
            check_patterns(after.visibility)
        if after != before:
            writing.put_workspace(after)
            record = None if before is None else before.record()
            writing.record(action, "workspace", after.id, record, after.record())
        return after


def _refuse_archived(workspace: Workspace) -> None:
    if workspace.archived_at is not None:
        raise ConflictError(f"{workspace.id} is archived.")


def _refuse_past(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise InvalidError("expires_at must lie in the future.")

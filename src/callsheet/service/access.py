"""Workspaces and API keys: who may ask, and what they see."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from callsheet.domain.access import SEES_ALL, APIKey, KeyStatus, Shape, Visibility, Workspace
from callsheet.domain.errors import ConflictError, InvalidError, UnknownError
from callsheet.domain.secret import SECRET_BYTES, check_secret, fingerprint, hint, make_secret
from callsheet.service.ids import make_id
from callsheet.storage.reading import Reading
from callsheet.storage.store import Store
from callsheet.storage.writing import Writing


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, with its secret, which is shown this once."""

    key: APIKey
    secret: str


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
            return _find_workspace(reading, name)

    def change_workspace(self, name: str, change: Callable[[Workspace], Workspace]) -> Workspace:
        """Set what ``change`` changes on a workspace."""
        with self._write() as writing:
            before = _find_workspace(writing, name)
            _refuse_archived(before)
            return self._put_workspace(writing, "change", before, change(before))

    def archive_workspace(self, name: str) -> Workspace:
        """Archive a workspace; its keys stop working."""
        with self._write() as writing:
            before = _find_workspace(writing, name)
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

        ``secret`` brings an existing one along, so that clients keep what they have.
        """
        with self._write() as writing:
            workspace_id = None if organization else self._workspace_id(writing, workspace)
            return self._create(writing, name, workspace_id, expires_at, secret)

    def ensure_key(self, name: str) -> NewKey | None:
        """Create a key of the default workspace if there is none but archived ones; else return None."""
        with self._write() as writing:
            if any(key.status is not KeyStatus.ARCHIVED for key in writing.api_keys()):
                return None
            return self._create(writing, name, self._workspace_id(writing, None), None, None)

    def list_keys(self) -> list[APIKey]:
        """Return all keys, oldest first, archived ones too."""
        with self._store.read() as reading:
            return sorted(reading.api_keys(), key=lambda key: (key.created_at, key.id))

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
            old = _find_key(writing, name)
            if old.status is not KeyStatus.ACTIVE:
                raise ConflictError(f"{old.id} is {old.status}; only an active key can be rotated.")
            if old.expires_at is not None and old.expires_at <= writing.now:
                raise ConflictError(f"{old.id} has expired; create a new key instead.")
            if overlap < timedelta():
                raise InvalidError("The overlap must not be negative.")
            if overlap:
                end = writing.now + overlap
                retired = replace(old, expires_at=end if old.expires_at is None else min(end, old.expires_at))
            else:
                retired = replace(old, status=KeyStatus.ARCHIVED)
            self._put_key(writing, "rotate", old, retired)
            return self._create(writing, old.name, old.workspace_id, old.expires_at, None)

    @contextmanager
    def _write(self) -> Iterator[Writing]:
        with self._store.write(self._actor, self._clock()) as writing:
            yield writing

    def _workspace_id(self, writing: Writing, name: str | None) -> str:
        if name is not None:
            workspace = _find_workspace(writing, name)
            _refuse_archived(workspace)
            return workspace.id
        installation = writing.installation()
        if installation is None:
            raise UnknownError("There is no default workspace; name one with --workspace.")
        return installation.default_workspace_id

    def _create(
        self,
        writing: Writing,
        name: str,
        workspace_id: str | None,
        expires_at: datetime | None,
        secret: str | None,
    ) -> NewKey:
        if expires_at is not None and expires_at <= writing.now:
            raise InvalidError("expires_at must lie in the future.")
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
        self._put_key(writing, "create", None, key)
        return NewKey(key, secret)

    def _set_status(self, action: str, name: str, status: KeyStatus) -> APIKey:
        with self._write() as writing:
            before = _find_key(writing, name)
            if before.status is KeyStatus.ARCHIVED:
                raise ConflictError(f"{before.id} is archived; create a new key instead.")
            return self._put_key(writing, action, before, replace(before, status=status))

    def _put_key(self, writing: Writing, action: str, before: APIKey | None, after: APIKey) -> APIKey:
        if after != before:
            writing.put_key(after)
            writing.record(action, "key", after.id, None if before is None else before.record(), after.record())
        return after

    def _put_workspace(
        self, writing: Writing, action: str, before: Workspace | None, after: Workspace
    ) -> Workspace:
        for other in writing.workspaces_named(after.name):
            if other.id != after.id and other.archived_at is None and after.archived_at is None:
                raise ConflictError(f"There is a workspace named {after.name!r} already: {other.id}.")
        if after != before:
            writing.put_workspace(after)
            record = None if before is None else before.record()
            writing.record(action, "workspace", after.id, record, after.record())
        return after


def _refuse_archived(workspace: Workspace) -> None:
    if workspace.archived_at is not None:
        raise ConflictError(f"{workspace.id} is archived.")


def _find_workspace(reading: Reading, name: str) -> Workspace:
    found = next(reading.workspaces([name]), None)
    if found is not None:
        return found
    for workspace in reading.workspaces_named(name):
        if workspace.archived_at is None:
            return workspace
    raise UnknownError(f"There is no workspace {name!r}.")


def _find_key(reading: Reading, name: str) -> APIKey:
    """The key with this id, or the only one of this name that is not archived."""
    found = next(reading.api_keys([name]), None)
    if found is not None:
        return found
    named = [key for key in reading.api_keys() if key.name == name and key.status is not KeyStatus.ARCHIVED]
    if len(named) == 1:
        return named[0]
    if named:
        raise ConflictError(f"{len(named)} keys are named {name!r}; name one by its id.")
    raise UnknownError(f"There is no key {name!r}.")

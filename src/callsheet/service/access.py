"""Workspaces and API keys: who may ask, and what they see."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from callsheet.domain.access.key import EVERY_KEY, APIKey, KeyFilter, KeyStatus
from callsheet.domain.access.visibility import SEES_ALL, Visibility
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.catalog import Catalog
from callsheet.domain.changes import keys, workspaces
from callsheet.domain.changes.change import Change, result_of
from callsheet.domain.changes.key_import import Entry, Imported, import_keys
from callsheet.domain.changes.keys import Credentials, KeyChange
from callsheet.domain.changes.lookup import find_key, find_workspace, replaced_keys
from callsheet.domain.changes.workspaces import WorkspaceChange
from callsheet.service.ids import NewThings
from callsheet.service.key_details import KeyDetails, describe_key
from callsheet.service.sight import Sight, look
from callsheet.storage.store import Readings
from callsheet.storage.transactions.rehearse import RehearsalTransaction
from callsheet.storage.transactions.write import WriteTransaction

_Writing: TypeAlias = WriteTransaction | RehearsalTransaction


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, with its secret, which is shown this once, and the key that it replaces, if there is one.

    The secret is empty if only its SHA-256 was given.
    """

    key: APIKey
    secret: str = field(repr=False)
    replaced: APIKey | None = None


class ChangedWorkspace(NamedTuple):
    """A workspace that was to be changed: as it is now, and as it was."""

    workspace: Workspace
    before: Workspace


class AccessService:
    """Workspaces and keys of one installation, as its operators change them.

    Parameters
    ----------
    store, actor, clock
        As for `CatalogService`.
    new
        Gives ids and secrets.

    A method that raises has changed nothing. Each may also raise StorageError: the database cannot be used.
    """

    def __init__(
        self, store: Readings, actor: str, clock: Callable[[], datetime], new: NewThings | None = None
    ) -> None:
        self._store = store
        self._actor = actor
        self._clock = clock
        self._new = new or NewThings()

    def create_workspace(
        self,
        name: str,
        workspace_id: str | None = None,
        visibility: Visibility = SEES_ALL,
        shape: Shape | None = None,
        *,
        display_color: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Workspace:
        """Create a workspace; it gets a new id unless it brings one.

        Raises
        ------
        InvalidError
            A value is not valid; see `Workspace`.
        ConflictError
            There is a workspace with this id, or one in use with this name.
        """
        with self._write() as writing:
            workspace = Workspace(
                id=workspace_id or self._new.workspace_id(),
                name=name,
                visibility=visibility,
                shape=shape,
                created_at=writing.now,
                display_color=display_color,
                tags=tags or {},
            )
            writing.apply(workspaces.create_workspace(writing, workspace))
            return workspace

    def list_workspaces(self) -> list[Workspace]:
        """Return all workspaces, oldest first, archived ones too."""
        with self._store.read() as reading:
            return sorted(reading.workspaces(), key=lambda workspace: (workspace.created_at, workspace.id))

    def show_workspace(self, name: str) -> Workspace:
        """Return the workspace with this id or name.

        Raises
        ------
        DoesNotExistError
            There is none, or only archived ones have this name.
        """
        with self._store.read() as reading:
            return find_workspace(reading, name)

    def change_workspace(self, name: str, change: WorkspaceChange) -> ChangedWorkspace:
        """Set the fields of ``change`` on a workspace.

        Raises
        ------
        InvalidError, ConflictError
            As for `callsheet.domain.changes.workspaces.change_workspace`.
        DoesNotExistError
            There is no such workspace.
        """
        with self._write() as writing:
            before = find_workspace(writing, name)
            changes = workspaces.change_workspace(writing, before, change)
            writing.apply(changes)
            return ChangedWorkspace(result_of(changes, before), before)

    def archive_workspace(self, name: str) -> Workspace:
        """Archive a workspace; its keys stop working.

        Raises
        ------
        ConflictError
            It is archived already, or is the default workspace.
        DoesNotExistError
            There is no such workspace.
        """
        with self._write() as writing:
            before = find_workspace(writing, name)
            changes = workspaces.archive_workspace(writing, before, writing.now)
            writing.apply(changes)
            return result_of(changes, before)

    def create_key(
        self,
        name: str,
        workspace: str | None = None,
        *,
        organization: bool = False,
        expires_at: datetime | None = None,
        secret: str | None = None,
        secret_sha256: bytes | None = None,
    ) -> NewKey:
        """Create a key of a workspace (the default one if none is named) or of the whole organization.

        ``secret`` brings an existing one along, so that clients keep what they have; of ``secret_sha256`` only the
        SHA-256 of one.

        Raises
        ------
        InvalidError, ConflictError
            As for `callsheet.domain.changes.keys.create_key`; or the workspace is archived.
        DoesNotExistError
            There is no such workspace.
        """
        with self._write() as writing:
            workspace_id = None if organization else keys.workspace_id_for(writing, workspace)
            new = self._credentials(secret, secret_sha256)
            changes = keys.create_key(writing, new, name, workspace_id, expires_at, writing.now)
            writing.apply(changes)
            return NewKey(changes[0].value, new.secret)

    def ensure_key(self, name: str) -> NewKey | None:
        """Create a key of the default workspace if there is none but archived ones; else return None.

        Raises
        ------
        InvalidError, DoesNotExistError
            As for `create_key`.
        """
        with self._write() as writing:
            if any(key.status is not KeyStatus.ARCHIVED for key in writing.api_keys()):
                return None
            new = self._new.credentials()
            workspace_id = keys.workspace_id_for(writing, None)
            changes = keys.create_key(writing, new, name, workspace_id, None, writing.now)
            writing.apply(changes)
            return NewKey(changes[0].value, new.secret)

    def list_keys(self, wanted: KeyFilter = EVERY_KEY) -> list[APIKey]:
        """Return the keys that are wanted, oldest first, archived ones too; DoesNotExistError for the workspace."""
        now = self._clock()
        with self._store.read() as reading:
            workspace_id = None if wanted.workspace is None else find_workspace(reading, wanted.workspace).id
            keys = (key for key in reading.api_keys() if wanted.takes(key, workspace_id, now))
            return sorted(keys, key=lambda key: (key.created_at, key.id))

    def replaced_keys(self) -> set[str]:
        """Return the ids of the keys that were rotated and work on only for the overlap."""
        with self._store.read() as reading:
            return replaced_keys(reading, reading.api_keys(), self._clock())

    def show_key(
        self, name: str, *, in_order: bool = False, limit: int | None = None, known: Catalog | None = None
    ) -> KeyDetails:
        """Return the key with this id or name, and what is known about it; the rest as for `look`.

        Raises
        ------
        DoesNotExistError, ConflictError
            As for `find_key`.
        """
        with self._store.read() as reading:
            return describe_key(reading, name, self._clock(), in_order=in_order, limit=limit, known=known)

    def change_key(self, name: str, change: KeyChange) -> APIKey:
        """Set the fields of ``change`` on a key; one that has expired works again if it is given a later expiry.

        Raises
        ------
        InvalidError, ConflictError, DoesNotExistError
            As for `callsheet.domain.changes.keys.change_key` and `find_key`.
        """
        return self._edit_key(name, lambda writing, key: keys.change_key(writing, key, change, writing.now))

    def import_keys(self, entries: Sequence[Entry]) -> Imported:
        """Create a key for each of ``entries`` that is not there already, in one revision.

        Raises
        ------
        RefusedError
            One of them cannot be created; then none is. See `callsheet.domain.changes.key_import.import_keys`.
        """
        with self._write() as writing:
            imported = import_keys(writing, entries, writing.now, self._new.key_id)
            writing.apply(imported.changes)
            return imported

    def sights(
        self,
        *rules: Visibility,
        in_order: bool = False,
        limit: int | None = None,
        known: Catalog | None = None,
    ) -> list[Sight]:
        """Return what each of ``rules`` lets a workspace see at present; see `look`."""
        with self._store.read() as reading:
            return look(reading, rules, in_order=in_order, limit=limit, known=known)

    def disable_key(self, name: str) -> APIKey:
        """Stop a key from working until it is enabled again.

        Raises
        ------
        DoesNotExistError, ConflictError
            As for `find_key`; or it is archived.
        """
        return self._edit_key(name, lambda _writing, key: keys.disable_key(key))

    def enable_key(self, name: str) -> APIKey:
        """Let a disabled key work again.

        Raises
        ------
        DoesNotExistError, ConflictError
            As for `find_key`; or it is archived.
        """
        return self._edit_key(name, lambda _writing, key: keys.enable_key(key))

    def archive_key(self, name: str) -> APIKey:
        """Stop a key from working for ever.

        Raises
        ------
        DoesNotExistError, ConflictError
            As for `find_key`; or it is archived already.
        """
        return self._edit_key(name, lambda _writing, key: keys.archive_key(key))

    def rotate_key(
        self, name: str, overlap: timedelta = timedelta(), *, secret_sha256: bytes | None = None
    ) -> NewKey:
        """Replace a key by a new one of the same name and workspace; the old one works on for ``overlap``.

        ``secret_sha256`` is that of the new secret, if the caller has made one.

        Raises
        ------
        InvalidError, ConflictError, DoesNotExistError
            As for `callsheet.domain.changes.keys.rotate_key` and `find_key`.
        """
        with self._write() as writing:
            old = find_key(writing, name, writing.now)
            new = self._credentials(None, secret_sha256)
            changes = keys.rotate_key(writing, old, new, overlap, writing.now)
            writing.apply(changes)
            ended, created = (change.value for change in changes)
            return NewKey(created, new.secret, ended)

    def _credentials(self, secret: str | None, sha256: bytes | None) -> Credentials:
        """The id and the secret of a new key."""
        if sha256 is None:
            return self._new.credentials(secret)
        return Credentials(self._new.key_id(), "", sha256)

    def _write(self) -> AbstractContextManager[_Writing]:
        return self._store.write(self._actor, self._clock())

    def _edit_key(self, name: str, decide: Callable[[_Writing, APIKey], Sequence[Change[APIKey]]]) -> APIKey:
        with self._write() as writing:
            before = find_key(writing, name, writing.now)
            changes = decide(writing, before)
            writing.apply(changes)
            return result_of(changes, before)

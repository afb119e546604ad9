"""Admin keys: who may administer by program, as operators change them on the host."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from callsheet.domain.access.admin_key import AdminKey, Scope
from callsheet.domain.changes import admin_keys
from callsheet.domain.changes.admin_keys import find_admin_key
from callsheet.domain.changes.change import Change, result_of
from callsheet.service.ids import NewThings
from callsheet.storage.store import Transactions
from callsheet.storage.transactions.rehearse import RehearsalTransaction
from callsheet.storage.transactions.write import WriteTransaction

_Writing: TypeAlias = WriteTransaction | RehearsalTransaction


@dataclass(frozen=True, slots=True)
class NewAdminKey:
    """An admin key just made, with its secret, which is shown this once, and the one that it replaces."""

    key: AdminKey
    secret: str = field(repr=False)
    replaced: AdminKey | None = None


class AdminKeyService:
    """The admin keys of one installation.

    Parameters
    ----------
    store, actor, clock, new
        As for `AccessService`.

    A method that raises has changed nothing. Each may also raise StorageError: the database cannot be used.
    """

    def __init__(
        self, store: Transactions, actor: str, clock: Callable[[], datetime], new: NewThings | None = None
    ) -> None:
        self._store = store
        self._actor = actor
        self._clock = clock
        self._new = new or NewThings()

    def create(self, name: str, scopes: Sequence[Scope], expires_at: datetime | None = None) -> NewAdminKey:
        """Create an admin key; errors as for `callsheet.domain.changes.admin_keys.create_admin_key`."""
        with self._write() as writing:
            new = self._new.admin_credentials()
            changes = admin_keys.create_admin_key(writing, new, name, scopes, expires_at, writing.now)
            writing.apply(changes)
            return NewAdminKey(changes[0].value, new.secret)

    def list(self) -> Sequence[AdminKey]:
        """Return all admin keys, oldest first, archived ones too."""
        with self._store.read() as reading:
            return reading.admin_keys()

    def show(self, name: str) -> AdminKey:
        """Return the admin key with this id or name; DoesNotExistError if there is none."""
        with self._store.read() as reading:
            return find_admin_key(reading, name, self._clock())

    def disable(self, name: str) -> AdminKey:
        """Stop an admin key from working until it is enabled again; errors as for `archive`."""
        return self._edit(name, admin_keys.disable_admin_key)

    def enable(self, name: str) -> AdminKey:
        """Let a disabled admin key work again; errors as for `archive`."""
        return self._edit(name, admin_keys.enable_admin_key)

    def archive(self, name: str) -> AdminKey:
        """Stop an admin key from working for ever.

        Raises
        ------
        DoesNotExistError
            There is none with this id or name.
        ConflictError
            It is archived already.
        """
        return self._edit(name, admin_keys.archive_admin_key)

    def rotate(self, name: str, overlap: timedelta = timedelta()) -> NewAdminKey:
        """Replace an admin key by a new one of the same name and scopes; the old one works on for ``overlap``.

        Raises
        ------
        DoesNotExistError, ConflictError, InvalidError
            As for `archive`, and as for `callsheet.domain.changes.admin_keys.rotate_admin_key`.
        """
        with self._write() as writing:
            old = find_admin_key(writing, name, writing.now)
            new = self._new.admin_credentials()
            changes = admin_keys.rotate_admin_key(old, new, overlap, writing.now)
            writing.apply(changes)
            ended, created = (change.value for change in changes)
            return NewAdminKey(created, new.secret, ended)

    def _write(self) -> AbstractContextManager[_Writing]:
        return self._store.write(self._actor, self._clock())

    def _edit(self, name: str, decide: Callable[[AdminKey], Sequence[Change[AdminKey]]]) -> AdminKey:
        with self._write() as writing:
            before = find_admin_key(writing, name, writing.now)
            changes = decide(before)
            writing.apply(changes)
            return result_of(changes, before)

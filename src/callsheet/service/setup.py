"""Set-up: give an empty database what it needs before it can be served."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.change import Action, Change
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.errors import DoesNotExistError, StorageUnavailableError
from callsheet.domain.hints import Hint
from callsheet.service.ids import make_id
from callsheet.service.renewal import ACTOR, claim_builtin
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.write import WriteTransaction

if TYPE_CHECKING:
    from callsheet.service.state.file import StateFile  # slow to import, and only a server has one

DEFAULT_WORKSPACE: Final = "default"


def open_existing(url: str) -> Store:
    """Return the database at ``url``. Creates nothing.

    Raises
    ------
    DoesNotExistError
        There is none.
    StorageError
        It is not fit for use.
    """
    store = Store(url)
    if not store.is_ready():
        raise DoesNotExistError(f"There is no database at {store.display_name}", hint=Hint.CREATE_DATABASE)
    with store.ensure_writable() as reading:
        if not _is_set_up(store, reading):
            raise store.database.not_set_up()
    return store


def open_store(url: str, clock: Callable[[], datetime]) -> Store:
    """Return the database at ``url``, set up; it is created if there is none.

    Raises
    ------
    StorageError
        As for `set_up`.
    """
    store = Store(url)
    set_up(store, clock)
    return store


def set_up(
    store: Store,
    clock: Callable[[], datetime],
    state_file: "StateFile | None" = None,
    builtin: BuiltinMode = BuiltinMode.LIST,
) -> None:
    """Make ``store`` ready for use: an empty database gets schema, catalogue and workspace.

    What the built-in facts are for, ``builtin``, counts only then.

    If a State was ever saved in ``state_file``, an empty database has been lost, or is not mounted: setting up
    another would make every existing key useless.

    Raises
    ------
    StorageUnavailableError
        The database is out of reach, or has been lost.
    StorageError
        It is not fit for use; it was not changed.
    """
    if state_file is not None and state_file.was_written() and store.is_empty():
        raise StorageUnavailableError(
            f"The database {store.display_name} is missing or empty, but {state_file.path} holds what was served "
            "before; restore the database, or remove that file to start from scratch."
        )
    store.prepare()
    with store.read() as reading:
        installed = _is_set_up(store, reading)
    if not installed:
        with store.write(ACTOR, clock()) as writing:
            if writing.installation() is None:  # no other process was faster
                _install(writing, builtin)


def _is_set_up(store: Store, reading: ReadTransaction) -> bool:
    """Whether there is an installation; CorruptDatabaseError if its row has been lost."""
    if reading.installation() is not None:
        return True
    if reading.is_bare():
        return False
    raise store.database.ownerless()


def migrate_store(url: str, clock: Callable[[], datetime]) -> tuple[str | None, str]:
    """Bring the database at ``url`` to this program's schema; return the revisions before and after.

    Raises
    ------
    StorageError
        The database is not fit for use; it was not changed.
    """
    revisions = Store(url).migrate()
    open_store(url, clock)
    return revisions


def _install(writing: WriteTransaction, builtin: BuiltinMode) -> None:
    workspace = Workspace(id=make_id("wrkspc_"), name=DEFAULT_WORKSPACE, created_at=writing.now)
    writing.create_installation(str(uuid.uuid4()), workspace.id, builtin)
    claim_builtin(writing, [Change(Action.CREATE, None, workspace)], builtin)

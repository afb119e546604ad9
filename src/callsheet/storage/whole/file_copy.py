"""Copies of a SQLite database, page by page, in a file that needs no other file beside it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, cast
from urllib.parse import quote

from sqlalchemy import select

from callsheet.domain.errors import CorruptDatabaseError, StorageError
from callsheet.storage import schema, tables
from callsheet.storage.atomic_file import beside, give_name
from callsheet.storage.store import Store
from callsheet.storage.whole.transfer import Progress

_PAGE_BATCH_SIZE: Final = 1000  # pages copied between two reports of progress


def store_in(file: Path, shown_as: Path | None = None) -> Store:
    """Return the store in a file, whatever its name; messages call it ``shown_as``."""
    url = f"sqlite:///file:{quote(str(file.absolute()))}?uri=true"
    return Store(url, None if shown_as is None else str(shown_as))


def file_of(store: Store) -> Path | None:
    """Return the file a store is in, with links resolved; None if it is not in a file."""
    file = store.database.file
    return Path(os.path.realpath(file)) if file is not None and file.is_symlink() else file


def is_in(store: Store, file: Path) -> bool:
    """Return whether ``file`` is the store's own, by whatever name, or one that SQLite keeps beside it."""
    path = file_of(store)
    for own in () if path is None else (path, *beside(path)):
        if own.resolve() == file.resolve():
            return True
        with suppress(OSError):  # one of them is not there
            if own.samefile(file):
                return True
    return False


def copy_pages(store: Store, file: Path, progress: Progress) -> None:
    """Copy a snapshot of a store in a file to another ``file``; other processes may go on writing to the store.

    Raises
    ------
    StorageError
        The store cannot be read, or the file cannot be written.
    """

    def report(_status: int, remaining: int, total: int) -> None:
        progress("copying pages", total - remaining, total)

    with store.database.snapshot_connection() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")  # which begins the snapshot
        raw = cast("sqlite3.Connection", connection.connection.dbapi_connection)
        with _translating_errors(), closing(sqlite3.connect(file)) as target:
            raw.backup(target, pages=_PAGE_BATCH_SIZE, progress=report)


def seal(file: Path) -> bool:
    """Make a database independent of any file beside it; return whether it is undamaged."""
    with _translating_errors(), closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")


def revision_in(file: Path) -> int | None:
    """Return the revision of the content of a file, whatever its schema; None if it has not been set up."""
    with store_in(file).database.transaction(writes=False) as connection:
        return connection.execute(select(tables.installation.c.revision)).scalar()


def page_faults(store: Store) -> list[str]:
    """Return what SQLite finds wrong with the pages of a store in a file; PostgreSQL has its own programs."""
    database = store.database
    if database.file is None:
        return []
    with database.snapshot_connection() as connection:
        found = connection.exec_driver_sql("PRAGMA integrity_check").scalars()
        return [str(fault) for fault in found if fault != "ok"]


def is_damaged(store: Store) -> bool:
    """Return whether a store in a file is corrupt, as far as SQLite can tell."""
    database = store.database
    if database.file is None or not database.file.exists() or not database.file.stat().st_size:
        return False
    try:
        with database.snapshot_connection() as connection:
            if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
                return True
            present = database.table_names(connection)
        return database.revision() == schema.HEAD and not tables.metadata.tables.keys() <= present
    except CorruptDatabaseError:
        return True


def exchange(file: Path, fresh: Path, kept: Path) -> None:
    """Rename the database ``file`` to ``kept``, with what SQLite keeps beside it, and ``fresh`` to ``file``.

    Raises
    ------
    StorageError
        The files cannot be renamed.
    """
    try:
        for each, other in (*zip(beside(file), beside(kept), strict=True), (file, kept)):
            if each.exists():
                each.rename(other)
    except OSError as error:
        raise StorageError(f"{file} cannot be renamed: {error.strerror}; move it away yourself.") from error
    give_name(fresh, file)


@contextmanager
def _translating_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StorageError(f"The copy cannot be written: {error}.") from error

"""`Database` for SQLite: one file in WAL mode."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, text

from callsheet.domain.errors import DatabaseReplacedError, StorageError, StorageUnavailableError
from callsheet.domain.hints import Hint
from callsheet.storage import database
from callsheet.storage.database import Database, milliseconds
from callsheet.storage.file_status import is_folder
from callsheet.storage.sqlite.connection import QUERY_ONLY, driver_connection, make_engine, use_wal
from callsheet.storage.sqlite.errors import READ_ONLY, explain
from callsheet.storage.sqlite.files import Files, create, file_identity, name_of
from callsheet.storage.sqlite.url import check_url, mode_of, path_of
from callsheet.storage.sqlite.wal import WalGuard
from callsheet.storage.sqlite.watch import SQLiteWatch

#: Marks a file as ours: "Call" in ASCII.
APPLICATION_ID: Final = 0x43616C6C

#: Larger files take too long to read whole at every start.
_MAX_CHECKED_BYTES: Final = 16 * 2**20

#: The triggers without which change records could be edited.
_GUARDS: Final = {"changes_no_update", "changes_no_delete"}


class SQLite(Database):
    """A SQLite file in WAL mode.

    Parameters
    ----------
    url
        ``sqlite:////path/to/callsheet.db``; with ``?mode=ro``, every write is refused.
    display_name
        What people call it; by default, the path.

    Raises
    ------
    StorageError
        The URL names no file, or more than a file.
    """

    driver_error = sqlite3.Error
    file: Path

    def __init__(self, url: URL, display_name: str | None = None) -> None:
        check_url(url)
        self._url = url
        self.file = path_of(url)
        self.display_name = display_name or str(self.file)
        self.engine = make_engine(url, self.file, {"mode": mode_of(url)})
        self._wal = WalGuard(self.file, self.display_name)

    @property
    def canonical_address(self) -> str:
        """The absolute path, with links resolved."""
        return os.path.realpath(self.file)

    @contextmanager
    def transaction(self, *, writes: bool) -> Iterator[Connection]:
        """Yield a connection in a transaction; see `Database`. The files are examined before SQLite opens them."""
        with self.translating_errors():
            self._wal.refuse_unfit()
        with super().transaction(writes=writes) as connection:
            yield connection

    def begin(self, connection: Connection, *, writes: bool) -> None:
        """Begin a transaction; one that writes takes SQLite's only write lock at once."""
        raw = driver_connection(connection)
        raw.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        if writes and raw.files.wal is None:  # another process may have switched the file to WAL mode
            raw.find_files()

    def commit(self, connection: Connection) -> None:
        """Commit, and check that the change went into the files that other processes open by these names."""
        super().commit(connection)
        try:
            ending = Files.of(self.file).replaced(driver_connection(connection).files)
        except FileNotFoundError:
            ending = ""
        if ending is not None:
            raise DatabaseReplacedError(
                f"The file {name_of(self.file, ending)} was replaced or removed while a change was being made; "
                "look whether it was made before you make it again."
            )

    def revision(self) -> str | None:
        """Return the schema's revision; the file is examined before SQLite opens it."""
        with self.translating_errors():
            if is_folder(self.file):
                raise StorageError(f"The database {self.file} is a folder", hint=Hint.NAME_DATABASE_FILE)
            if not self._wal.has_database():
                self._refuse_missing_folder()
                return None
        with self.snapshot_connection() as connection:
            revision = self._revision(connection)
            if revision is not None and self.file.stat().st_size <= _MAX_CHECKED_BYTES:
                self._check_pages(connection)
            return revision

    def refuse_read_only(self) -> None:
        """Raise StorageError if the URL, the file or its folder allows only reading."""
        if self._is_read_only():
            raise READ_ONLY.error(self.display_name)

    @contextmanager
    def snapshot_connection(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that changes nothing, and leaves no file beside the database."""
        options = self._snapshot_options()
        engine = make_engine(self._url, self.file, options, QUERY_ONLY)
        alone = self._unchanged() if "immutable" in options else nullcontext()
        with self.translating_errors(), alone, engine.connect() as connection, connection.begin():
            self.begin(connection, writes=False)
            yield connection

    @contextmanager
    def migration(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that makes tables, in a file that is created if there is none."""
        with self.translating_errors():
            create(self.file)
        timeout = f"PRAGMA busy_timeout = {milliseconds(database.MIGRATION_TIMEOUT_SECONDS)}"
        engine = make_engine(self._url, self.file, {"mode": mode_of(self._url)}, timeout)
        with self.translating_errors():
            use_wal(engine)  # first: a program killed in between has then made nothing that looks finished
        with self.translating_errors(), engine.connect() as connection, connection.begin():
            self.begin(connection, writes=True)
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
            yield connection

    def identity(self, connection: Connection) -> object:  # noqa: ARG002  # a file needs no query
        """Return the device and inode of the file."""
        return file_identity(self.file)

    def extend_timeouts(self, connection: Connection) -> None:
        """No-op: SQLite has no statement time-out."""

    def is_append_only(self, connection: Connection) -> bool:
        """Return whether the append-only triggers are there."""
        return {name for name, _ in _triggers(connection)} >= _GUARDS

    @contextmanager
    def without_append_only_triggers(self, connection: Connection) -> Iterator[None]:
        """Drop the triggers, and create them again as they were."""
        found = _triggers(connection)
        for name, _ in found:
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        yield
        for _, sql in found:
            connection.exec_driver_sql(sql)

    def continue_numbers(self, connection: Connection, last: int) -> None:
        """No-op: SQLite's next number is always above the highest."""

    def announce(self, connection: Connection, revision: int) -> None:
        """No-op: watches poll SQLite."""

    def table_names(self, connection: Connection) -> set[str]:
        """Return the names of the tables."""
        return set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars())

    def apply_lasting_settings(self) -> None:
        """Switch the file to WAL mode; a backup that was put in place by hand is not in it."""
        with self.translating_errors():
            with self.engine.connect() as connection:
                (mode,) = driver_connection(connection).execute("PRAGMA journal_mode").fetchone()
            if mode != "wal":
                use_wal(self.engine)

    def remove_side_files(self) -> None:
        """Move the content of the -wal into the database and remove it, unless another process uses it."""
        if not self._is_read_only():
            with self.transaction(writes=False) as connection:
                connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")

    def watch(self) -> SQLiteWatch:
        """Return a watch that polls the file for changes."""
        engine = make_engine(self._url, self.file, {"mode": "ro"}, QUERY_ONLY)
        return SQLiteWatch(self, self.file, engine, self._wal)

    def explain(self, error: BaseException) -> StorageError:
        """Return what SQLite or the system said as a sentence for people."""
        return explain(self.display_name, error)

    def _refuse_missing_folder(self) -> None:
        folder = self.file.parent
        if not is_folder(folder):
            raise StorageError(f"The folder {folder} does not exist; create it, or name another database.")

    def _is_read_only(self) -> bool:
        if mode_of(self._url) == "ro":
            return True
        needed = (self.file, self.file.parent)  # SQLite keeps other files beside it
        return os.access(self.file, os.F_OK) and not all(os.access(each, os.W_OK) for each in needed)

    def _snapshot_options(self) -> dict[str, str]:
        """How to open the file so that SQLite leaves no other file behind.

        Only a connection that may write removes its -wal and -shm; but where they are there already, it would
        also move into the file what another process left in them. Where nothing may be written, they cannot be
        created; then the file is read without them.
        """
        if Path(name_of(self.file, "-wal")).exists():
            return {"mode": "ro"}
        return {"mode": "ro", "immutable": "1"} if self._is_read_only() else {"mode": "rw"}

    @contextmanager
    def _unchanged(self) -> Iterator[None]:
        """Raise StorageUnavailableError if the file was written to meanwhile, as it is read without a lock."""
        before = self.file.stat()
        try:
            yield
        finally:
            if self.file.stat().st_mtime_ns != before.st_mtime_ns:
                raise StorageUnavailableError(
                    f"The database {self.display_name} was written to meanwhile; try again in a moment."
                )

    def _revision(self, connection: Connection) -> str | None:
        tables = self.table_names(connection)
        owner = connection.execute(text("PRAGMA application_id")).scalar_one()
        if not tables and owner in (0, APPLICATION_ID):
            return None
        if owner != APPLICATION_ID or "alembic_version" not in tables:
            raise self.foreign()
        return self.recorded_revision(connection)

    def _check_pages(self, connection: Connection) -> None:
        if connection.execute(text("PRAGMA integrity_check(1)")).scalar() != "ok":
            raise self.damaged()


def _triggers(connection: Connection) -> list[tuple[str, str]]:
    """Name and text of each trigger that guards the change records."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'changes'"
    return [(name, sql) for name, sql in connection.exec_driver_sql(query)]

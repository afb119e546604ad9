"""SQLite: one file, and what of it is not as in any other database."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, text

from callsheet.domain.errors import (
    CorruptDatabaseError,
    DatabaseReplacedError,
    StorageError,
    StorageUnavailableError,
)
from callsheet.domain.hints import Hint
from callsheet.storage import database
from callsheet.storage.database import Database
from callsheet.storage.sqlite.errors import READ_ONLY, explain
from callsheet.storage.sqlite.files import Files, file_identity, names_of, uses_wal
from callsheet.storage.sqlite.watch import SQLiteWatch

#: Marks a file as ours: "Call" in ASCII.
APPLICATION_ID: Final = 0x43616C6C

#: Larger files take too long to read whole at every start.
_CHECKED_BYTES: Final = 16 * 2**20

#: The triggers without which change records could be edited.
_GUARDS: Final = {"changes_no_update", "changes_no_delete"}

#: Under which name a connection carries the files that it opened.
_OPENED: Final = "callsheet files"


class SQLite(Database):
    """A SQLite file in WAL mode.

    Parameters
    ----------
    url
        ``sqlite:////path/to/callsheet.db``; with ``?mode=ro``, it is refused wherever it would be written.

    Raises
    ------
    StorageError
        The URL names no file, or more than a file.
    """

    driver_error = sqlite3.Error

    def __init__(self, url: URL) -> None:
        _check(url)
        self.url = url
        self.path = _path(url)
        self.place = str(self.path)
        self.engine = self._make_engine({"mode": self._mode})
        self.reading_engine = self._make_engine({"mode": "ro"}, "PRAGMA query_only = ON")
        """Opens connections that change no file, not even when they are closed."""
        self.watched: Files | None = None
        """The files as they were last watched."""
        self._overwritten: Files | None = None

    @property
    def address(self) -> str:
        """The path from the root, past links."""
        return os.path.realpath(self.path)

    def begin(self, connection: Connection, *, writes: bool) -> None:
        """Begin: SQLite lets one in at a time that says at once it will write."""
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
        if writes:
            connection.info[_OPENED] = Files.of(self.path)

    def commit(self, connection: Connection) -> None:
        """Commit, and see that it went into the files that others open by these names."""
        super().commit(connection)
        try:
            ending = Files.of(self.path).replaced(connection.info[_OPENED])
        except FileNotFoundError:
            ending = ""
        if ending is not None:
            raise DatabaseReplacedError(
                f"The file {self.name_of(ending)} was replaced or removed while a change was being made; "
                "look whether it was made before you make it again."
            )

    def revision(self) -> str | None:
        """Return the schema's revision, having looked at the file before SQLite does, and then inside."""
        path = self.path
        with self.explained():
            if path.is_dir():
                raise StorageError(f"The database {path} is a folder", hint=Hint.NAME_DATABASE_FILE)
            if not path.exists() or path.stat().st_size == 0:
                if self.has_wal():  # SQLite would remove it
                    raise StorageUnavailableError(
                        f"The database {path} is missing or empty, but {self.name_of('-wal')} holds changes to it; "
                        f"put the database back, or remove {self.name_of('-wal')} to lose them."
                    )
                if not path.parent.is_dir():
                    raise StorageError(
                        f"The folder {path.parent} does not exist; create it, or name another database."
                    )
                return None
            if self.has_wal() and not uses_wal(path):
                raise self._strange_wal()
        with self.looking() as connection:
            revision = self._revision(connection)
            if revision is not None and path.stat().st_size <= _CHECKED_BYTES:
                self._check_pages(connection)
            return revision

    def refuse_read_only(self) -> None:
        """Raise StorageError where the URL, the file or its folder can only be read."""
        if self._is_read_only():
            raise READ_ONLY.error(self.place)

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that changes nothing, and leaves nothing beside the file."""
        options = self._looking_options()
        engine = self._make_engine(options, "PRAGMA query_only = ON")
        alone = self._unchanged() if "immutable" in options else nullcontext()
        with self.explained(), alone, engine.connect() as connection, connection.begin():
            self.begin(connection, writes=False)
            yield connection

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that makes tables, in a file that is made if there is none."""
        with self.explained():  # it will hold who may ask; SQLite's other files take its mode over
            self.path.touch(mode=0o600)
        engine = self._make_engine({"mode": self._mode}, f"PRAGMA busy_timeout = {database.MIGRATION_TIMEOUT}")
        with self.explained():
            _use_wal(engine)  # first: a program killed in between has then made nothing that looks finished
        with self.explained(), engine.connect() as connection, connection.begin():
            self.begin(connection, writes=True)
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
            yield connection

    def identity(self, connection: Connection) -> object:  # noqa: ARG002  # a file needs no asking
        """Return which file it is."""
        return file_identity(self.path)

    def unhurried(self, connection: Connection) -> None:
        """Nothing: SQLite hurries nobody."""

    def is_protected(self, connection: Connection) -> bool:
        """Return whether its triggers are there."""
        return {name for name, _ in _triggers(connection)} >= _GUARDS

    @contextmanager
    def unprotected(self, connection: Connection) -> Iterator[None]:
        """Take the triggers away, and put them back as they were."""
        found = _triggers(connection)
        for name, _ in found:
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        yield
        for _, sql in found:
            connection.exec_driver_sql(sql)

    def continue_numbers(self, connection: Connection, last: int) -> None:
        """Nothing: the next number is always above the highest."""

    def announce(self, connection: Connection, revision: int) -> None:
        """Nothing: whoever watches asks SQLite."""

    def table_names(self, connection: Connection) -> set[str]:
        """Return the names of the tables."""
        return set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars())

    def settle(self) -> None:
        """Let readers go on while another process writes; a backup that was put in place by hand does not."""
        with self.explained():
            with self.engine.connect() as connection:
                mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
            if mode != "wal":
                _use_wal(self.engine)

    def tidy(self) -> None:
        """Bring what is in the -wal into the file and remove it, unless another process uses it."""
        if not self._is_read_only():
            with self.transaction(writes=False) as connection:
                connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")

    def refuse_strange_wal(self, files: Files) -> None:
        """Raise StorageError if the -wal is the one that was watched beside another file of this name.

        SQLite takes it for a part of whatever file it is beside, and mixes the two. An empty -wal is a new one: the
        file system may have given it the number of one that was removed.
        """
        past = self.watched
        both_hold_changes = past is not None and past.holds_changes and files.holds_changes
        if past is not None and both_hold_changes and past.wal == files.wal and past.main != files.main:
            raise self._strange_wal()
        past = self._overwritten
        if past is not None and (past.main, past.wal) == (files.main, files.wal):
            raise self.overwritten(files)
        self._overwritten = None

    def overwritten(self, files: Files) -> StorageError:
        """Note that the database was written to past SQLite, which may now mix it with the -wal; return why."""
        self._overwritten = files
        return CorruptDatabaseError(
            f"The database {self.place} was overwritten while it was in use, and may hold parts of two databases",
            hint=Hint.RESTORE_OVERWRITTEN,
        )

    def watch(self) -> SQLiteWatch:
        """Return what notices changes of the file."""
        return SQLiteWatch(self)

    def explain(self, error: BaseException) -> StorageError:
        """Return what SQLite or the system said as a sentence for people."""
        return explain(self.place, error)

    def has_wal(self) -> bool:
        """Return whether there is a -wal that holds anything."""
        wal = Path(self.name_of("-wal"))
        return wal.exists() and wal.stat().st_size > 0

    def name_of(self, ending: str) -> str:
        """Return the name of the file of this database with such an ending; without one, that of the database."""
        main, wal, shm = names_of(self.path)
        return {"-wal": wal, "-shm": shm}.get(ending, main)

    def _strange_wal(self) -> StorageError:
        wal, shm = self.name_of("-wal"), self.name_of("-shm")
        return CorruptDatabaseError(
            f"The file {wal} does not belong to the database {self.place}, which was put there by hand; "
            f"remove {wal} and {shm}, or put back the database that was there before."
        )

    @property
    def _mode(self) -> str:
        """What the URL says; else a file is never made by opening it."""
        return str(self.url.query.get("mode", "rw"))

    def _is_read_only(self) -> bool:
        if self._mode == "ro":
            return True
        needed = (self.path, self.path.parent)  # beside the file, SQLite keeps others
        return os.access(self.path, os.F_OK) and not all(os.access(each, os.W_OK) for each in needed)

    def _make_engine(self, options: dict[str, str], *first: str) -> Engine:
        """An engine that opens the file with SQLite's ``options``, and begins with the statements ``first``."""
        name = f"file:{quote(str(self.path))}"
        uri = self.url.set(database=name).update_query_dict({**options, "uri": "true"})
        engine = create_engine(uri, poolclass=NullPool)

        @event.listens_for(engine, "connect")
        def _connect(connection: sqlite3.Connection, _record: object) -> None:
            connection.isolation_level = None  # transactions begin where `begin` says, DDL included
            connection.execute(f"PRAGMA busy_timeout = {database.BUSY_TIMEOUT}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a power cut
            for statement in first:
                connection.execute(statement)

        return engine

    def _looking_options(self) -> dict[str, str]:
        """How to open the file so that SQLite tidies up behind itself.

        Only a connection that may write takes its -wal and -shm away; but where they are there already, it would
        also bring into the file what another process left in them. Where nothing may be written, they cannot be
        made; then the file is read without.
        """
        if Path(self.name_of("-wal")).exists():
            return {"mode": "ro"}
        return {"mode": "ro", "immutable": "1"} if self._is_read_only() else {"mode": "rw"}

    @contextmanager
    def _unchanged(self) -> Iterator[None]:
        """See whether somebody wrote to the file meanwhile: who reads it without a lock is not told."""
        before = self.path.stat()
        try:
            yield
        finally:
            if self.path.stat().st_mtime_ns != before.st_mtime_ns:
                raise StorageUnavailableError(
                    f"The database {self.place} was written to meanwhile; try again in a moment."
                )

    def _revision(self, connection: Connection) -> str | None:
        tables = self.table_names(connection)
        owner = connection.execute(text("PRAGMA application_id")).scalar_one()
        if not tables and owner in (0, APPLICATION_ID):
            return None
        if owner != APPLICATION_ID or "alembic_version" not in tables:
            raise self.foreign()
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if revision is None:
            raise self.damaged()
        return str(revision)

    def _check_pages(self, connection: Connection) -> None:
        if connection.execute(text("PRAGMA integrity_check(1)")).scalar() != "ok":
            raise self.damaged()


def _triggers(connection: Connection) -> list[tuple[str, str]]:
    """Name and text of each trigger that guards the change records."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'changes'"
    return [(name, sql) for name, sql in connection.exec_driver_sql(query)]


def _use_wal(engine: Engine) -> None:
    """Let readers go on while somebody writes. Kept in the file, so once is enough."""
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None  # noqa: S101  # a connection that is open has one
        deadline = time.monotonic() + database.MIGRATION_TIMEOUT / 1000
        while True:
            try:
                raw.cursor().execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:  # for this one SQLite does not wait by itself
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return


def _check(url: URL) -> None:
    if url.host or url.username or url.port:
        raise StorageError(
            "A SQLite URL names no host; write three slashes before the path, or four if it is absolute."
        )
    if "\0" in str(_path(url)):
        raise StorageError(database.NO_URL)
    unknown = sorted(set(url.query) - {"mode", "uri"})
    if unknown:  # told, as there is no password in such a URL
        raise StorageError(f"The database URL has an unknown option, {unknown[0]}; only mode is known.")
    if url.query.get("mode", "rw") not in ("ro", "rw", "rwc"):
        raise StorageError("The mode of a database URL is ro, rw or rwc.")
    if not url.database or url.database == ":memory:":
        raise StorageError("A database in memory cannot be shared; name a file: sqlite:////path/to/callsheet.db.")


def _path(url: URL) -> Path:
    name = url.database or ""
    return Path(unquote(name.removeprefix("file:")) if name.startswith("file:") else name)

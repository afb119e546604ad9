"""Transfer: all rows of a database, read from one and written to another of the same schema."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, Table, delete, func, insert, select, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

from callsheet.domain.changes.change import Action, Subject
from callsheet.domain.errors import StorageError
from callsheet.domain.hints import Hint
from callsheet.storage import tables
from callsheet.storage.database import Database
from callsheet.storage.queries import count_rows, execute_in_batches
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import Installation, ReadTransaction
from callsheet.storage.transactions.rows import Row
from callsheet.storage.transactions.write import WriteTransaction

#: Every table, each after those that its rows refer to.
_TABLES: Final = tuple(tables.metadata.sorted_tables)

#: Names of the tables whose rows change without a change record.
UNRECORDED: Final = frozenset(
    table.name
    for table in (
        *(tables.source_states, tables.absences, tables.outbox, tables.key_uses, tables.repeated_requests),
        *(tables.console_sessions, tables.sign_in_links, tables.installation),
    )
)

_MODULUS: Final = 2**256

#: Action and kind of the change record of a restore; only such a record may raise the revision by more than one.
RESTORE: Final = (Action.RESTORE, Subject.INSTALLATION)

#: Called with what is being done, how many rows of it are done, and how many there are.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Tally:
    """A digest of a table: how many rows it has, and the sum of their hashes.

    A sum does not depend on the order of the rows, in which two databases may differ, and the tallies of two parts
    add up to that of the whole.
    """

    rows: int = 0
    total: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.rows + other.rows, (self.total + other.total) % _MODULUS)

    @property
    def digest(self) -> str:
        """The sum, in 64 hexadecimal digits."""
        return f"{self.total:064x}"


NOTHING: Final = Tally()

Tallies = Mapping[str, Tally]


class Content:
    """All rows of a database, read in one transaction."""

    def __init__(self, connection: Connection, database: Database, progress: Progress) -> None:
        self._connection = connection
        self._database = database
        self._progress = progress

    def installation(self) -> Installation | None:
        """Return the installation, or None if nothing has been set up."""
        return ReadTransaction(self._connection).installation()

    def identity(self) -> object:
        """Return what identifies the physical database; see `Database.identity`."""
        return self._database.identity(self._connection)

    def last_number(self) -> int:
        """Return the number of the newest change record; 0 if there is none."""
        return self._connection.execute(select(func.max(tables.changes.c.number))).scalar() or 0

    def last_change_at(self) -> Any:
        """Return the time of the newest change record, unchecked; None if there is none."""
        changes = tables.changes.c
        return self._connection.execute(select(changes.at).order_by(changes.number.desc()).limit(1)).scalar()

    def api_keys(self) -> Iterator[Row]:
        """Yield id, name, status and expiry of every API key, unchecked."""
        keys = tables.api_keys.c
        query = select(keys.id, keys.name, keys.status, keys.expires_at)
        return (dict(row) for row in self._connection.execute(query).mappings())

    def tallies(self, changes: Tally | None = None) -> Tallies:
        """Return the tally of every table; that of the change records is not computed if it is given."""
        known = {} if changes is None else {tables.changes.name: changes}
        return {
            table.name: known[table.name] if table.name in known else self._tally(table, self._batches(table))
            for table in _TABLES
        }

    def changes_until(self, number: int) -> Tally:
        """Return the tally of the change records up to this number."""
        return self._tally(tables.changes, self._batches(tables.changes, last=number))

    def _tally(self, table: Table, batches: Iterator[list[dict[str, Any]]]) -> Tally:
        rows = count_rows(self._connection, table)
        tally = NOTHING
        for batch in batches:
            tally += _tally_of(batch)
            self._progress(f"checking {table.name}", tally.rows, rows)
        return tally

    def _batches(self, table: Table, after: int = 0, last: int | None = None) -> Iterator[list[dict[str, Any]]]:
        """The rows of a table in batches; of change records, those numbered above ``after`` up to ``last``."""
        query = select(table)
        if after:
            query = query.where(table.c.number > after)
        if last is not None:
            query = query.where(table.c.number <= last)
        try:
            with self._database.translating_errors():  # here, as the caller would blame the other database
                result = execute_in_batches(self._connection, query)
                names = tuple(result.keys())
                for part in result.partitions():
                    yield [dict(zip(names, row, strict=True)) for row in part]
        except (TypeError, ValueError) as error:  # a value is not of the type of its column
            raise StorageError(
                f"A row of the table {table.name} cannot be read ({error})", hint=Hint.CHECK_DATABASE
            ) from error


class WritableContent(Content):
    """All rows of a database, replaced in one transaction."""

    def clear(self, *, changes: bool) -> None:
        """Delete every row; the change records only with ``changes``, as when another history replaces them."""
        for table in reversed(_TABLES):
            if table is not tables.changes:
                self._connection.execute(delete(table))
        if changes:
            with self._database.without_append_only_triggers(self._connection):
                self._connection.execute(delete(tables.changes))

    def fill(self, source: Content, after: int = 0, kept: Tally = NOTHING) -> Tallies:
        """Add every row of ``source`` to the cleared tables, and read all of it back.

        Parameters
        ----------
        source
            Of the same schema.
        after, kept
            The number of the newest change record that stayed here, and the tally of those that did.

        Returns
        -------
        The tallies, which both have now.

        Raises
        ------
        StorageError
            What is read back is not what was written.
        """
        read = {table.name: self._add(table, source, after) for table in _TABLES}
        read[tables.changes.name] += kept
        self._database.continue_numbers(self._connection, self.last_number())
        if (installation := self.installation()) is not None:
            self._database.announce(self._connection, installation.revision)
        for name, written in self.tallies().items():
            if written != read[name]:
                raise StorageError(
                    f"The table {name} does not hold what was written to it ({written.rows:,} rows of "
                    f"{read[name].rows:,}, or other values); nothing was changed, try another database."
                )
        return read

    def record_restore(self, actor: str, now: datetime, past: Installation | None) -> tuple[int, int]:
        """Record that this content replaced ``past``, as a revision above both.

        Returns
        -------
        That revision, and the one that ``source`` had.
        """
        installed = tables.installation.c
        organization_id, revision = self._connection.execute(
            select(installed.organization_id, installed.revision)
        ).one()
        if past is not None and past.revision > revision:
            self._connection.execute(update(tables.installation).values(revision=past.revision))
        before = None if past is None else {"revision": past.revision}
        writing = WriteTransaction(self._connection, self._database, actor, now)
        writing.record(*RESTORE, organization_id, before, {"revision": revision})
        return self._connection.execute(select(installed.revision)).scalar_one(), revision

    def hold_events(self, reason: str, now: datetime) -> int:
        """Give up every event that waits to be sent, for this reason, and count no date before ``now`` as news.

        Returns
        -------
        How many events that were.
        """
        writing = WriteTransaction(self._connection, self._database, "", now)
        writing.set_noticed_until(now)
        return writing.give_up_deliveries(None, reason)

    def _add(self, table: Table, source: Content, after: int) -> Tally:
        rows = count_rows(source._connection, table)
        tally = NOTHING
        for batch in source._batches(table, after if table is tables.changes else 0):
            self._insert(table, batch)
            tally += _tally_of(batch)
            self._progress(f"copying {table.name}", tally.rows, rows)
        return tally

    def _insert(self, table: Table, batch: list[dict[str, Any]]) -> None:
        try:
            self._connection.execute(insert(table), batch)
        except (StatementError, TypeError) as error:
            if isinstance(error, DBAPIError) and not isinstance(error, DataError | IntegrityError):
                raise  # the rows are not the cause
            reason = str(getattr(error, "orig", error)).partition("\n")[0]
            raise StorageError(
                f"The rows of the table {table.name} cannot be copied ({reason})", hint=Hint.CHECK_DATABASE
            ) from error


@contextmanager
def read_content(store: Store, progress: Progress) -> Iterator[Content]:
    """Yield all rows of a database, in one snapshot."""
    with store.database.snapshot_connection() as connection:
        yield Content(connection, store.database, progress)


@contextmanager
def write_content(store: Store, progress: Progress) -> Iterator[WritableContent]:
    """Yield all rows of a database, to be replaced while no other process writes."""
    with store.database.transaction(writes=True) as connection:
        store.database.extend_timeouts(connection)
        yield WritableContent(connection, store.database, progress)


def _tally_of(batch: list[dict[str, Any]]) -> Tally:
    return Tally(len(batch), sum(map(_hash, batch)) % _MODULUS)


def _hash(row: Mapping[str, Any]) -> int:
    text = json.dumps(list(row.values()), default=bytes.hex, separators=(",", ":"))
    return int.from_bytes(sha256(text.encode()).digest())

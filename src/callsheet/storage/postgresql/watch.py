"""PostgreSQLWatch: listens for changes, and polls as well, as a notification can get lost."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import sqlalchemy
from sqlalchemy.exc import DBAPIError

from callsheet.domain.errors import StorageError
from callsheet.storage import schema, tables
from callsheet.storage.database import Database
from callsheet.storage.postgresql.connection import ANSWER_TIMEOUT_SECONDS, driver_connection
from callsheet.storage.watch import Watch

#: The channel on which writers notify the new revision.
CHANNEL: Final = "callsheet"

#: How long the answer to a poll may take.
_POLL_TIMEOUT_SECONDS: Final = 5.0

#: What is compared at each poll. A table that was dropped and made again is another one, so that all is read again.
_QUESTION: Final = sqlalchemy.select(
    tables.installation.c.organization_id,
    tables.installation.c.revision,
    sqlalchemy.text("(SELECT version_num FROM alembic_version) AS release"),
    *(sqlalchemy.text(f"to_regclass('{name}')::oid AS table_{name}") for name in tables.metadata.tables),
)


class PostgreSQLWatch(Watch):
    """Waits for a notification on one long-lived connection, and polls the revision.

    Each poll reads the revision, the organization, the release that made the schema, and whether each table is
    there: one query that reads two rows. What only a new connection would meet, such as a dropped database, ends
    this connection, and the next watch meets it.

    It polls when it was notified, and after every wait in which it was not: a notification may have been lost, and
    behind a pooler that lends each transaction another connection none ever comes.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: object = None
        self._schema: object = None
        self._heard = False  # a notification arrived outside `_wait`: poll at once next time
        self._waker, self._woken = socket.socketpair()
        try:
            with database.translating_errors():
                self._connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                self._raw = driver_connection(self._connection)
                self._raw.answer_timeout = _POLL_TIMEOUT_SECONDS
                self._raw.add_notify_handler(self._notified)
                self._listen()
        except StorageError:
            self._close_wakers()
            raise

    def changed(self, timeout: float) -> bool:
        """Return whether the revision has moved since the last call; see `Watch`."""
        if self._seen is not None and not self._heard:
            # What was done since the last answer is part of the pause, up to the half of it.
            self._wait(max(self.answered_at + timeout - time.monotonic(), timeout / 2))
        self._heard = False
        with self._database.translating_errors():
            revision = self._ask()
        seen, self._seen = self._seen, revision
        return revision != seen

    @contextmanager
    def transaction(self) -> Iterator[sqlalchemy.Connection]:
        """Yield the connection in a transaction that reads.

        What is notified meanwhile comes with its answers, so that no waiting would end for it.
        """
        notified = self.notifications
        with self._database.translating_errors(), self._connection.begin():
            self._raw.answer_timeout = ANSWER_TIMEOUT_SECONDS
            try:
                self._connection.exec_driver_sql("BEGIN")  # as it commits by itself, SQLAlchemy does not
                self._database.begin(self._connection, writes=False)
                yield self._connection
            finally:
                self._raw.answer_timeout = _POLL_TIMEOUT_SECONDS
        self._heard = self.notifications > notified

    def forget(self) -> None:
        """Let the next `changed` find a change; see `Watch`."""
        self._seen = ()

    def wake(self) -> None:
        """End the wait of `changed`."""
        with suppress(OSError):  # it is closed, or has been woken often and did not wait since
            self._waker.send(b".", socket.MSG_DONTWAIT)

    def close(self) -> None:
        """Close the connection."""
        self._connection.invalidate()  # it listens, so it must not be reused
        self._connection.close()
        self._close_wakers()

    def _listen(self) -> None:
        """Listen, where that is possible: neither a replica nor every pooler supports it."""
        try:
            with self._connection.begin():
                self._connection.exec_driver_sql(f"LISTEN {CHANNEL}")
        except DBAPIError as error:
            if error.connection_invalidated:
                raise

    def _wait(self, timeout: float) -> None:
        """Wait until something has arrived, but not longer than ``timeout`` seconds."""
        arrived, woken = self._raw.fileno(), self._woken.fileno()
        poller = select.poll()  # a server may have more files open than select can handle
        for each in (arrived, woken):
            poller.register(each, select.POLLIN)
        ready = {each for each, _ in poller.poll(timeout * 1000)}
        if woken in ready:
            self._woken.recv(4096)

    def _ask(self) -> object:
        """The row of `_QUESTION`, empty if there is none; notifications that have arrived are counted as well."""
        with self._connection.begin():  # for SQLAlchemy's books: it sends none
            row = self._connection.execute(_QUESTION).one_or_none()
        if row is not None and row[2:] != self._schema:
            schema.refuse_unservable(self._database)
            self._schema = row[2:]
        self.polls += 1
        self.answered_at = time.monotonic()
        self.revision = None if row is None else row.revision
        return row or ()

    def _notified(self, _notification: object) -> None:
        self.notifications += 1

    def _close_wakers(self) -> None:
        self._waker.close()
        self._woken.close()

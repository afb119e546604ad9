"""PostgreSQLWatch: listens for changes, and asks as well, as a notification can get lost."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import sqlalchemy
from sqlalchemy.exc import DBAPIError

from callsheet.domain.errors import StorageError
from callsheet.storage import schema, tables
from callsheet.storage.postgresql.connection import PATIENCE, driver_connection
from callsheet.storage.watch import Watch

if TYPE_CHECKING:
    from callsheet.storage.postgresql.database import PostgreSQL

#: What those who write notify, with the new revision.
CHANNEL: Final = "callsheet"

#: How long an answer to a watch may take, in seconds.
_PATIENCE: Final = 5.0

#: What is compared at each poll. A table that was dropped and made again is another one, so that all is read again.
_QUESTION: Final = sqlalchemy.select(
    tables.installation.c.organization_id,
    tables.installation.c.revision,
    sqlalchemy.text("(SELECT version_num FROM alembic_version) AS release"),
    *(sqlalchemy.text(f"to_regclass('{name}')::oid AS table_{name}") for name in tables.metadata.tables),
)


class PostgreSQLWatch(Watch):
    """Waits for a notification on one lasting connection, and asks for the revision.

    With the revision it asks whose database it is, which release made its schema, and whether each table is there,
    all in one question that reads two rows. What only a new connection would meet, such as a database that was
    dropped, ends this one, and the next watch meets it.

    It asks when it was notified, and after every wait in which it was not: a notification may have been lost, and
    behind a pooler that lends each transaction another connection none ever comes.
    """

    def __init__(self, database: "PostgreSQL") -> None:
        self._database = database
        self._seen: object = None
        self._schema: object = None
        self._heard = False  # something that nobody waits for any more
        self._waker, self._woken = socket.socketpair()
        try:
            with database.explained():
                self._connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                self._raw = driver_connection(self._connection)
                self._raw.patience = _PATIENCE
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
        with self._database.explained():
            revision = self._ask()
        seen, self._seen = self._seen, revision
        return revision != seen

    @contextmanager
    def transaction(self) -> Iterator[sqlalchemy.Connection]:
        """Yield the connection in a transaction that reads.

        What is notified meanwhile comes with its answers, so that no waiting would end for it.
        """
        notified = self.notifications
        with self._database.explained(), self._connection.begin():
            self._raw.patience = PATIENCE
            try:
                self._connection.exec_driver_sql("BEGIN")  # as it commits by itself, SQLAlchemy does not
                self._database.begin(self._connection, writes=False)
                yield self._connection
            finally:
                self._raw.patience = _PATIENCE
        self._heard = self.notifications > notified

    def forget(self) -> None:
        """Let the next `changed` find a change; see `Watch`."""
        self._seen = ()

    def wake(self) -> None:
        """Let `changed` wait no longer."""
        with suppress(OSError):  # it is closed, or has been woken often and did not wait since
            self._waker.send(b".", socket.MSG_DONTWAIT)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.invalidate()  # it listens: nobody else should have it
        self._connection.close()
        self._close_wakers()

    def _listen(self) -> None:
        """Listen, if that can be: a replica cannot be listened to, nor can every pooler."""
        try:
            with self._connection.begin():
                self._connection.exec_driver_sql(f"LISTEN {CHANNEL}")
        except DBAPIError as error:
            if error.connection_invalidated:
                raise

    def _wait(self, timeout: float) -> None:
        """Wait until something has arrived, but not longer than ``timeout`` seconds."""
        arrived, woken = self._raw.fileno(), self._woken.fileno()
        poller = select.poll()  # a server has more files open than select can tell apart
        for each in (arrived, woken):
            poller.register(each, select.POLLIN)
        ready = {each for each, _ in poller.poll(timeout * 1000)}
        if woken in ready:
            self._woken.recv(4096)

    def _ask(self) -> object:
        """The revision, and whose; notifications that have arrived are counted on the way."""
        with self._connection.begin():  # for SQLAlchemy's books: it sends none
            row = self._connection.execute(_QUESTION).one_or_none()
        if row is not None and row[2:] != self._schema:
            schema.refuse_unfit(self._database)
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

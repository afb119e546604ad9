"""PostgreSQLWatch: listens for changes, and asks as well, as a notification can get lost."""

import select
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import sqlalchemy
from sqlalchemy.exc import DBAPIError

from callsheet.domain.errors import StorageError
from callsheet.storage import tables
from callsheet.storage.postgresql_connection import driver_connection
from callsheet.storage.watch import Watch

if TYPE_CHECKING:
    from callsheet.storage.postgresql import PostgreSQL

#: What those who write notify, with the new revision.
CHANNEL: Final = "callsheet"

#: How long silence is believed while notifications arrive, in seconds.
SILENCE: Final = 1.0

#: How long an answer to a watch may take, in seconds.
_PATIENCE: Final = 5.0

_REVISION: Final = sqlalchemy.select(tables.installation.c.organization_id, tables.installation.c.revision)


class PostgreSQLWatch(Watch):
    """Waits for a notification on one lasting connection, and asks for the revision.

    It asks when it was notified, and after a second of silence. Where the silence was not true, as behind a
    pooler that lends each transaction another connection, it asks after every wait until it is notified again.
    """

    def __init__(self, database: "PostgreSQL") -> None:
        self._database = database
        self._seen: object = None
        self._heard = 0  # notifications when it last asked
        self._waker, self._woken = socket.socketpair()
        try:
            with database.explained():
                self._connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                self._raw = driver_connection(self._connection)
                self._raw.patience = _PATIENCE
                self._raw.add_notify_handler(self._notified)
                self._silence_counts = self._listen()
        except StorageError:
            self._close_wakers()
            raise

    def changed(self, timeout: float) -> bool:
        """Return whether the revision has moved since the last call; see `Watch`."""
        if self._seen is not None and not self._wait(timeout) and self._may_be_silent():
            return False
        with self._database.explained():
            revision = self._ask()
        seen, self._seen = self._seen, revision
        moved = revision != seen
        if self.notifications > self._heard:
            self._silence_counts = True
        elif moved and seen is not None:
            self._silence_counts = False
        self._heard = self.notifications
        return moved

    def wake(self) -> None:
        """Let `changed` wait no longer."""
        with suppress(OSError):  # it is closed, or has been woken often and did not wait since
            self._waker.send(b".", socket.MSG_DONTWAIT)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.invalidate()  # it listens: nobody else should have it
        self._connection.close()
        self._close_wakers()

    def _listen(self) -> bool:
        """Whether notifications will come; a replica cannot be listened to, nor can every pooler."""
        try:
            self._connection.exec_driver_sql(f"LISTEN {CHANNEL}")
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            return False
        return True

    def _wait(self, timeout: float) -> bool:
        """Wait until something has arrived; whether it has."""
        arrived, woken = self._raw.fileno(), self._woken.fileno()
        ready, _, _ = select.select([arrived, woken], [], [], timeout)
        if woken in ready:
            self._woken.recv(4096)
        return arrived in ready

    def _may_be_silent(self) -> bool:
        return self._silence_counts and time.monotonic() - self.answered_at < SILENCE

    def _ask(self) -> object:
        """The revision, and whose; notifications that have arrived are counted on the way."""
        revision = self._connection.execute(_REVISION).one_or_none()
        self.polls += 1
        self.answered_at = time.monotonic()
        return revision or ()

    def _notified(self, _notification: object) -> None:
        self.notifications += 1

    def _close_wakers(self) -> None:
        self._waker.close()
        self._woken.close()

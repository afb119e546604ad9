"""Connections to PostgreSQL: how they are opened, and after what time they count as dead."""

import time
from collections.abc import Generator
from typing import Any, Final, TypeVar

import psycopg
import sqlalchemy

#: libpq's parameters for every connection, unless the URL sets them. In seconds, the last in milliseconds: a dead
#: network is noticed after about ten seconds, whether a query is running or not.
_DEFAULTS: Final[dict[str, Any]] = {
    "fallback_application_name": "callsheet",
    "client_encoding": "utf8",
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}

#: How long an answer may take: somewhat longer than the server takes to end a statement itself.
ANSWER_TIMEOUT_SECONDS: Final = 40.0

#: The same in a transaction whose statements may take longer.
LONG_ANSWER_TIMEOUT_SECONDS: Final = 620.0

T = TypeVar("T")


class Cursor(psycopg.ServerCursor[Any]):
    """A server-side cursor that need not be closed: it ends with its transaction."""

    def __del__(self, *_: Any) -> None:
        """Do not warn, as psycopg would, where reading ended in the middle."""


class Connection(psycopg.Connection[Any]):
    """A connection that is closed if an answer takes longer than ``answer_timeout``, in seconds.

    The server ends long statements itself; this is for a server that hangs while its kernel still acknowledges what
    it is sent.
    """

    answer_timeout: float = ANSWER_TIMEOUT_SECONDS

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.server_cursor_factory = Cursor

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **options: Any) -> T:
        """Run psycopg's generator ``gen``, with which it waits for every answer, under the time-out."""
        return super().wait(self._with_timeout(gen), *args, **options)

    def _with_timeout(self, gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        end = time.monotonic() + self.answer_timeout
        try:
            awaited = next(gen)
            while True:
                ready = yield awaited
                if not ready and time.monotonic() > end:
                    self.pgconn.finish()
                    raise psycopg.OperationalError(f"no answer within {self.answer_timeout:g} seconds")
                awaited = gen.send(ready)
        except StopIteration as done:
            result: T = done.value
            return result


def connect(*arguments: Any, **options: Any) -> Connection:
    """Open a connection; the arguments are libpq's.

    Raises
    ------
    psycopg.Error
        It cannot be opened.
    """
    given = {name: value for name, value in options.items() if value is not None}
    # Statements prepared on one connection are unknown on the next that a pooler lends for the same work.
    return Connection.connect(*arguments, **{**_DEFAULTS, **given}, prepare_threshold=None)


def driver_connection(connection: sqlalchemy.Connection) -> Connection:
    """Return psycopg's connection under a connection of SQLAlchemy."""
    opened = connection.connection.driver_connection
    assert isinstance(opened, Connection)  # noqa: S101  # it is one that `connect` opened
    return opened

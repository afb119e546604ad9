"""What a command reads: the database as it is, or as of another moment."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from callsheet.cli.database import actor, clock, connect, load_settings
from callsheet.cli.output.tables import say, second
from callsheet.cli.remote_option import ServerURL
from callsheet.domain.history.moment import AsOf, parse_moment
from callsheet.domain.times import format_instant
from callsheet.service.access import AccessService
from callsheet.service.catalog import CatalogService
from callsheet.service.moments.store import MomentStore
from callsheet.service.setup import open_existing
from callsheet.storage.reading import Reading
from callsheet.storage.store import Readings
from callsheet.storage.transactions.read import ReadTransaction

if TYPE_CHECKING:  # protocols, and what only --remote needs
    from callsheet.remote.connection import Connection
    from callsheet.service.administration import Access, Catalogue

AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="MOMENT",
        help="Another moment than now, also one to come: a day, an RFC 3339 time, a time ago such as 90d, or the "
        "number of a revision.",
    ),
]


class Viewing:
    """What a command reads: a database, at present or as of another moment, which is then said; or a server.

    Parameters
    ----------
    database
        Its URL; None is that of the settings.
    as_of
        The option of the command; None is the present.

    Raises
    ------
    CallsheetError
        There is no such database, it cannot be used, or nothing is known of the moment.
    """

    def __init__(self, database: str | None, as_of: str | None = None) -> None:
        self._moment: MomentStore | None = None
        self._as_of: AsOf | None = None
        self.server = database if isinstance(database, ServerURL) else None
        """What is asked in place of a database, or None."""
        if self.server is not None:
            self._view_server(self.server, as_of)
            return
        self.settings = load_settings(database)
        self._store = open_existing(self.settings.database)
        if as_of is not None:
            self._moment = MomentStore(self._store, parse_moment(as_of, clock(), "--as-of"), clock)
            self._as_of = self._moment.as_of
            say(_sentence(self._as_of))

    def _view_server(self, server: ServerURL, as_of: str | None) -> None:
        """Have what is asked of a server be of the moment, which the server knows."""
        self._connection = connect(server)
        if as_of is not None:
            from callsheet.remote.moments import RemoteMoments, text_of  # for --remote only

            now = clock()
            moment = parse_moment(as_of, now, "--as-of")
            self._as_of = RemoteMoments(self._connection, now).locate(moment)
            self._connection = self._connection.at(text_of(moment, now))
            say(_sentence(self._as_of))

    @property
    def connection(self) -> "Connection":
        """What a server is asked by; every answer is of the moment."""
        return self._connection

    @property
    def is_of_now(self) -> bool:
        """Whether it is the present."""
        return self._as_of is None

    @property
    def catalog(self) -> "Catalogue":
        """Its catalogue."""
        if self.server is not None:
            from callsheet.remote.catalog import RemoteCatalog  # here and below: for --remote only
            from callsheet.remote.doing import Sender

            return RemoteCatalog(Sender(self._connection))
        return CatalogService(self._transactions, actor(), self.clock)

    @property
    def access(self) -> "Access":
        """Its workspaces and keys."""
        if self.server is not None:
            from callsheet.remote.access import RemoteAccess
            from callsheet.remote.doing import Sender

            return RemoteAccess(Sender(self._connection))
        return AccessService(self._transactions, actor(), self.clock)

    def clock(self) -> datetime:
        """Return the time by which expiry is judged."""
        return clock() if self._as_of is None else self._as_of.at

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """Yield what there is."""
        with self._transactions.read() as reading:
            yield reading

    @contextmanager
    def present(self) -> Iterator[ReadTransaction]:
        """Yield a transaction in the database as it is, from which several moments can be read."""
        if self.server is not None:
            raise self.server.refuse()
        with self._store.read() as reading:
            yield reading

    def record(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``record`` with the moment, if it is not the present."""
        return dict(record) if self._as_of is None else {**record, "as_of": self._as_of.record()}

    @property
    def _transactions(self) -> Readings:
        if self.server is not None:
            raise self.server.refuse()
        return self._store if self._moment is None else self._moment


def _sentence(as_of: AsOf) -> str:
    when = second(format_instant(as_of.at))
    if as_of.is_future:
        return f"As of {when} UTC, if nothing changes after revision {as_of.revision} but what dates bring about."
    return f"As of {when} UTC, revision {as_of.revision}."

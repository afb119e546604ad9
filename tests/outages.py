"""Databases that can be taken away and given back, of each kind."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from callsheet.service.setup import open_store
from tests.installation import Installation, now
from tests.postgres import Databases, Server


class Outages(ABC):
    """An installation whose database is away between `begin` and `end`."""

    installation: Installation

    @property
    def url(self) -> str:
        """Of the database."""
        return self.installation.url

    @abstractmethod
    def begin(self) -> None:
        """Take it away."""

    @abstractmethod
    def end(self) -> None:
        """Give it back."""


class MovedFile(Outages):
    """A SQLite file that is moved aside."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "callsheet.db"
        self._aside = folder / "aside.db"
        open_store(f"sqlite:///{self._path}", now)
        self.installation = Installation(f"sqlite:///{self._path}")

    def begin(self) -> None:
        self._path.rename(self._aside)

    def end(self) -> None:
        self._aside.rename(self._path)


class StoppedServer(Outages):
    """A PostgreSQL server of its own that is stopped as a crash would."""

    def __init__(self, server: Server) -> None:
        self._server = server
        url = Databases(server.url).make()
        open_store(url, now)
        self.installation = Installation(url)

    def begin(self) -> None:
        self._server.stop()

    def end(self) -> None:
        self._server.start()


@contextmanager
def outages(kind: str, folder: Path) -> Iterator[Outages]:
    """An installation on a database of ``kind``, in ``folder`` if that is a file."""
    if kind == "sqlite":
        yield MovedFile(folder)
    else:
        with Server() as server:
            yield StoppedServer(server)

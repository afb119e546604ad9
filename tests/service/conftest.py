"""Databases to move things between."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from callsheet.service.maintenance.copy import copy_installation
from callsheet.storage.store import Store
from tests.first_release import first_release
from tests.postgres import Databases

#: Makes an empty database of a kind.
Empty = Callable[[str], Store]

#: Makes a database of a kind that holds something of everything there is.
Full = Callable[[str], Store]


@pytest.fixture(autouse=True)
def _quick(quick_tables: None) -> None:
    """Most commands and services begin with a database; tests/storage is about how one is made."""


@pytest.fixture
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Empty:
    """What makes empty databases; the server is started for those who want one."""
    numbers = count()

    def make(kind: str) -> Store:
        if kind == "postgresql":
            made: Databases = request.getfixturevalue("postgres")
            return Store(made.make())
        return Store(f"sqlite:///{tmp_path}/{next(numbers)}.db")

    return make


@pytest.fixture(scope="session")
def full_postgres(postgres: Databases, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database on PostgreSQL that holds what the first release could make; to be copied by the server."""
    url = postgres.make()
    copy_installation(first_release(tmp_path_factory.mktemp("full") / "original.db"), Store(url), silent)
    return url


@pytest.fixture
def full_store(request: pytest.FixtureRequest, empty_store: Empty) -> Full:
    """What makes databases that hold what the first release could make."""

    def make(kind: str) -> Store:
        if kind == "postgresql":
            made: Databases = request.getfixturevalue("postgres")
            return Store(made.make(request.getfixturevalue("full_postgres")))
        return first_release(Path(empty_store(kind).display_name))

    return make


def silent(_what: str, _done: int, _total: int) -> None:
    """Take no notice of how far something is."""

"""Databases to move things between."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from callsheet.service.copy import copy_installation
from callsheet.storage.store import Store
from tests.first_release import first_release
from tests.postgres import Databases

#: Makes an empty database of a kind.
Empty = Callable[[str], Store]

#: Makes a database of a kind that holds something of everything there is.
Full = Callable[[str], Store]


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


@pytest.fixture
def full_store(empty_store: Empty, tmp_path: Path) -> Full:
    """What makes databases that hold what the first release could make."""

    def make(kind: str) -> Store:
        store = empty_store(kind)
        if kind == "sqlite":
            return first_release(Path(store.place))
        original = first_release(tmp_path / "original.db")
        copy_installation(original, store, silent)
        return store

    return make


def silent(_what: str, _done: int, _total: int) -> None:
    """Take no notice of how far something is."""

"""One suite for all databases: SQLite and PostgreSQL in turn."""

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from callsheet.storage.sqlite.database import SQLite
from callsheet.storage.store import Store
from tests.installation import KINDS
from tests.postgres import Databases
from tests.storage.files import make_database, url_of
from tests.storage.others import Make
from tests.storage.others import url_of as full_url


@pytest.fixture(scope="session")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file set up, to be copied."""
    path = tmp_path_factory.mktemp("set-up") / "callsheet.db"
    make_database(path)
    return path


@pytest.fixture(scope="module", params=KINDS)
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, set_up: Path) -> Make:
    """What makes databases of one kind: `make()` is set up, `make(empty=True)` is not."""
    if request.param == "postgresql":
        made: Databases = request.getfixturevalue("postgres")
        template: str = request.getfixturevalue("postgres_template")
        return lambda empty=False: Store(made.make() if empty else made.make(template))
    folder, numbers = tmp_path_factory.mktemp("databases"), count()

    def make_file(empty: bool = False) -> Store:
        path = folder / f"{next(numbers)}" / "callsheet.db"
        path.parent.mkdir()
        if not empty:
            shutil.copy(set_up, path)
        return Store(url_of(path))

    return make_file


@pytest.fixture
def store(make: Make, request: pytest.FixtureRequest) -> Iterator[Store]:
    """A database of one's own, set up."""
    made = make()
    if isinstance(made.database, SQLite):
        yield made
    else:
        server: Databases = request.getfixturevalue("postgres")
        yield made
        server.drop(full_url(made))


@pytest.fixture(scope="module")
def shared(make: Make) -> Store:
    """A database for all tests of a module, which leave it as it was."""
    return make()

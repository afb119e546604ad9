"""What many tests share: an installation of their own, and the API asked through each of its doors."""

import gc
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import pytest

from callsheet.service.setup import open_store
from callsheet.storage import schema
from tests.compiling import compile_once
from tests.doors import AnswerDoor, AppDoor, Door, HTTPDoor, PlainHTTPDoor
from tests.installation import Installation, now
from tests.migrating import migrate
from tests.postgres import SHARED_FOLDER, Databases, databases
from tests.reporting import report_tersely
from tests.tiers import LONGEST, exhaustive, register_profiles, use_everything
from tests.trusting import trust_once

#: The numbers of the folders of tests.
_numbers: Final = count()

register_profiles()
compile_once()
trust_once()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the second tier."""
    parser.addoption("--all", action="store_true", help="run every seed, round and combination (tests/tiers.py)")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the tier, and make a folder in which the processes of this run share a PostgreSQL cluster to copy."""
    if config.option.all:
        use_everything(config.getoption("--hypothesis-profile") or "ci")
    report_tersely(config)
    if SHARED_FOLDER not in os.environ:
        os.environ[SHARED_FOLDER] = mkdtemp(prefix="callsheet-shared-")
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(SHARED_FOLDER), ignore_errors=True))


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Look for no garbage while tests are collected, nor in what is collected, all of which stays; later seldom."""
    gc.disable()
    collected = yield
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    gc.enable()
    return collected


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, object, object]:
    """Leave out what is left to ``--all``, unless it is named by its full id; begin with what takes longest."""
    named = {argument for argument in config.args if "::" in argument}
    left = {
        item
        for item in items
        if item.get_closest_marker("exhaustive") and not config.option.all and item.nodeid not in named
    }
    if left:
        config.hook.pytest_deselected(items=list(left))
        items[:] = [item for item in items if item not in left]
    modified = yield
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
    return modified


@pytest.fixture(scope="session", autouse=True)
def _clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees, or touches, what belongs to the person who runs it."""
    theirs = ("CALLSHEET_", "ANTHROPIC_", "OPENAI_", "PG")
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            ours = name.startswith(theirs) and not name.startswith("CALLSHEET_TEST_")
            if ours or name.lower() in ("http_proxy", "https_proxy", "all_proxy"):
                patch.delenv(name)
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.getbasetemp() / "data-home"))
        yield


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for one test.

    That of pytest looks at the folders of all tests before it, to find the next number.
    """
    return tmp_path_factory.mktemp(f"{next(_numbers)}-{request.node.originalname[:24]}", numbered=False)


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as the first start leaves it; copying it is quicker than making it."""
    path = tmp_path_factory.mktemp("template") / "callsheet.db"
    open_store(f"sqlite:///{path}", now)
    return path


@pytest.fixture(scope="session")
def _empty_template(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with an empty catalogue."""
    path = tmp_path_factory.mktemp("empty-template") / "callsheet.db"
    shutil.copy(_template, path)
    with closing(Installation(f"sqlite:///{path}")) as opened:
        opened.clear_catalog()
    return path


@pytest.fixture
def quick_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make fresh databases without Alembic, for tests that are not about how their tables are made."""
    monkeypatch.setattr(schema, "migrate", migrate)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """Databases of a real PostgreSQL server, made as they are wanted."""
    with databases() as made:
        yield made


@pytest.fixture(scope="session")
def postgres_template(postgres: Databases) -> str:
    """The same as `_template`, on PostgreSQL."""
    url = postgres.make()
    open_store(url, now)
    return url


@pytest.fixture
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """A fresh installation: the built-in catalogue, the default workspace, no key.

    On SQLite, unless the test is marked with `tests.installation.on_both`.
    """
    if getattr(request, "param", "sqlite") == "postgresql":
        made: Databases = request.getfixturevalue("postgres")
        url = made.make(request.getfixturevalue("postgres_template"))
        with closing(Installation(url)) as opened:
            yield opened
        made.drop(url)
    else:
        path = tmp_path / "callsheet.db"
        template = "_empty_template" if "empty" in request.fixturenames else "_template"
        shutil.copy(request.getfixturevalue(template), path)
        with closing(Installation(f"sqlite:///{path}")) as opened:
            yield opened
        for each in filter(Path.is_file, tmp_path.glob("callsheet.db*")):  # a process keeps a descriptor of each
            each.unlink()


@pytest.fixture
def empty(installation: Installation) -> Installation:
    """An installation with an empty catalogue."""
    if not installation.url.startswith("sqlite:"):
        installation.clear_catalog()
    return installation


#: The first tier takes the function and the fast protocol. That the application, and the plain protocol before it,
#: answer with the same bytes, tests/http/connection/test_differential.py proves.
DOORS: Final = ("answer", "http", *(pytest.param(name, marks=exhaustive) for name in ("app", "plain-http")))


_KINDS: Final[dict[str, type[Door]]] = {
    "answer": AnswerDoor,
    "app": AppDoor,
    "http": HTTPDoor,
    "plain-http": PlainHTTPDoor,
}


@pytest.fixture(scope="module")
def _shared_doors(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Door]]:
    """What gives the doors of a file to its tests that are marked with `reading`, each on a database of its own."""
    doors: dict[str, Door] = {}

    def door_of(name: str) -> Door:
        if name not in doors:
            path = tmp_path_factory.mktemp(name) / "callsheet.db"
            shutil.copy(_template, path)
            doors[name] = _KINDS[name](Installation(f"sqlite:///{path}"))
        return doors[name]

    yield door_of
    for door in doors.values():
        door.close()
        door.installation.close()


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest, installation: Installation) -> Iterator[Door]:
    """The public API of `installation`, through the pure function, the ASGI app, and real HTTP.

    Tests that are marked with `tests.doors.reading` share that of an installation as it is made.
    """
    if request.node.get_closest_marker("reading"):
        shared: Door = request.getfixturevalue("_shared_doors")(request.param)
        before = shared.standing()
        yield shared
        assert shared.standing() == before, "a test that is marked with `reading` has changed something"
        return
    opened = _KINDS[request.param](installation)
    yield opened
    opened.close()

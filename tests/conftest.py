"""What many tests share: an installation of their own, and the API asked through each of its doors."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from callsheet.service.setup import open_store
from tests.doors import AnswerDoor, AppDoor, Door, HTTPDoor, PlainHTTPDoor
from tests.installation import Installation, now
from tests.postgres import Databases, databases

settings.register_profile(
    "ci", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("ci")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test sees, or touches, what belongs to the person who runs it."""
    theirs = ("CALLSHEET_", "ANTHROPIC_", "OPENAI_", "PG")
    for name in os.environ:
        ours = name.startswith(theirs) and not name.startswith("CALLSHEET_TEST_")
        if ours or name.lower() in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.getbasetemp() / "data-home"))


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as the first start leaves it; copying it is quicker than making it."""
    path = tmp_path_factory.mktemp("template") / "callsheet.db"
    open_store(f"sqlite:///{path}", now)
    return path


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
def installation(request: pytest.FixtureRequest, _template: Path, tmp_path: Path) -> Iterator[Installation]:
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
        shutil.copy(_template, path)
        with closing(Installation(f"sqlite:///{path}")) as opened:
            yield opened


@pytest.fixture
def empty(installation: Installation) -> Installation:
    """An installation with an empty catalogue."""
    installation.clear_catalog()
    return installation


@pytest.fixture(params=["answer", "app", "http", "plain-http"])
def door(request: pytest.FixtureRequest, installation: Installation) -> Iterator[Door]:
    """The public API of `installation`, through the pure function, the ASGI app, and real HTTP."""
    kind: type[Door] = {"answer": AnswerDoor, "app": AppDoor, "http": HTTPDoor, "plain-http": PlainHTTPDoor}[
        request.param
    ]
    opened = kind(installation)
    yield opened
    opened.close()

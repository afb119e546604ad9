"""Fixtures of the tests of what is in ``deploy/``."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Installation, make_model
from tests.program import Server

KEY = "sk-test-0123456789abcdef"

#: As the model is called, and as a client may write it.
SLASHED = "hf.co/org/m:Q4"
ENCODED = "hf.co%2Forg%2Fm%3AQ4"

#: What else servers call models; of these, proxies must change nothing on the way.
UNUSUAL = (
    *("/data/models/x", "data/x/", "../models/x.gguf", "azureml://a/b"),
    *("Gemini 3 Pro", "claude-opus-4-8[1m]", "我的模型", "a?b#c"),
)


@pytest.fixture(scope="module")
def database(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an installation with a key, a model with slashes in its id, and 999 long ones."""
    path = tmp_path_factory.mktemp("deploy") / "callsheet.db"
    shutil.copy(_template, path)
    installation = Installation(f"sqlite:///{path}")
    installation.key(secret=KEY)
    installation.add(make_model(SLASHED), *map(make_model, UNUSUAL))
    capabilities = {f"capability_{number:020}": {"supported": False} for number in range(50)}
    installation.add_at_once(make_model(f"m{number}", capabilities=capabilities) for number in range(999))
    return path


@pytest.fixture(scope="module")
def replicas(database: Path) -> Iterator[tuple[Server, Server]]:
    """Two servers on one database, with access logs."""
    with Server(database, "--access-log", "json") as one, Server(database, "--access-log", "json") as two:
        yield one, two


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short path: that of a socket may have 97 characters, and `tmp_path` holds the test's name."""
    return tmp_path_factory.mktemp("p")

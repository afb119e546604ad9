"""LiteLLM's proxy and a Callsheet in front of it that forwards, each started once."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.gateway.litellm import Gateway, gateway
from tests.program import Server, call


class Front(NamedTuple):
    """A Callsheet in front of a gateway, started with nothing but the gateway's URL."""

    url: str
    database: str
    gateway: Gateway

    def forget(self) -> None:
        """Let the server ask about every key again, as soon as it sees this change."""
        done = call("sources", "forget", "gateway", "--database", self.database)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def litellm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The proxy; each test has keys of its own."""
    with gateway(tmp_path_factory.mktemp("litellm")) as running:
        yield running


@pytest.fixture(scope="session")
def front(litellm: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Callsheet in front of the proxy."""
    database: Path = tmp_path_factory.mktemp("front") / "callsheet.db"
    with Server(database, "--gateway", litellm.url, "--forward") as server:
        yield Front(server.url, f"sqlite:///{database}", litellm)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty folder, in which no client finds settings."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home"

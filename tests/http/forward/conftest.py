"""A gateway at the level of sockets, and a server in front of it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.doors import HTTPDoor
from tests.http.forward.double import GatewayDouble
from tests.installation import Installation

StartServer = Callable[..., HTTPDoor]


@pytest.fixture(scope="module")
def gateway() -> Iterator[GatewayDouble]:
    """The gateway of a file of tests."""
    with GatewayDouble() as double:
        yield double


@pytest.fixture(autouse=True)
def _no_connection_outlives_its_test(gateway: GatewayDouble) -> Iterator[None]:
    yield
    gateway.close_ends()


@pytest.fixture(scope="module")
def start_server(
    _template: Path, tmp_path_factory: pytest.TempPathFactory, gateway: GatewayDouble
) -> Iterator[StartServer]:
    """Start a server in front of the gateway, with settings of its own."""
    doors: list[HTTPDoor] = []

    def start(**settings: Any) -> HTTPDoor:
        path = tmp_path_factory.mktemp("forward") / "callsheet.db"
        shutil.copy(_template, path)
        door = HTTPDoor(Installation(f"sqlite:///{path}"))
        doors.append(door)
        door.set_up(**{"gateway": gateway.url, "forward": True, **settings})
        return door

    yield start
    for door in doors:
        door.close()


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> HTTPDoor:
    """The server that most tests of a file share."""
    return start_server()

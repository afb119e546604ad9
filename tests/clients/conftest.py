"""The server that the official clients are run against."""

from collections.abc import Iterator

import pytest

from tests.clients.server import ClientServer, run_server


@pytest.fixture(scope="session")
def client_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClientServer]:
    """One server for all tests of a process; they only read."""
    with run_server(tmp_path_factory.mktemp("clients")) as server:
        yield server

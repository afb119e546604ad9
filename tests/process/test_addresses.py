"""Where the server listens, and what it says about that."""

import socket
from pathlib import Path

import pytest

from tests.program import Server


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
@pytest.mark.parametrize("host", ["::1", "::"])
def test_ipv6_is_served_and_printed_in_brackets(tmp_path: Path, host: str) -> None:
    with Server(tmp_path / "callsheet.db", "--host", host) as server:
        assert server.url == f"http://[::1]:{server.port}"
        assert server.get("/v1/models", server.key)[0] == 200


def test_the_open_address_is_printed_as_one_that_can_be_asked(tmp_path: Path) -> None:
    with Server(tmp_path / "callsheet.db", "--host", "0.0.0.0") as server:
        assert server.url == f"http://127.0.0.1:{server.port}"


def test_a_prefix_is_served(tmp_path: Path) -> None:
    with Server(tmp_path / "callsheet.db", "--root-path", "/anthropic") as server:
        assert server.get("/anthropic/v1/models", server.key)[0] == 200

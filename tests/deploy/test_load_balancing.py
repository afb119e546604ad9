"""One address for two replicas, behind nginx and behind HAProxy."""

import http.client
import json
import re
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.deploy.conftest import ENCODED, KEY, SLASHED
from tests.deploy.load import Load
from tests.deploy.proxies import Proxy, from_deploy
from tests.program import DEADLINE, Server, credentials

LIST = "/v1/models?limit=2"
RETRIEVE = f"/v1/models/{ENCODED}"


def balancer(kind: str, replicas: tuple[Server, Server], folder: Path) -> Proxy:
    """One before both."""
    folder.mkdir()
    return from_deploy(kind, "load-balancing", {8484: replicas[0].port, 8485: replicas[1].port}, folder)


def answered(server: Server, route: str) -> int:
    """How many requests of a kind one replica has answered with 200."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=DEADLINE) as reply:
        found = re.search(rf'route="{route}",status="200",dialect="anthropic"\}} (\d+)', reply.read().decode())
    return int(found[1]) if found else 0


@pytest.fixture(scope="module", params=["nginx", "haproxy"])
def proxy(
    request: pytest.FixtureRequest, replicas: tuple[Server, Server], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    with balancer(request.param, replicas, tmp_path_factory.mktemp("proxy") / request.param) as running:
        yield running


def _ask(port: int, target: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        connection.request("GET", target, headers=credentials(KEY))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_both_replicas_answer(proxy: Proxy, replicas: tuple[Server, Server]) -> None:
    before = [answered(server, "list") for server in replicas]
    for _ in range(20):
        assert _ask(proxy.port, LIST)[0] == 200
    after = [answered(server, "list") for server in replicas]
    assert sum(after) - sum(before) == 20
    assert min(new - old for new, old in zip(after, before, strict=True)) >= 5


def test_an_id_with_slashes_arrives(proxy: Proxy) -> None:
    status, body = _ask(proxy.port, RETRIEVE)
    assert (status, json.loads(body)["id"]) == (200, SLASHED)


def test_the_figures_of_a_replica_are_not_given_out(proxy: Proxy) -> None:
    assert _ask(proxy.port, "/metrics")[0] == 404


def test_a_replica_that_is_killed_costs_no_request(database: Path, folder: Path) -> None:
    with ExitStack() as opened:
        replicas = opened.enter_context(Server(database)), opened.enter_context(Server(database))
        loads = [
            opened.enter_context(
                Load(opened.enter_context(balancer(kind, replicas, folder / kind)).port, LIST, KEY)
            )
            for kind in ("nginx", "haproxy")
        ]
        for load in loads:
            load.wait_for_more()
        replicas[0].send(signal.SIGKILL)
        replicas[0].ended()
        for load in loads:
            load.wait_for_more()
        assert [load.failures for load in loads] == [[], []]

"""While Callsheet is down, hangs or fails, a route serves the gateway's own list; Callsheet's needs no gateway."""

import signal
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.deploy.asking import ask
from tests.deploy.conftest import KEY
from tests.deploy.gateway import Gateway
from tests.deploy.load import Load
from tests.deploy.proxies import ROUTED, Proxy, free_port, routed
from tests.program import Server, wait_for
from tests.tiers import first

LIST = "/anthropic/v1/models?limit=2"
PREFIXES = ["/anthropic"]


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


def _is_answered_by(proxy: Proxy, server: str) -> bool:
    return ask(proxy.port, LIST).by == server


def _wait_for_callsheet(proxy: Proxy) -> None:
    wait_for(lambda: _is_answered_by(proxy, "callsheet"), "Callsheet to answer the list")


@pytest.mark.parametrize("kind", first(ROUTED))
def test_no_client_notices_that_callsheet_is_killed_and_started_again(
    kind: str, database: Path, folder: Path, gateway: Gateway
) -> None:
    with Server(database) as old, routed(kind, old.port, gateway.port, folder, PREFIXES) as proxy:
        _wait_for_callsheet(proxy)
        with Load(proxy.port, LIST, KEY) as load:
            load.wait_for_more()
            old.send(signal.SIGKILL)
            old.ended()
            load.wait_for_more()
            answer = ask(proxy.port, LIST, source="127.0.0.2")
            assert (answer.status, answer.by, answer.json["gateway"]) == (200, "gateway", LIST)
            headers = answer.json["headers"]
            assert (headers["host"], headers["x-api-key"]) == (f"127.0.0.1:{gateway.port}", KEY)
            assert headers["x-forwarded-for"] == "127.0.0.2"
            assert headers["x-forwarded-proto"] == "http"
            assert headers["x-forwarded-host"] == f"127.0.0.1:{proxy.port}"
            with Server(database, "--port", str(old.port)):
                _wait_for_callsheet(proxy)
                load.wait_for_more()
                assert load.failures == []
        assert KEY not in proxy.stdout + proxy.stderr


@pytest.mark.parametrize("kind", first(ROUTED))
def test_a_callsheet_that_hangs_is_not_waited_for_longer_than_claude_code_waits(
    kind: str, database: Path, folder: Path, gateway: Gateway
) -> None:
    with Server(database) as server, routed(kind, server.port, gateway.port, folder, PREFIXES) as proxy:
        _wait_for_callsheet(proxy)
        server.send(signal.SIGSTOP)
        answer = ask(proxy.port, LIST)
        assert (answer.status, answer.by, answer.json["gateway"]) == (200, "gateway", LIST)
        server.send(signal.SIGCONT)
        _wait_for_callsheet(proxy)


@pytest.mark.parametrize("kind", first(ROUTED))
def test_only_answers_that_say_callsheet_is_away_are_replaced(kind: str, folder: Path, gateway: Gateway) -> None:
    with (
        Gateway(name="callsheet") as callsheet,
        routed(kind, callsheet.port, gateway.port, folder, PREFIXES) as proxy,
    ):
        wait_for(lambda: _is_answered_by(proxy, "callsheet"), "it to answer")
        for status in (200, 301, 400, 401, 403, 404, 405, 413, 429, 500, 529):
            callsheet.status = status
            answer = ask(proxy.port, LIST)
            assert (answer.status, answer.by) == (status, "callsheet")
        for status in (502, 503, 504):
            callsheet.status = status
            answer = ask(proxy.port, LIST)
            assert (answer.status, answer.by, answer.json["gateway"]) == (200, "gateway", LIST), status


@pytest.mark.parametrize("kind", first(ROUTED))
def test_connections_to_callsheet_are_kept(kind: str, folder: Path, gateway: Gateway) -> None:
    with (
        Gateway(name="callsheet") as callsheet,
        routed(kind, callsheet.port, gateway.port, folder, PREFIXES) as proxy,
    ):
        wait_for(lambda: _is_answered_by(proxy, "callsheet"), "it to answer")
        callsheet.callers.clear()
        for _ in range(20):
            assert ask(proxy.port, LIST).by == "callsheet"
        assert len(callsheet.callers) < 5


@pytest.mark.parametrize("kind", first(ROUTED))
def test_the_list_needs_no_gateway(kind: str, replicas: tuple[Server, Server], folder: Path) -> None:
    with routed(kind, replicas[0].port, free_port(), folder, PREFIXES) as proxy:
        _wait_for_callsheet(proxy)
        assert ask(proxy.port, "/v1/messages", "POST", body=b"{}").status in (502, 503)
        assert ask(proxy.port, LIST).status == 200
        assert KEY not in proxy.stdout + proxy.stderr


@pytest.mark.parametrize("kind", first(ROUTED))
def test_without_both_the_client_learns_that_it_may_try_again(kind: str, folder: Path) -> None:
    with routed(kind, free_port(), free_port(), folder, PREFIXES) as proxy:
        assert ask(proxy.port, LIST).status in (502, 503)
        assert KEY not in proxy.stdout + proxy.stderr


@pytest.mark.parametrize("kind", first(ROUTED))
def test_a_gateway_with_tls_has_to_prove_its_name(kind: str, replicas: tuple[Server, Server], folder: Path) -> None:
    authority = trustme.CA()
    authorities = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(authorities))
    for name, statuses in (("localhost", {200}), ("other.example", {502, 503})):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(tls)
        own = folder / name
        own.mkdir()
        with (
            Gateway(tls=tls) as gateway,
            routed(kind, replicas[0].port, f"https://localhost:{gateway.port}", own, (), authorities) as proxy,
        ):
            answer = ask(proxy.port, "/v1/files")
            assert answer.status in statuses, (name, answer)
            if answer.status == 200:
                assert answer.json["headers"]["host"] == f"localhost:{gateway.port}"

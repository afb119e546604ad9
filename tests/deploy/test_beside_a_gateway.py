"""The list goes to Callsheet and everything else to another gateway, behind nginx and behind HAProxy."""

import http.client
import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.deploy.conftest import ENCODED, KEY, SLASHED, UNUSUAL
from tests.deploy.gateway import Gateway
from tests.deploy.proxies import Proxy
from tests.program import DEADLINE, Server, credentials, wait_for

_Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


@pytest.fixture(scope="module", params=["nginx", "haproxy"])
def proxy(
    request: pytest.FixtureRequest,
    replicas: tuple[Server, Server],
    gateway: Gateway,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Proxy]:
    ports = {8484: replicas[0].port, 4000: gateway.port}
    with Proxy(request.param, "beside-a-gateway", ports, tmp_path_factory.mktemp("proxy")) as running:
        yield running


def _ask(port: int, target: str, method: str = "GET", source: str = "127.0.0.1") -> _Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE, source_address=(source, 0))
    try:
        connection.request(method, target, headers=credentials(KEY))
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def test_the_list_comes_from_callsheet_under_every_name_it_has(proxy: Proxy) -> None:
    for target in (
        *("/v1/models", "/v1/models?limit=3", "/v1/models/", "/v1/v1/models", "/v1/v1/models/?limit=2"),
        *("//v1/models", "/v1//models", "/v1/models//", "/v1//v1/models", "/v1/v1//models", "//v1//v1//models//"),
    ):
        status, headers, body = _ask(proxy.port, target)
        assert (status, headers["request-id"][:6]) == (200, "req_01"), (target, body)
        assert json.loads(body)["data"], target


@pytest.mark.parametrize("written", [SLASHED, ENCODED, ENCODED.replace("%2F", "%2f")])
@pytest.mark.parametrize("prefix", ["/v1/models/", "/v1/v1/models/"])
def test_an_id_with_slashes_arrives_as_it_was_written(
    proxy: Proxy, replicas: tuple[Server, Server], prefix: str, written: str
) -> None:
    status, headers, body = _ask(proxy.port, prefix + written)
    assert (status, json.loads(body).get("id")) == (200, SLASHED), body
    line = f'"request_id":"{headers["request-id"]}"'
    logged = wait_for(
        lambda: next((json.loads(each) for each in replicas[0].stdout.splitlines() if line in each), None),
        "the line of the access log",
    )
    assert logged["path"] == prefix + written


@pytest.mark.parametrize("name", UNUSUAL)
@pytest.mark.parametrize("prefix", ["/v1/models/", "//v1//models/"])
def test_an_id_of_any_kind_arrives(proxy: Proxy, prefix: str, name: str) -> None:
    status, _, body = _ask(proxy.port, prefix + quote(name, safe=""))
    assert (status, json.loads(body).get("id")) == (200, name), body


@pytest.mark.parametrize(
    "target",
    ["/v1/messages", "/v1/model", "/v1/modelsx", "/v1/modelsx/y", "/models", "/v2/models", "/", "/x/v1/models"],
)
def test_everything_else_goes_to_the_other_gateway_as_it_was_written(proxy: Proxy, target: str) -> None:
    asked = f"{target}?a=%2F&b=c%20d"
    status, _, body = _ask(proxy.port, asked)
    assert (status, json.loads(body)) == (200, {"gateway": asked})


def test_head_is_answered_without_a_body(proxy: Proxy) -> None:
    _, of_get, body = _ask(proxy.port, "/v1/models?limit=5")
    status, of_head, nothing = _ask(proxy.port, "/v1/models?limit=5", "HEAD")
    assert (status, nothing) == (200, b"")
    assert of_head["content-length"] == of_get["content-length"] == str(len(body))


def test_a_long_list_comes_whole(proxy: Proxy, replicas: tuple[Server, Server]) -> None:
    _, _, direct = _ask(replicas[0].port, "/v1/models?limit=1000")
    status, headers, body = _ask(proxy.port, "/v1/models?limit=1000")
    assert status == 200
    assert len(body) > 2_000_000
    assert body == direct
    assert headers["content-length"] == str(len(body))


def test_the_access_log_names_the_client_and_not_the_proxy(proxy: Proxy, replicas: tuple[Server, Server]) -> None:
    _, headers, _ = _ask(proxy.port, "/v1/models?limit=1", source="127.0.0.2")
    line = f'"request_id":"{headers["request-id"]}"'
    logged = wait_for(
        lambda: next((json.loads(each) for each in replicas[0].stdout.splitlines() if line in each), None),
        "the line of the access log",
    )
    assert logged["client"] == "127.0.0.2"


def test_messages_are_streamed(proxy: Proxy, gateway: Gateway) -> None:
    gateway.let_go.clear()
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=DEADLINE)
    connection.request("POST", "/v1/messages", body=b"{}", headers={"content-type": "application/json"})
    response = connection.getresponse()
    assert response.readline() == b"data: first\n"  # the second is not even made yet
    gateway.let_go.set()
    assert response.read() == b"\ndata: second\n\n"
    connection.close()

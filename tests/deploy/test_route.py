"""What ``callsheet route`` prints, in the real proxies: the list goes to Callsheet, the rest to the gateway."""

import hashlib
import http.client
import json
import socket
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.deploy.asking import ask
from tests.deploy.conftest import ENCODED, KEY, SLASHED, UNUSUAL
from tests.deploy.gateway import Gateway
from tests.deploy.proxies import ROUTED, Proxy, routed
from tests.program import DEADLINE, Server, wait_for
from tests.tiers import first

PREFIX = "/anthropic"

#: Under these the list is found.
LISTS = (
    *("/v1/models", "/v1/models?limit=3", "/v1/models/", "/v1/v1/models", "/v1/v1/models/?limit=2"),
    *("//v1/models", "/v1//models", "/v1/models//", "/v1//v1/models", "/v1/v1//models", "//v1//v1//models//"),
)

#: What is the gateway's, with each method that the list has, too.
OTHERS = (
    *("/v1/messages", "/v1/messages/count_tokens", "/v1/model", "/v1/modelsX", "/v1/models-other", "/v1/modelsX/y"),
    *("/v1%2Fmodels", "/v1/model%73", "/models", "/v2/models", "/", "/x/v1/models", "/anthropicX/v1/models"),
    *(
        "/anthropic/messages",
        "/x?y=/v1/models",
        "/v1/files/a%2Fb",
        "/anthropic/x/v1/models",
        "/a/anthropic/v1/models",
    ),
)

#: What changes something is the gateway's wherever it goes.
CHANGING = ("POST", "PUT", "PATCH", "DELETE")


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


@pytest.fixture(scope="module", params=first(ROUTED, 2))
def proxy(
    request: pytest.FixtureRequest,
    replicas: tuple[Server, Server],
    gateway: Gateway,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("p")
    with routed(request.param, replicas[0].port, gateway.port, folder, [PREFIX, "/b.c"]) as running:
        wait_for(lambda: ask(running.port, "/v1/models?limit=1").by == "callsheet", "it to have found Callsheet")
        yield running


def _logged(server: Server, request_id: str) -> dict[str, str]:
    """The line of the access log about a request."""
    line = f'"request_id":"{request_id}"'
    return wait_for(
        lambda: next((json.loads(each) for each in server.stdout.splitlines() if line in each), None),
        "the line of the access log",
    )


@pytest.mark.parametrize("prefix", ["", PREFIX, "/b.c"])
def test_the_list_comes_from_callsheet_under_every_name_it_has(proxy: Proxy, prefix: str) -> None:
    for target in LISTS:
        answer = ask(proxy.port, prefix + target)
        assert (answer.status, answer.by) == (200, "callsheet"), (target, answer)
        assert answer.json["data"], target


@pytest.mark.parametrize("prefix", ["", PREFIX])
def test_the_list_is_asked_for_with_get_head_and_options(proxy: Proxy, prefix: str) -> None:
    for target in (*LISTS, f"/v1/models/{ENCODED}", "/v1/models/claude?beta=true"):
        for method in ("GET", "HEAD", "OPTIONS"):
            assert ask(proxy.port, prefix + target, method).by == "callsheet", (method, target)


@pytest.mark.parametrize("method", CHANGING)
def test_whatever_changes_something_goes_to_the_gateway(proxy: Proxy, method: str) -> None:
    for target in (*LISTS, f"/v1/models/{ENCODED}", f"{PREFIX}/v1/models", f"{PREFIX}/v1/models/{ENCODED}"):
        answer = ask(proxy.port, target, method, body=b"{}")
        assert (answer.by, answer.json["gateway"], answer.json["method"]) == ("gateway", target, method)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_everything_else_goes_to_the_gateway_as_it_was_written(proxy: Proxy, method: str) -> None:
    for target in OTHERS:
        asked = f"{target}{'&' if '?' in target else '?'}a=%2F&b=c%20d"
        answer = ask(proxy.port, asked, method)
        assert (answer.status, answer.by) == (200, "gateway"), (asked, answer)
        if method != "HEAD":
            assert answer.json["gateway"] == asked


@pytest.mark.parametrize("written", [SLASHED, ENCODED, ENCODED.replace("%2F", "%2f")])
def test_an_id_with_slashes_arrives_as_it_was_written(
    proxy: Proxy, replicas: tuple[Server, Server], written: str
) -> None:
    for prefix in ("/v1/models/", "/v1/v1/models/", f"{PREFIX}/v1/models/"):
        answer = ask(proxy.port, prefix + written)
        assert (answer.status, answer.json.get("id")) == (200, SLASHED), answer
        logged = _logged(replicas[0], answer.headers["request-id"])
        assert logged["path"] == prefix.removeprefix(PREFIX) + written


@pytest.mark.parametrize("prefix", ["/v1/models/", "//v1//models/", f"{PREFIX}/v1/models/"])
def test_an_id_of_any_kind_arrives(proxy: Proxy, prefix: str) -> None:
    for name in UNUSUAL:
        answer = ask(proxy.port, prefix + quote(name, safe=""))
        assert (answer.status, answer.json.get("id")) == (200, name), answer


def test_head_is_answered_without_a_body(proxy: Proxy) -> None:
    of_get = ask(proxy.port, "/v1/models?limit=5")
    of_head = ask(proxy.port, "/v1/models?limit=5", "HEAD")
    assert (of_head.status, of_head.body) == (200, b"")
    assert of_head.headers["content-length"] == of_get.headers["content-length"] == str(len(of_get.body))


def test_a_list_that_is_asked_for_with_a_body_is_answered(proxy: Proxy) -> None:
    answer = ask(proxy.port, "/v1/models?limit=1", body=b"{}")
    assert (answer.status, answer.by) == (200, "callsheet")


def test_a_long_list_comes_whole(proxy: Proxy, replicas: tuple[Server, Server]) -> None:
    direct = ask(replicas[0].port, "/v1/models?limit=1000")
    answer = ask(proxy.port, "/v1/models?limit=1000")
    assert (answer.status, answer.by) == (200, "callsheet")
    assert len(answer.body) > 2_000_000
    assert answer.body == direct.body


def test_an_error_of_callsheet_stays_as_it_is(proxy: Proxy) -> None:
    unknown = ask(proxy.port, "/v1/models/no-such-model")
    wrong = ask(proxy.port, "/v1/models?limit=x")
    refused = ask(proxy.port, "/v1/models", headers={"x-api-key": "sk-wrong"})
    assert [(each.status, each.by) for each in (unknown, wrong, refused)] == [
        (404, "callsheet"),
        (400, "callsheet"),
        (401, "callsheet"),
    ]


def test_callsheet_and_the_gateway_learn_who_the_client_is(
    proxy: Proxy, gateway: Gateway, replicas: tuple[Server, Server]
) -> None:
    answer = ask(proxy.port, "/v1/models?limit=1", source="127.0.0.2")
    assert _logged(replicas[0], answer.headers["request-id"])["client"] == "127.0.0.2"
    sent = {"x-request-id": "req-of-the-client", "x_with_underscore": "kept", "authorization": "Bearer sk-a"}
    headers = ask(proxy.port, "/v1/files", headers=sent, source="127.0.0.2").json["headers"]
    assert sent.items() <= headers.items()
    assert headers["x-api-key"] == KEY
    assert headers["host"] == f"127.0.0.1:{gateway.port}"
    assert headers["x-forwarded-for"] == "127.0.0.2"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-host"] == f"127.0.0.1:{proxy.port}"


def test_messages_are_streamed(proxy: Proxy, gateway: Gateway) -> None:
    gateway.let_go.clear()
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=DEADLINE)
    connection.request("POST", "/v1/messages", body=b"{}", headers={"content-type": "application/json"})
    response = connection.getresponse()
    assert response.readline() == b"data: first\n"  # the second is not even made yet
    gateway.let_go.set()
    assert response.read().endswith(b"\ndata: second\n\n")
    connection.close()


def test_a_client_that_leaves_ends_its_message(proxy: Proxy, gateway: Gateway) -> None:
    gateway.let_go.clear()
    gateway.left.clear()
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=DEADLINE)
    connection.request("POST", "/v1/messages", body=b"{}", headers={"content-type": "application/json"})
    response = connection.getresponse()
    assert response.readline() == b"data: first\n"
    response.close()
    connection.close()
    assert gateway.left.wait(DEADLINE)
    gateway.let_go.set()


def test_an_upload_arrives_whole(proxy: Proxy) -> None:
    body = bytes(range(256)) * 20_480
    answer = ask(proxy.port, "/v1/files", "POST", body=body).json
    assert (answer["bytes"], answer["digest"]) == (5_242_880, hashlib.sha256(body).hexdigest())


def test_an_upload_is_not_held_until_it_is_whole(proxy: Proxy, gateway: Gateway) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=DEADLINE)
    connection.putrequest("POST", "/v1/files")
    connection.putheader("content-length", "200000")
    connection.endheaders()
    before = gateway.received
    connection.send(b"a" * 100_000)
    gateway.wait_for_bytes(before + 50_000)  # the rest is not even sent yet
    connection.send(b"a" * 100_000)
    assert json.load(connection.getresponse())["bytes"] == 200_000
    connection.close()


def test_a_websocket_of_the_gateway_passes(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), DEADLINE) as caller:
        caller.sendall(
            b"GET /v1/realtime HTTP/1.1\r\nhost: test\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
            b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        with caller.makefile("rb") as answer:
            assert answer.readline().startswith(b"HTTP/1.1 101 ")
            while answer.readline() != b"\r\n":
                pass
            caller.sendall(b"hello\n")
            assert answer.readline() == b"hello\n"


def test_no_key_is_logged_by_the_proxy(proxy: Proxy) -> None:
    ask(proxy.port, "/v1/models?limit=1")
    ask(proxy.port, "/v1/files")
    assert KEY not in proxy.stdout + proxy.stderr

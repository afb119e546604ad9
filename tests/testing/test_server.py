"""The server of the double: real HTTP, for whatever a client sends."""

import gc
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import pytest

from callsheet.domain.errors import ServeError
from callsheet.testing import ModelsAPI
from tests.api.states import ask
from tests.http.plain import replies
from tests.program import wait_for

SECONDS: Final = 30


@pytest.fixture
def api() -> Iterator[ModelsAPI]:
    with ModelsAPI() as started:
        yield started


class Line:
    """A connection, byte by byte."""

    def __init__(self, api: ModelsAPI) -> None:
        host, _, port = api.url.removeprefix("http://").rpartition(":")
        self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS)

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_about: object) -> None:
        self.socket.close()

    def send(self, *chunks: bytes) -> None:
        for chunk in chunks:
            self.socket.sendall(chunk)

    def rest(self) -> bytes:
        """Everything until the server closes."""
        received = b""
        while chunk := self.socket.recv(65536):
            received += chunk
        return received


def plain(target: str = "/v1/models?limit=1", *lines: str, method: str = "GET") -> bytes:
    head = [f"{method} {target} HTTP/1.1", "host: test", "anthropic-version: 2023-06-01"]
    return "\r\n".join([*head, *lines, "", ""]).encode()


KEY: Final = "x-api-key: sk-cs-for-tests-and-nothing-else"
CLOSE: Final = "connection: close"


def test_answers_are_those_of_the_contract(api: ModelsAPI) -> None:
    targets = ["/v1/models", "/v1/v1/models/claude-opus-4-5", "/v1/models?limit=0", "/nowhere", "/v1/models/%ff"]
    for target in targets:
        with Line(api) as line:
            line.send(plain(target, KEY, CLOSE))
            (reply,) = replies(line.rest())
        path, _, query = target.encode().partition(b"?")
        headers = [(b"x-api-key", api.api_key.encode()), (b"anthropic-version", b"2023-06-01")]
        expected = ask(api.state, path, query, headers)
        for header, value in expected.headers:
            if header != b"request-id":
                assert reply.headers[header.decode()] == value.decode()
        assert reply.headers.keys() - {name.decode() for name, _ in expected.headers} == {"date", "Connection"}
        assert reply.status == expected.status
        found, wanted = json.loads(reply.body), json.loads(expected.body)
        assert found == (wanted | {"request_id": found["request_id"]} if "request_id" in wanted else wanted)


def test_a_connection_takes_many_requests_in_one_go_or_in_pieces(api: ModelsAPI) -> None:
    requests = plain("/v1/models?limit=1", KEY) + plain("/v1/models/x", KEY) + plain("/v1/models", KEY, CLOSE)
    with Line(api) as whole, Line(api) as pieces:
        whole.send(requests)
        pieces.send(*(requests[start : start + 7] for start in range(0, len(requests), 7)))
        answers = [[reply.status for reply in replies(line.rest())] for line in (whole, pieces)]
    assert answers == [[200, 404, 200], [200, 404, 200]]


def test_the_next_request_waits_for_a_delayed_answer(api: ModelsAPI) -> None:
    api.fail(delay=0.05, status=500)
    with Line(api) as line:
        line.send(plain("/v1/models", KEY) + plain("/v1/models", KEY, CLOSE))
        assert [reply.status for reply in replies(line.rest())] == [500, 200]


def test_head_has_the_headers_of_get_and_no_body(api: ModelsAPI) -> None:
    with Line(api) as line:
        line.send(plain("/v1/models", KEY, CLOSE, method="HEAD"))
        (head,) = replies(line.rest(), to_head=True)
    with Line(api) as line:
        line.send(plain("/v1/models", KEY, CLOSE))
        (got,) = replies(line.rest())
    assert head.body == b""
    assert {**head.headers, "request-id": ""} == {**got.headers, "request-id": ""}


def test_head_has_no_body_in_a_refusal_either_and_what_follows_has(api: ModelsAPI) -> None:
    for large in ("x: " + "y" * 33_000, "content-length: 70000"):
        with Line(api) as line:
            line.send(plain("/v1/models", KEY, method="HEAD"), plain("/v1/models", large, method="HEAD"))
            assert [reply.status // 100 for reply in replies(line.rest(), to_head=True)] == [2, 4]
    with Line(api) as line:
        line.send(plain("/v1/models", KEY, method="HEAD"), b"nonsense\r\n\r\n")
        head, _, rest = line.rest().partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert replies(rest)[0].error[1] == "invalid_request_error"


def test_what_has_been_had_already_is_not_sent_again(api: ModelsAPI) -> None:
    with Line(api) as line:
        line.send(plain("/v1/models", KEY, "if-none-match: *", CLOSE))
        (reply,) = replies(line.rest())
    assert (reply.status, reply.body) == (304, b"")


def test_another_method_is_refused_and_its_body_read(api: ModelsAPI) -> None:
    body = b'{"id":"x"}'
    with Line(api) as line:
        line.send(plain("/v1/models", KEY, f"content-length: {len(body)}", "expect: 100-continue", method="POST"))
        assert line.socket.recv(100).startswith(b"HTTP/1.1 100 ")
        line.send(body, plain("/v1/models", KEY, CLOSE))
        assert [reply.status for reply in replies(line.rest())] == [405, 200]


def test_a_client_of_http_1_0_is_answered_and_let_go(api: ModelsAPI) -> None:
    with Line(api) as line:
        line.send(plain("/v1/models", KEY).replace(b"HTTP/1.1", b"HTTP/1.0"))
        (reply,) = replies(line.rest())
    assert reply.status == 200


@pytest.mark.parametrize(
    ("sent", "status", "kind"),
    [
        (b"nonsense\r\n\r\n", 400, "invalid_request_error"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "invalid_request_error"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400, "invalid_request_error"),
        (plain("/v1/models", "x: " + "y" * 50_000), 431, "request_too_large"),
        (plain("/v1/models?x=" + "y" * 9_000), 414, "request_too_large"),
        (plain("/v1/models", "content-length: 70000", method="POST") + b"x" * 70_000, 413, "request_too_large"),
        (plain("/v1/models", "content-length: 70000", "expect: 100-continue"), 413, "request_too_large"),
        (plain("/", "transfer-encoding: chunked") + b"11170\r\n" + b"x" * 70_000, 413, "request_too_large"),
    ],
    ids=["nonsense", "no host", "two hosts", "large headers", "long url", "large body", "announced", "in chunks"],
)
def test_what_cannot_be_taken_is_answered_in_the_envelope(
    api: ModelsAPI, sent: bytes, status: int, kind: str
) -> None:
    with Line(api) as line:
        line.send(sent)
        line.socket.shutdown(socket.SHUT_WR)
        (reply,) = replies(line.rest())
    assert (reply.status, reply.error[1]) == (status, kind)


def test_who_sends_far_too_much_is_heard_out_and_gets_the_answer(api: ModelsAPI) -> None:
    """Closed at once, the connection would break under what is still being sent, and the answer with it."""
    with Line(api) as line:
        line.send(plain("/v1/models", "content-length: 9000000", method="POST"), b"x" * 9_000_000)
        (reply,) = replies(line.rest())
    assert reply.status == 413


def test_a_caller_that_has_sent_everything_still_gets_a_late_response(api: ModelsAPI) -> None:
    api.fail(delay=0.05, status=500)
    with Line(api) as line:
        line.send(plain("/v1/models", KEY) + plain("/v1/models", KEY))
        line.socket.shutdown(socket.SHUT_WR)
        assert [reply.status for reply in replies(line.rest())] == [500, 200]


def test_a_request_as_it_is_sent_to_a_proxy_is_answered_too(api: ModelsAPI) -> None:
    with Line(api) as line:
        line.send(plain("http://models.test/v1/models?limit=1", KEY, CLOSE))
        (reply,) = replies(line.rest())
    assert reply.status == 200
    assert (api.last_request.path, api.last_request.query) == ("/v1/models", {"limit": ["1"]})


def test_a_delay_passes_though_the_tests_have_frozen_time(api: ModelsAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    monkeypatch.setattr("callsheet.testing.server.monotonic", time.monotonic)  # as freezegun does it
    api.fail(delay=0.01)
    with Line(api) as line:
        line.send(plain("/v1/models", KEY, CLOSE))
        (reply,) = replies(line.rest())
    assert reply.status == 200


def test_a_stop_ends_open_connections_and_pending_answers_at_once(api: ModelsAPI) -> None:
    api.fail(delay=3600, on="list")
    with Line(api) as idle, Line(api) as waiting, Line(api) as half:
        waiting.send(plain("/v1/models", KEY))
        half.send(b"GET /v1/mod")
        idle.send(plain("/v1/models/x", KEY))
        assert idle.socket.recv(12) == b"HTTP/1.1 404"
        wait_for(lambda: api.faults[0].used, "the request that is to wait")
        api.stop()
        for line in (waiting, half):
            with suppress(ConnectionResetError):
                assert line.rest() == b""
    assert [thread.name for thread in threading.enumerate() if thread.name == "callsheet-double"] == []


def test_a_stop_leaves_no_connection_behind_however_new_it_is() -> None:
    for _ in range(100):
        with ModelsAPI() as api:
            lines = [Line(api) for _ in range(3)]
        for line in lines:
            line.socket.close()
    gc.collect()  # a socket that was forgotten complains now, and pytest makes an error of it


def test_it_listens_on_ipv6_where_there_is_any() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with ModelsAPI(host="::1") as api:
        assert api.url.startswith("http://[::1]:")
        with Line(api) as line:
            line.send(plain("/v1/models", KEY, CLOSE))
            assert replies(line.rest())[0].status == 200


def test_an_address_that_is_taken_is_refused(api: ModelsAPI) -> None:
    port = int(api.url.rpartition(":")[2])
    with pytest.raises(ServeError) as refused:
        ModelsAPI(port=port).start()
    assert str(refused.value) == (
        f"Cannot listen on 127.0.0.1 port {port}: Address already in use; choose another host or port."
    )

"""Whatever goes wrong on one side reaches the other as what it is, and nothing is sent twice."""

import json
import socket
from contextlib import suppress
from typing import Any

import pytest

from tests.doors import HTTPDoor
from tests.http.forward.conftest import StartServer
from tests.http.forward.double import OK, End, GatewayDouble, Head, client_of, request
from tests.program import wait_for

_STREAM = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def refusal(client: End) -> tuple[int, dict[str, Any], Head]:
    """Status, envelope and head of an answer that the server gives itself, behind any informational heads."""
    while (head := client.head()).status < 200:
        pass
    return head.status, json.loads(client.exactly(int(head.get(b"content-length") or b"0"))), head


def failures(server: HTTPDoor) -> dict[str, int]:
    """How often what went wrong so far."""
    assert server.app.forward is not None
    return {str(reason): count for reason, count in server.app.forward.metrics.failures.items() if count}


def test_a_client_that_leaves_amid_a_stream_ends_the_connection_to_the_gateway(
    server: HTTPDoor, gateway: GatewayDouble
) -> None:
    before = failures(server).get("cancelled", 0)
    with client_of(server.port) as client:
        client.send(request(body=b"{}"))
        end = gateway.accept()
        end.head()
        end.exactly(2)
        end.send(_STREAM + b"1\r\na\r\n")
        client.until(b"1\r\na\r\n")
    end.is_cut()
    wait_for(lambda: failures(server).get("cancelled") == before + 1)


def test_a_client_that_leaves_before_an_answer_ends_the_connection_to_the_gateway(
    server: HTTPDoor, gateway: GatewayDouble
) -> None:
    with client_of(server.port) as client:
        client.send(request(body=b"{}"))
        end = gateway.accept()
        end.head()
        end.exactly(2)
    end.is_cut()


def test_a_client_that_leaves_amid_its_body_ends_the_connection_to_the_gateway(
    server: HTTPDoor, gateway: GatewayDouble
) -> None:
    with client_of(server.port) as client:
        client.send(request("POST /x", "content-length: 10") + b"abc")
        end = gateway.accept()
        end.head()
        assert end.exactly(3) == b"abc"
    end.is_cut()


def test_a_client_that_leaves_while_it_is_not_read_is_noticed_all_the_same(
    server: HTTPDoor, gateway: GatewayDouble
) -> None:
    metrics = server.app.forward.metrics  # type: ignore[union-attr]
    with client_of(server.port) as client:
        client.send(request("POST /x", f"content-length: {2**30}"))
        gateway.accept().head()  # which then reads no more
        client.socket.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                client.socket.send(bytes(65536))
        assert metrics.open == 1
        client.reset()
    wait_for(lambda: not metrics.open)


@pytest.mark.parametrize("resets", [False, True])
def test_an_answer_in_chunks_that_breaks_off_has_no_end(
    server: HTTPDoor, gateway: GatewayDouble, resets: bool
) -> None:
    before = failures(server).get("broken", 0)
    with client_of(server.port) as client:
        client.send(request())
        end = gateway.accept()
        end.head()
        end.send(_STREAM + b"3\r\nabc\r\n")
        client.until(b"abc\r\n")
        end.reset() if resets else end.close()
        assert client.rest() == b""
    wait_for(lambda: failures(server).get("broken") == before + 1)


def test_an_answer_of_known_length_that_breaks_off_stays_short(server: HTTPDoor, gateway: GatewayDouble) -> None:
    with client_of(server.port) as client:
        client.send(request())
        end = gateway.accept()
        end.head()
        end.send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
        end.close()
        client.head()
        assert client.rest() == b"abc"


def test_an_answer_that_ends_with_the_connection_and_breaks_off_ends_by_a_reset(
    server: HTTPDoor, gateway: GatewayDouble
) -> None:
    with client_of(server.port) as client:
        client.send(request())
        end = gateway.accept()
        end.head()
        end.send(b"HTTP/1.1 200 OK\r\n\r\nabc")
        client.until(b"abc")
        end.reset()
        assert client.is_cut()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
def test_a_gateway_that_closes_before_it_answers_is_a_502(
    server: HTTPDoor, gateway: GatewayDouble, answer: bytes
) -> None:
    with client_of(server.port) as client:
        client.send(request(body=b"{}"))
        end = gateway.accept()
        end.head()
        end.exactly(2)
        end.send(answer)
        end.close()
        if b" 100 " in answer:
            assert client.head().status == 100
        status, envelope, head = refusal(client)
        assert status == 502
        assert envelope["error"]["type"] == "api_error"
        assert envelope["error"]["message"].startswith("The gateway closed the connection before it answered")
        assert envelope["request_id"].encode() == head.get(b"request-id")


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1, 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\n",
        b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: a\r\n b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx : a\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: a\x00b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: a\rb: c\r\n\r\n",
        b"HTTP/1.1 200 O\x00K\r\n\r\n",
        b"HTTP/1.1 99 Odd\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"a" * 70_000,
        b"HTTP/1.1 200 OK\r\n" + b"x: a\r\n" * 11_000 + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3_000,
    ],
)
def test_an_answer_that_is_not_valid_http_is_a_502(server: HTTPDoor, gateway: GatewayDouble, answer: bytes) -> None:
    with client_of(server.port) as client:
        client.send(request())
        end = gateway.accept()
        end.head()
        end.send(answer)
        status, envelope, _ = refusal(client)
        assert (status, envelope["error"]["type"]) == (502, "api_error")
        assert "not valid HTTP/1.1" in envelope["error"]["message"]
        end.is_cut()


@pytest.mark.parametrize("more", [b"zz\r\n", b"-1\r\n", b"3\r\nabcde\r\n", b"1;" + b"e" * 200_000])
def test_a_stream_that_becomes_invalid_breaks_off(server: HTTPDoor, gateway: GatewayDouble, more: bytes) -> None:
    with client_of(server.port) as client:
        client.send(request())
        end = gateway.accept()
        end.head()
        end.send(_STREAM + b"3\r\nabc\r\n")
        client.until(b"abc\r\n")
        with suppress(OSError):  # it may be cut before all is sent
            end.send(more)
        assert b"0\r\n" not in client.rest()


def test_what_a_gateway_sends_behind_its_answer_reaches_no_one(server: HTTPDoor, gateway: GatewayDouble) -> None:
    with client_of(server.port) as client:
        client.send(request("GET /first"))
        end = gateway.accept()
        end.head()
        end.send(
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged"
        )
        client.head()
        assert client.exactly(2) == b"ok"
        client.send(request("GET /second"))
        other = gateway.accept()
        other.head()
        other.send(OK)
        client.head()
        assert client.exactly(2) == b"ok"


def test_a_kept_connection_over_which_anything_arrives_is_not_used_again(
    server: HTTPDoor, gateway: GatewayDouble
) -> None:
    with client_of(server.port) as client:
        end = _keep_a_connection(client, gateway)
        end.send(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged")
        end.is_cut()
        client.send(request())
        other = gateway.accept()
        other.head()
        other.send(OK)
        client.head()
        assert client.exactly(2) == b"ok"


@pytest.mark.parametrize(("begun", "closes"), [(b"", True), (b"a", False)])
def test_an_answer_in_place_of_100_ends_the_connection_unless_the_body_has_begun_to_arrive(
    server: HTTPDoor, gateway: GatewayDouble, begun: bytes, closes: bool
) -> None:
    with client_of(server.port) as client:
        client.send(request("POST /x", "expect: 100-continue", "content-length: 3") + begun)
        end = gateway.accept()
        end.head()
        end.exactly(len(begun))
        end.send(b"HTTP/1.1 417 No\r\ncontent-length: 2\r\n\r\nno")
        head = client.head()
        assert (head.get(b"connection") == b"close") is closes
        assert client.exactly(2) == b"no"
        if closes:
            assert client.rest() == b"", "else a client that sends no body would lose its next request"
        assert end.rest() == b""


def test_a_request_that_only_reads_is_sent_again_if_a_kept_connection_ends_before_an_answer(
    server: HTTPDoor, gateway: GatewayDouble
) -> None:
    with client_of(server.port) as client:
        end = _keep_a_connection(client, gateway)
        client.send(request("GET /x"))
        end.head()
        end.close()
        other = gateway.accept()
        assert other.head().first == b"GET /x HTTP/1.1"
        other.send(OK)
        assert client.head().status == 200


@pytest.mark.parametrize(
    ("line", "body"), [("POST /x", b"1"), ("POST /x", b""), ("GET /x", b"1"), ("DELETE /x", b"")]
)
def test_no_other_request_is_ever_sent_twice(
    server: HTTPDoor, gateway: GatewayDouble, line: str, body: bytes
) -> None:
    with client_of(server.port) as client:
        end = _keep_a_connection(client, gateway)
        client.send(request(line, body=body))
        end.head()
        end.exactly(len(body))
        end.close()
        assert refusal(client)[0] == 502
        assert not gateway.has_connection()


def test_a_request_is_not_sent_again_once_anything_was_answered(server: HTTPDoor, gateway: GatewayDouble) -> None:
    with client_of(server.port) as client:
        end = _keep_a_connection(client, gateway)
        client.send(request("GET /x"))
        end.head()
        end.send(b"HTTP/1.1 2")
        end.close()
        assert refusal(client)[0] == 502
        assert not gateway.has_connection()


def _keep_a_connection(client: End, gateway: GatewayDouble) -> End:
    client.send(request("GET /warm"))
    end = gateway.accept()
    end.head()
    end.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    client.head()
    client.exactly(2)
    return end


def test_a_gateway_that_is_away_is_a_502_in_the_words_of_each_dialect(start_server: StartServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    server = start_server(gateway=url)
    with client_of(server.port) as client:
        client.send(request("POST /v1/messages", "anthropic-version: 2023-06-01", "x-api-key: k", body=b"{}"))
        status, envelope, head = refusal(client)
        assert status == 502
        assert envelope == {
            "type": "error",
            "error": {"type": "api_error", "message": "The gateway cannot be reached; try again later"},
            "request_id": (head.get(b"request-id") or b"").decode(),
        }
        client.send(request("POST /v1/chat/completions", "authorization: Bearer k", body=b"{}"))
        status, envelope, head = refusal(client)
        assert (status, list(envelope), list(envelope["error"])) == (
            502,
            ["error"],
            ["message", "type", "param", "code"],
        )
        assert head.get(b"x-request-id")
        client.send(request("HEAD /"))
        assert client.head().status == 502
    assert failures(server) == {"away": 3}


def test_a_gateway_that_stays_silent_is_a_504_and_a_stream_that_does_breaks_off(
    start_server: StartServer, gateway: GatewayDouble
) -> None:
    server = start_server(forward_idle_seconds=1)
    with client_of(server.port) as client, client_of(server.port) as other:
        client.send(request(body=b"{}"))
        end = gateway.accept()
        end.head()
        other.send(request())
        streaming = gateway.accept()
        streaming.head()
        streaming.send(_STREAM + b"1\r\na\r\n")
        status, envelope, _ = refusal(client)
        assert (status, envelope["error"]["type"]) == (504, "timeout_error")
        end.is_cut()
        other.head()
        assert other.rest() == b"1\r\na\r\n"
        streaming.is_cut()
    assert failures(server) == {"silent": 2}


def test_a_client_that_stops_amid_its_body_is_a_408(start_server: StartServer, gateway: GatewayDouble) -> None:
    server = start_server(forward_idle_seconds=1)
    with client_of(server.port) as client:
        client.send(request("POST /x", "content-length: 10") + b"abc")
        end = gateway.accept()
        status, envelope, _ = refusal(client)
        assert (status, envelope["error"]["type"]) == (408, "timeout_error")
        end.is_cut()
    assert failures(server) == {"slow": 1}


def test_one_request_too_many_is_refused_and_lists_are_not(
    start_server: StartServer, gateway: GatewayDouble
) -> None:
    server = start_server(forward_max_requests=1)
    with client_of(server.port) as client, client_of(server.port) as other:
        client.send(request())
        end = gateway.accept()
        end.head()
        other.send(request(body=b"x" * 100_000))
        status, envelope, _ = refusal(other)
        assert (status, envelope["error"]["type"]) == (529, "overloaded_error")
        assert server.get("/v1/models").status == 200
        end.send(OK)
        client.head()
        wait_for(lambda: not server.app.forward.metrics.open)  # type: ignore[union-attr]
        other.send(request())
        again = gateway.accept()
        again.head()
        again.send(OK)
        assert other.head().status == 200


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        (
            request("GET /v1/realtime", "connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13"),
            400,
            "WebSocket",
        ),
        (
            request("POST /x", "connection: upgrade", "upgrade: h2c", body=b"abc"),
            400,
            "HTTP/1.1 without an upgrade",
        ),
        (request("TRACE /x"), 501, "TRACE"),
        (request("GET /x#y"), 400, "characters"),
        (request("GET /x", "via: 1.0 fred, 1.1 CALLSHEET (0.1)"), 508, "back to Callsheet"),
        (request("POST /x", "transfer-encoding: gzip, chunked") + b"0\r\n\r\n", 400, "transfer-encoding"),
    ],
)
def test_what_cannot_be_forwarded_is_refused_in_a_sentence(
    server: HTTPDoor, gateway: GatewayDouble, asked: bytes, status: int, words: str
) -> None:
    with client_of(server.port) as client:
        client.send(asked)
        answered, envelope, _ = refusal(client)
        assert answered == status
        assert words in envelope["error"]["message"]
        assert not gateway.has_connection()


def test_an_offer_of_another_version_of_http_is_not_taken(server: HTTPDoor, gateway: GatewayDouble) -> None:
    with client_of(server.port) as client:
        client.send(
            request("GET /x", "connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: AAMA")
        )
        end = gateway.accept()
        head = end.head()
        assert {head.get(name) for name in (b"upgrade", b"connection", b"http2-settings")} == {None}
        end.send(OK)
        assert client.head().status == 200

"""No request hides another one: what two servers could read differently never reaches the gateway."""

from contextlib import suppress

import pytest

from tests.doors import HTTPDoor
from tests.http.forward.double import GatewayDouble, client_of, request

_BODY = b"0\r\n\r\n"


@pytest.mark.parametrize(
    "asked",
    [
        request("POST /x", "content-length: 5", "transfer-encoding: chunked") + _BODY,
        request("POST /x", "transfer-encoding: chunked", "content-length: 5") + _BODY,
        request("POST /x", "content-length: 5", "content-length: 6") + _BODY,
        request("POST /x", "content-length: 5", "content-length: 5") + _BODY,
        request("POST /x", "content-length: 5, 5") + _BODY,
        request("POST /x", "content-length: +5") + _BODY,
        request("POST /x", "content-length: 0x5") + _BODY,
        request("POST /x", "content-length: 5 5") + _BODY,
        request("POST /x", "content-length:") + _BODY,
        request("POST /x", "transfer-encoding: chunked, chunked") + _BODY,
        request("POST /x", "transfer-encoding: chunked", "transfer-encoding: identity") + _BODY,
        request("POST /x", "transfer-encoding: xchunked") + _BODY,
        request("POST /x", "transfer-encoding : chunked") + _BODY,
        request("POST /x", "transfer-encoding: \x0bchunked") + _BODY,
        request("POST /x", "x: a", " transfer-encoding: chunked") + _BODY,
        request("POST /x", "x: a\r transfer-encoding: chunked") + _BODY,
        request("POST /x", "x: a\ntransfer-encoding: chunked") + _BODY,
        request("POST /x", "x\x00: a") + _BODY,
        request("POST /x", "x: a\x00b") + _BODY,
        request("POST /x", "host: other") + _BODY,
        b"POST /x HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" + _BODY,
        b"POST /x\r\n\r\n",
        b"POST /x y HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /x HTTP/1.1\r\n host: x\r\n\r\n",
        b"POST /x\x00 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /\xff HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST http://other/x HTTP/1.1\r\nhost: x\r\n\r\n",
        b"CONNECT other:443 HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
)
def test_a_request_that_servers_may_read_differently_never_reaches_the_gateway(
    server: HTTPDoor, gateway: GatewayDouble, asked: bytes
) -> None:
    with client_of(server.port) as client:
        client.send(asked)
        assert client.head().status in (400, 404, 405, 501)
        assert not gateway.has_connection()


@pytest.mark.parametrize(
    "broken", [b"zz\r\n", b"3\r\nabcX\r\n0\r\n\r\n", b"1\nx\r\n", b"-1\r\n", b"1 ;x\r\n", b"0\r\nx y\r\n\r\n"]
)
def test_a_body_with_a_broken_chunk_never_becomes_complete_at_the_gateway(
    server: HTTPDoor, gateway: GatewayDouble, broken: bytes
) -> None:
    with client_of(server.port) as client:
        client.send(request("POST /x", "transfer-encoding: chunked") + b"3\r\nabc\r\n")
        end = gateway.accept()
        end.head()
        end.until(b"3\r\nabc\r\n")
        client.send(broken)
        assert client.head().status == 400
        end.is_cut()
        assert b"0\r\n\r\n" not in end.received


def test_a_broken_chunk_ends_an_answer_that_has_begun(server: HTTPDoor, gateway: GatewayDouble) -> None:
    with client_of(server.port) as client:
        client.send(request("POST /x", "transfer-encoding: chunked") + b"3\r\nabc\r\n")
        end = gateway.accept()
        end.head()
        end.send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
        client.until(b"abc")
        client.send(b"zz\r\n")
        client.is_cut()
        end.is_cut()


@pytest.mark.parametrize(
    "body", [b"1;" + b"e" * 100_000, b"0\r\n" + b"x: a\r\n" * 20_000, b"0\r\nx: " + b"a" * 100_000]
)
def test_what_surrounds_the_chunks_of_a_body_is_bounded(
    server: HTTPDoor, gateway: GatewayDouble, body: bytes
) -> None:
    with client_of(server.port) as client:
        client.send(request("POST /x", "transfer-encoding: chunked"))
        end = gateway.accept()
        end.head()
        with suppress(OSError):  # the connection may end before all is sent
            client.send(body)
        assert client.head().status in (413, 431)
        end.is_cut()


def test_the_next_request_begins_where_the_body_ends(server: HTTPDoor, gateway: GatewayDouble) -> None:
    hidden = request("GET /hidden")
    with client_of(server.port) as client:
        client.send(request("POST /x", body=hidden) + request("GET /v1/models"))
        end = gateway.accept()
        end.head()
        assert end.exactly(len(hidden)) == hidden
        end.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        client.until(b"\r\n\r\nok")
        assert client.head().status == 401
        assert not gateway.has_connection()

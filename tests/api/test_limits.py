"""Section 5: what the HTTP server itself refuses, byte by byte, is refused in the envelope too."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.doors import Door, HTTPDoor, Reply, reading

pytestmark = pytest.mark.parametrize("door", ["http", "plain-http"], indirect=True)

LIST = b"GET /v1/models HTTP/1.1\r\n"
HOST = b"Host: localhost\r\n"
LAST = HOST + b"Connection: close\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
BROKEN = (400, "invalid_request_error", "Invalid HTTP request")
NO_HOST = (400, "invalid_request_error", "Host: exactly one header is required")


def exchange(door: Door, *pieces: bytes) -> list[Reply]:
    """All replies to what is sent on one connection, until the server closes it."""
    assert isinstance(door, HTTPDoor)
    with socket.create_connection(("127.0.0.1", door.port), timeout=30) as connection:
        received = b""
        with suppress(ConnectionError):  # it may close while there is more to come
            for piece in pieces:
                connection.sendall(piece)
        with suppress(ConnectionError):
            while got := connection.recv(65536):
                received += got
    return list(parse(received))


def parse(received: bytes) -> Iterator[Reply]:
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", "0"))
        yield Reply(int(status.split()[1]), headers, received[:length])
        received = received[length:]


def refusal(door: Door, *pieces: bytes) -> tuple[int, str, str]:
    """The one error that the server answers before it closes the connection."""
    (reply,) = exchange(door, *pieces)
    assert reply.headers["connection"] == "close"
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-should-retry"] == "false"
    assert reply.headers["cache-control"] == "private, no-cache"
    return reply.error


def too_large(status: int, what: str, limit: int) -> tuple[int, str, str]:
    return status, "request_too_large", f"{what} the limit of {limit} bytes"


@reading
@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET /v1/models HTTP/9.9\r\n" + LAST + b"\r\n",
        b"GET /v1/models FTP/1.1\r\n" + LAST + b"\r\n",
        b"GET /v1 /models HTTP/1.1\r\n" + LAST + b"\r\n",
        "GET /v1/models/é HTTP/1.1\r\n".encode() + LAST + b"\r\n",
        LIST + LAST + b"no colon\r\n\r\n",
        LIST + LAST + b"x\x00y: z\r\n\r\n",
        LIST + LAST + b"x: y\x00z\r\n\r\n",
        LIST + LAST + b"Content-Length: many\r\n\r\n",
        LIST + LAST + b"Content-Length: -1\r\n\r\n",
        LIST + LAST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        LIST + LAST + b"Content-Length: 1\r\n" + CHUNKED + b"0\r\n\r\n",
        LIST + LAST + CHUNKED + b"zz\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET http://localhost?a=1 HTTP/1.1\r\n" + LAST + b"\r\n",
        b"GET http://localhost?a=" + b"%61" * 200 + b" HTTP/1.1\r\n" + LAST + b"\r\n",
    ],
    ids=range(18),
)
def test_a_broken_request_is_refused_in_the_envelope(door: Door, sent: bytes) -> None:
    assert refusal(door, sent) == BROKEN


@reading
@pytest.mark.parametrize("hosts", [b"", HOST * 2, HOST + b"host: other\r\n"])
def test_a_request_that_does_not_name_one_host_is_refused(door: Door, hosts: bytes) -> None:
    assert refusal(door, LIST + hosts + b"\r\n") == NO_HOST


@reading
def test_http_1_0_needs_no_host(door: Door) -> None:
    (reply,) = exchange(door, b"GET /v1/models HTTP/1.0\r\n\r\n")
    assert reply.error == (401, "authentication_error", "x-api-key header is required")


@reading
def test_a_huge_url_is_refused(door: Door) -> None:
    for length in (8193, 20_000, 1_000_000):
        url = b"/v1/models?".ljust(length, b"x")
        assert refusal(door, b"GET %b HTTP/1.1\r\n%b\r\n" % (url, LAST)) == too_large(414, "URL exceeds", 8192)


@reading
def test_a_huge_header_is_refused(door: Door) -> None:
    for length in (32_768, 100_000, 1_000_000):
        sent = LIST + LAST + b"x-much: " + b"y" * length + b"\r\n\r\n"
        assert refusal(door, sent) == too_large(431, "Headers exceed", 32768)


@reading
def test_many_headers_are_refused(door: Door) -> None:
    for count in (6000, 100_000):
        sent = LIST + LAST + b"x-a: b\r\n" * count + b"\r\n"
        assert refusal(door, sent) == too_large(431, "Headers exceed", 32768)


@reading
def test_a_head_that_never_ends_is_refused(door: Door) -> None:
    for endless in (LIST + LAST + b"x-much: ", LIST + LAST + b"x" * 100, b"GET /v1/models?"):
        ((status, kind, _),) = [refusal(door, endless, *[b"y" * 10_000] * 20)]
        assert (status in (414, 431), kind) == (True, "request_too_large")


@reading
def test_a_body_that_says_it_is_huge_is_refused_before_it_is_sent(door: Door) -> None:
    for length in (65_537, 10**12):
        sent = LIST + LAST + b"Content-Length: %d\r\n\r\n" % length
        assert refusal(door, sent) == too_large(413, "Body exceeds", 65536)


@reading
def test_a_huge_body_is_refused_when_it_is_sent_along(door: Door) -> None:
    sent = LIST + LAST + b"Content-Length: 70000\r\n\r\n"
    assert refusal(door, sent + b"x" * 70_000) == too_large(413, "Body exceeds", 65536)


def test_a_chunked_body_that_comes_at_once_and_is_too_large_is_refused(door: Door) -> None:
    door.set_up(max_body_bytes=1000)
    sent = LIST + LAST + CHUNKED + b"7d0\r\n" + b"x" * 2000 + b"\r\n0\r\n\r\n"
    assert refusal(door, sent) == too_large(413, "Body exceeds", 1000)


@reading
def test_a_chunked_body_that_never_ends_ends_the_connection_after_one_answer(door: Door) -> None:
    pieces = [b"1000\r\n" + b"x" * 4096 + b"\r\n"] * 1000
    (reply,) = exchange(door, LIST + HOST + CHUNKED, *pieces)
    assert reply.status in (401, 413)  # whichever comes first: no answer needs the body


@reading
def test_a_small_body_is_ignored(door: Door) -> None:
    for more in (b"Content-Length: 5\r\n\r\nhello", CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"):
        (reply,) = exchange(door, LIST + LAST + more)
        assert reply.error[0] == 401


def test_limits_are_settings(door: Door) -> None:
    door.set_up(max_url_bytes=256, max_header_bytes=1024, max_body_bytes=0)
    assert refusal(door, b"GET /%b HTTP/1.1\r\n%b\r\n" % (b"x" * 256, LAST)) == too_large(414, "URL exceeds", 256)
    assert refusal(door, LIST + LAST + b"x: " + b"y" * 1024 + b"\r\n\r\n") == too_large(431, "Headers exceed", 1024)
    assert refusal(door, LIST + LAST + b"Content-Length: 1\r\n\r\n") == too_large(413, "Body exceeds", 0)


@reading
def test_requests_in_a_row_are_answered_in_order(door: Door) -> None:
    key = b"x-api-key: %b\r\nanthropic-version: 2023-06-01\r\n" % door.secret.encode()
    sent = b"".join(b"GET /v1/models?limit=%d HTTP/1.1\r\n%b%b\r\n" % (limit, HOST, key) for limit in (1, 2, 3))
    replies = exchange(door, sent + b"GET /v1/nothing HTTP/1.1\r\n" + LAST + b"\r\n")
    assert [len(reply.json["data"]) for reply in replies[:3]] == [1, 2, 3]
    assert replies[3].error == (404, "not_found_error", "Not found")
    assert len(replies) == 4


@reading
def test_a_good_request_is_answered_although_a_broken_one_follows(door: Door) -> None:
    first, *others = exchange(door, LIST + HOST + b"\r\n" + b"nonsense\r\n\r\n")
    assert first.error[0] == 401
    assert [reply.error for reply in others] in ([], [BROKEN])


@reading
def test_a_broken_request_gets_no_second_hearing(door: Door) -> None:
    assert refusal(door, b"nonsense\r\n\r\n" + LIST + LAST + b"\r\n") == BROKEN


@reading
def test_the_server_goes_on_after_every_refusal(door: Door) -> None:
    for sent in (b"nonsense\r\n\r\n", LIST + b"\r\n", LIST + LAST + CHUNKED + b"zz\r\n"):
        refusal(door, sent)
        assert door.get("/v1/models").status == 200


@reading
def test_a_websocket_is_answered_as_if_it_were_none(door: Door) -> None:
    upgrade = HOST + b"Connection: close, upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n"
    (reply,) = exchange(door, LIST + upgrade)
    assert reply.error[0] == 401

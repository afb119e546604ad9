"""Messages that are sent here by mistake: the caller learns where they go, however large they are."""

import http.client
import json
import socket
from collections.abc import Iterable

import pytest

from tests.doors import Door, Headers, HTTPDoor, Reply, reading

PATHS = (
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/messages/batches",
    "/v1/messages?beta=true",
    "/v1/messages/",
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/complete",
    "/v1/responses",
    "/v1/responses/resp_1",
    "/v1/embeddings",
    "/v1/v1/messages",
    "//v1//chat/completions",
)
MESSAGE = "Not found: Callsheet serves the list of models only (GET /v1/models); send messages to your gateway"

over_http = pytest.mark.parametrize("door", ["http", "plain-http"], indirect=True)


@reading
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_every_path_of_messages_is_a_404_that_says_where_they_go(door: Door, method: str) -> None:
    for target in PATHS:
        for headers in (door.credentials(), [("x-api-key", "sk-wrong")], []):
            reply = door.ask(method, target, headers)
            assert reply.error == (404, "not_found_error", MESSAGE), target
            assert reply.headers["x-should-retry"] == "false"


@reading
def test_an_openai_client_reads_it_in_its_own_envelope(door: Door) -> None:
    for target in PATHS:
        reply = door.ask("POST", target, {"authorization": f"Bearer {door.secret}"})
        assert reply.status == 404
        assert reply.json == {"error": {"message": MESSAGE, "type": "not_found_error", "param": None, "code": None}}


@reading
def test_a_head_has_no_body(door: Door) -> None:
    reply = door.ask("HEAD", "/v1/messages")
    assert (reply.status, reply.body) == (404, b"")


def post(door: Door, target: str, body: bytes | Iterable[bytes], headers: Headers = ()) -> list[Reply]:
    """The replies to a message, and to a list that is asked for over the same connection if that is still open."""
    assert isinstance(door, HTTPDoor)
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=30)
    replies = []
    try:
        for method, path, content in (("POST", target, body), ("GET", "/v1/models", None)):
            chunked = content is not None and not isinstance(content, bytes)
            connection.request(method, path, content, dict(headers), encode_chunked=chunked)
            response = connection.getresponse()
            answered = {name.lower(): value for name, value in response.getheaders()}
            replies.append(Reply(response.status, answered, response.read()))
    finally:
        connection.close()
    return replies


@reading
@over_http
@pytest.mark.parametrize("size", [100, 65_536, 65_537, 5_000_000])
def test_a_message_of_any_ordinary_size_gets_its_404_and_the_connection_goes_on(door: Door, size: int) -> None:
    body = json.dumps({"stream": True, "text": "x" * size}).encode()
    bearer = {"authorization": f"Bearer {door.secret}", "content-type": "application/json"}
    refused, listed = post(door, "/v1/chat/completions", body, bearer)
    assert (refused.status, refused.json["error"]["message"]) == (404, MESSAGE)
    assert listed.status == 200


@reading
@over_http
def test_a_message_in_chunks_gets_its_404(door: Door) -> None:
    refused, listed = post(door, "/v1/messages", (b"x" * 10_000 for _ in range(100)), dict(door.credentials()))
    assert refused.error == (404, "not_found_error", MESSAGE)
    assert listed.status == 200


@over_http
def test_a_prefix_that_a_proxy_leaves_on_changes_nothing(door: Door) -> None:
    door.set_up(root_path="/anthropic")
    refused, _ = post(door, "/anthropic/v1/messages", b"x" * 200_000, dict(door.credentials()))
    assert refused.error == (404, "not_found_error", MESSAGE)


@reading
@over_http
def test_any_other_request_may_have_no_such_body(door: Door) -> None:
    assert isinstance(door, HTTPDoor)
    for path, length, limit in (("/v1/models", 65_537, 65_536), ("/v1/messages", 2**25 + 1, 2**25)):
        with socket.create_connection(("127.0.0.1", door.port), timeout=30) as connection:
            connection.sendall(
                f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode()
            )
            received = b""
            while got := connection.recv(65536):
                received += got
        assert received.startswith(b"HTTP/1.1 413 ")
        assert f"Body exceeds the limit of {limit} bytes".encode() in received

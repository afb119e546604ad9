"""What is forwarded arrives as it was sent, in both directions, byte for byte where it matters."""

import pytest

from tests.doors import HTTPDoor
from tests.http.forward.conftest import StartServer
from tests.http.forward.double import OK, GatewayDouble, client_of, dechunked, request
from tests.program import wait_for


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/v1/messages?beta=true",
        "/v1/messages/count_tokens",
        "/v1/chat/completions?a=%2F&b=%zz&&c",
        "/v1/files/a%2Fb%2fc",
        "//x//y/",
        "/x/../y/./z",
        "/%e2%82%ac/%",
        "/v1/models-other",
        "/openapi.json",
        "/x?",
        "/" + "%41" * 300,
    ],
)
def test_path_and_query_reach_the_gateway_byte_for_byte(
    server: HTTPDoor, gateway: GatewayDouble, target: str
) -> None:
    with client_of(server.port) as client:
        client.send(request(f"GET {target}"))
        end = gateway.accept()
        assert end.head().first == f"GET {target} HTTP/1.1".encode()
        end.send(OK)
        end.close()
        assert client.head().status == 200


def test_a_request_reaches_the_gateway_with_everything_that_is_not_about_one_connection(
    server: HTTPDoor, gateway: GatewayDouble
) -> None:
    with client_of(server.port) as client:
        client.send(
            request(
                "POST /v1/messages",
                "authorization: Bearer sk-secret",
                "x-api-key: other",
                "anthropic-beta: a",
                "anthropic-beta: b",
                "accept-encoding: gzip, br",
                "te: gzip",
                "keep-alive: timeout=5",
                "proxy-connection: keep-alive",
                "connection: keep-alive, X-Hop",
                "x-hop: 1",
                "x-odd: \xe9\t!",
                body=b'{"a": 1}',
            )
        )
        end = gateway.accept()
        head = end.head()
        assert end.exactly(8) == b'{"a": 1}'
        assert sorted(head.lines) == sorted(
            [
                f"host: 127.0.0.1:{gateway.port}".encode(),
                b"authorization: Bearer sk-secret",
                b"x-api-key: other",
                b"anthropic-beta: a",
                b"anthropic-beta: b",
                b"accept-encoding: gzip, br",
                b"x-odd: \xe9\t!",
                b"x-forwarded-for: 127.0.0.1",
                b"x-forwarded-proto: http",
                b"x-forwarded-host: callsheet",
                b"via: 1.1 callsheet",
                b"content-length: 8",
            ]
        )
        end.send(OK)
        end.close()
        assert client.head().status == 200


def test_an_answer_comes_back_as_the_gateway_gave_it(server: HTTPDoor, gateway: GatewayDouble) -> None:
    with client_of(server.port) as client:
        client.send(request("DELETE /v1/files/1"))
        end = gateway.accept()
        end.head()
        end.send(
            b"HTTP/1.1 418 I'm a Teapot\r\nX-Case: Kept\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n"
            b"Connection: x-hop, close\r\nx-hop: 1\r\nKeep-Alive: timeout=5\r\nContent-Encoding: gzip\r\n"
            b"date: Thu, 01 Jan 1970 00:00:00 GMT\r\nlocation: http://elsewhere/\r\nContent-Length: 3\r\n\r\n"
            b"\x1f\x8b\x00"
        )
        end.close()
        head = client.head()
        assert head.first == b"HTTP/1.1 418 I'm a Teapot"
        assert head.lines == [
            b"X-Case: Kept",
            b"set-cookie: a=1",
            b"set-cookie: b=2",
            b"Content-Encoding: gzip",
            b"date: Thu, 01 Jan 1970 00:00:00 GMT",
            b"location: http://elsewhere/",
            b"Content-Length: 3",
        ]
        assert client.exactly(3) == b"\x1f\x8b\x00"


def test_each_chunk_of_a_stream_arrives_before_the_next_is_sent(server: HTTPDoor, gateway: GatewayDouble) -> None:
    with client_of(server.port) as client:
        client.send(request(body=b"{}"))
        end = gateway.accept()
        end.head()
        end.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        assert client.head().get(b"transfer-encoding") == b"chunked"
        for number in range(20):
            event = b"data: %d\n\n" % number
            end.send(b"%x\r\n%b\r\n" % (len(event), event))
            assert client.until(event + b"\r\n").endswith(event + b"\r\n")
        end.send(b"0\r\n\r\n")
        assert client.until(b"0\r\n\r\n") == b"0\r\n\r\n"
        end.close()


def test_trailers_pass_in_both_directions_but_for_those_that_no_trailer_may_be(
    server: HTTPDoor, gateway: GatewayDouble
) -> None:
    with client_of(server.port) as client:
        client.send(
            request("POST /x", "transfer-encoding: chunked", "te: trailers", "connection: te", "trailer: x-sum")
            + b"3\r\nabc\r\n0\r\nx-sum: 1\r\nauthorization: Bearer no\r\n\r\n"
        )
        end = gateway.accept()
        head = end.head()
        assert (head.get(b"te"), head.get(b"connection"), head.get(b"trailer")) == (b"trailers", b"te", b"x-sum")
        assert end.until(b"0\r\n") == b"3\r\nabc\r\n0\r\n"
        assert end.until(b"\r\n\r\n") == b"x-sum: 1\r\n\r\n"
        end.send(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n"
            b"0\r\nX-Sum: 2\r\nset-cookie: no\r\n\r\n"
        )
        client.head()
        assert client.until(b"\r\n\r\n") == b"2\r\nok\r\n0\r\nX-Sum: 2\r\n\r\n"
        end.close()


def test_chunks_of_a_body_are_passed_on_as_they_arrive(server: HTTPDoor, gateway: GatewayDouble) -> None:
    with client_of(server.port) as client:
        client.send(request("POST /x", "transfer-encoding: chunked") + b"3;ext=1\r\nabc\r\n")
        end = gateway.accept()
        end.head()
        assert end.until(b"abc\r\n") == b"3\r\nabc\r\n"
        client.send(b"2\r\nde\r\n0\r\n\r\n")
        assert end.until(b"0\r\n\r\n") == b"2\r\nde\r\n0\r\n\r\n"
        end.send(OK)
        assert client.head().status == 200
        end.close()


def test_the_client_sends_its_body_when_the_gateway_says_continue(server: HTTPDoor, gateway: GatewayDouble) -> None:
    with client_of(server.port) as client:
        client.send(request("POST /x", "expect: 100-continue", "content-length: 3"))
        end = gateway.accept()
        assert end.head().get(b"expect") == b"100-continue"
        end.send(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        assert client.head().lines == [b"link: </x>"]
        assert client.head().first == b"HTTP/1.1 100 Continue"
        client.send(b"abc")
        assert end.exactly(3) == b"abc"
        end.send(OK)
        assert client.head().status == 200
        end.close()


def test_a_refusal_in_place_of_continue_arrives_without_the_body(server: HTTPDoor, gateway: GatewayDouble) -> None:
    with client_of(server.port) as client:
        client.send(request("POST /x", "expect: 100-continue", "content-length: 3"))
        end = gateway.accept()
        end.head()
        end.send(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n")
        assert client.head().status == 401
        assert end.rest() == b""


@pytest.mark.parametrize(
    ("method", "answer", "lines", "is_kept"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n", [b"content-length: 7"], False),
        ("HEAD", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", [], False),
        ("HEAD", b"HTTP/1.1 200 OK\r\n\r\n", [], False),
        (
            "GET",
            b"HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\netag: x\r\n\r\n",
            [b"content-length: 7", b"etag: x"],
            False,
        ),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", [], True),
        ("GET", b"HTTP/1.1 204 No Content\r\ncontent-length: 7\r\n\r\n", [], False),
        ("GET", b"HTTP/1.1 304 Not Modified\r\n\r\n", [], True),
        ("POST", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", [b"content-length: 0"], True),
        ("OPTIONS", b"HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", [b"content-length: 0"], True),
    ],
)
def test_the_next_request_follows_an_answer_without_a_body_and_over_another_connection_if_one_may_come(
    server: HTTPDoor, gateway: GatewayDouble, method: str, answer: bytes, lines: list[bytes], is_kept: bool
) -> None:
    with client_of(server.port) as client:
        client.send(request(f"{method} /x"))
        end = gateway.accept()
        end.head()
        end.send(answer)
        assert [line for line in client.head().lines if not line.startswith(b"date")] == lines
        client.send(request("GET /next"))
        if not is_kept:
            assert end.rest() == b""
            end = gateway.accept()
        assert end.head().first == b"GET /next HTTP/1.1"
        end.send(OK)
        assert client.head().status == 200
        end.close()


def test_an_answer_without_a_length_ends_with_the_connection(server: HTTPDoor, gateway: GatewayDouble) -> None:
    with client_of(server.port) as client:
        client.send(request("GET /x"))
        end = gateway.accept()
        end.head()
        end.send(b"HTTP/1.0 200 OK\r\n\r\nall")
        end.close()
        assert client.head().get(b"connection") == b"close"
        assert client.rest() == b"all"


def test_a_client_of_http_1_0_gets_an_answer_that_it_can_read(server: HTTPDoor, gateway: GatewayDouble) -> None:
    with client_of(server.port) as client:
        client.send(b"GET /x HTTP/1.0\r\nhost: callsheet\r\n\r\n")
        end = gateway.accept()
        assert end.head().first == b"GET /x HTTP/1.1"
        end.send(b"HTTP/1.1 100 Continue\r\n\r\n" + b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        end.send(b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n")
        head = client.head()
        assert (head.get(b"transfer-encoding"), head.get(b"connection")) == (None, b"close")
        assert client.rest() == b"abc"
        end.close()


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
def test_other_methods_on_the_paths_of_models_go_to_the_gateway(
    server: HTTPDoor, gateway: GatewayDouble, method: str
) -> None:
    with client_of(server.port) as client:
        client.send(request(f"{method} /v1/models/x"))
        end = gateway.accept()
        assert end.head().first == f"{method} /v1/models/x HTTP/1.1".encode()
        end.send(OK)
        end.close()
        assert client.head().status == 200


@pytest.mark.parametrize("target", ["/v1/models", "/v1/models/claude-x", "/healthz", "/readyz", "/metrics"])
def test_the_models_api_and_the_pages_about_this_server_stay_here(
    server: HTTPDoor, gateway: GatewayDouble, target: str
) -> None:
    with client_of(server.port) as client:
        client.send(request(f"GET {target}"))
        assert client.head().status in (200, 401)
        assert not gateway.has_connection()


def test_a_list_behind_a_forwarded_request_is_answered_in_its_turn(
    server: HTTPDoor, gateway: GatewayDouble
) -> None:
    with client_of(server.port) as client:
        client.send(
            request("POST /x", body=b"1") + request("GET /v1/models") + request("POST /y", body=b"2") + b"\r\n"
        )
        first = gateway.accept()
        first.head()
        first.send(OK)
        first.close()
        assert client.head().status == 200
        assert client.exactly(2) == b"ok"
        refused = client.head()
        assert refused.status == 401
        client.exactly(int(refused.get(b"content-length") or b""))
        second = gateway.accept()
        assert second.head().first == b"POST /y HTTP/1.1"
        assert second.exactly(1) == b"2"
        second.send(OK)
        second.close()
        assert client.head().status == 200


def test_requests_follow_each_other_over_a_connection_that_is_kept(
    server: HTTPDoor, gateway: GatewayDouble
) -> None:
    with client_of(server.port) as client, client_of(server.port) as other:
        end = None
        for caller in (client, other, client):
            caller.send(request(body=b"{}"))
            end = end or gateway.accept()
            end.head()
            assert end.exactly(2) == b"{}"
            end.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            caller.head()
            caller.exactly(2)
        assert end is not None
        assert not gateway.has_connection()
        end.close()


def test_a_prefix_that_requests_arrive_under_is_removed_and_that_of_the_gateway_put_before(
    start_server: StartServer, gateway: GatewayDouble
) -> None:
    server = start_server(gateway=f"{gateway.url}/llm/v1/", root_path="/anthropic")
    with client_of(server.port) as client:
        client.send(request("GET /anthropic/v1/messages?x"))
        end = gateway.accept()
        assert end.head().first == b"GET /llm/v1/messages?x HTTP/1.1"
        end.send(OK)
        end.close()
        assert client.head().status == 200


def test_a_compressed_body_in_many_chunks_arrives_whole(server: HTTPDoor, gateway: GatewayDouble) -> None:
    content = bytes(range(256)) * 300
    with client_of(server.port) as client:
        client.send(request("GET /x", "connection: close"))
        end = gateway.accept()
        end.head()
        end.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-encoding: br\r\n\r\n")
        for start in range(0, len(content), 1000):
            piece = content[start : start + 1000]
            end.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        end.send(b"0\r\n\r\n")
        assert client.head().get(b"content-encoding") == b"br"
        assert dechunked(client.rest()) == content
        end.close()


def test_what_was_forwarded_is_counted(server: HTTPDoor, gateway: GatewayDouble) -> None:
    metrics = server.app.forward.metrics  # type: ignore[union-attr]
    wait_for(lambda: not metrics.open)
    before = metrics.figures()
    with client_of(server.port) as client:
        client.send(request(body=b"12345"))
        end = gateway.accept()
        end.head()
        assert metrics.open == 1
        end.send(OK)
        end.close()
        client.head()
        wait_for(lambda: not metrics.open)
    after = metrics.figures()
    changed = {
        (series.name.removeprefix("callsheet_forward_"), *(text for _, text in series.labels)): after[series]
        - value
        for series, value in before.items()
        if after[series] != value and "first_byte" not in series.name
    }
    assert changed == {
        ("requests_total", "2xx"): 1,
        ("bytes_total", "to_gateway"): 5,
        ("bytes_total", "from_gateway"): 2,
    }

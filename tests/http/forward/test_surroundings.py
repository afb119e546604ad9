"""Around forwarding: TLS to the gateway, the access log, the limits on time, and where it may be turned on."""

import asyncio
import json
import ssl
from contextlib import closing, suppress
from pathlib import Path

import pytest
import trustme

from callsheet.domain.errors import SettingsError
from callsheet.http.app import create_app
from callsheet.settings import LogFormat, Settings
from tests.doors import HTTPDoor
from tests.http.forward.conftest import StartServer
from tests.http.forward.double import OK, End, GatewayDouble, client_of, request
from tests.installation import Installation
from tests.program import wait_for


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_side(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


def test_a_gateway_with_tls_is_reached_if_its_authority_is_named_as_for_the_client(
    start_server: StartServer,
    gateway: GatewayDouble,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "own.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    server = start_server(gateway=f"https://localhost:{gateway.port}/v1")
    with client_of(server.port) as client:
        client.send(request(body=b"{}"))
        end = End(server_side(authority).wrap_socket(gateway.accept().socket, server_side=True))
        with closing(end):
            head = end.head()
            assert head.get(b"host") == f"localhost:{gateway.port}".encode()
            assert head.get(b"x-forwarded-proto") == b"http"
            assert end.exactly(2) == b"{}"
            end.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n")
            client.head()
            assert client.until(b"ok\r\n") == b"2\r\nok\r\n"
        assert client.rest() == b""


def test_a_gateway_whose_certificate_is_not_trusted_gets_no_request(
    start_server: StartServer, gateway: GatewayDouble, authority: trustme.CA
) -> None:
    server = start_server(gateway=f"https://localhost:{gateway.port}")
    with client_of(server.port) as client:
        client.send(request("POST /v1/messages", "x-api-key: sk-secret", body=b"{}"))
        accepted = gateway.accept()
        with pytest.raises(ssl.SSLError):
            server_side(authority).wrap_socket(accepted.socket, server_side=True)
        assert client.head().status == 502


def test_proxies_that_the_environment_names_are_not_used(
    start_server: StartServer, gateway: GatewayDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server = start_server()
    with client_of(server.port) as client:
        client.send(request())
        end = gateway.accept()
        end.head()
        end.send(OK)
        assert client.head().status == 200


def test_the_access_log_has_a_line_for_each_request_without_its_query_and_its_credentials(
    installation: Installation, gateway: GatewayDouble, capfd: pytest.CaptureFixture[str]
) -> None:
    server = HTTPDoor(installation)
    server.set_up(gateway=gateway.url, forward=True, access_log=LogFormat.JSON)
    with client_of(server.port) as client:
        client.send(
            request(
                "POST /v1/x/sk-ant-0123456789abcdef?key=AIza-secret", "authorization: Bearer hidden", body=b"prompt"
            )
        )
        end = gateway.accept()
        end.head()
        end.exactly(6)
        end.send(OK)
        client.head()
        client.exactly(2)
        client.send(request("GET /v1/realtime", "connection: upgrade", "upgrade: websocket"))
        client.head()
    with client_of(server.port) as client:
        client.send(request("POST /v1/messages"))
        end = gateway.accept()
        end.head()
    end.is_cut()
    metrics = server.app.forward.metrics  # type: ignore[union-attr]
    wait_for(lambda: not metrics.open)
    server.close()
    written = capfd.readouterr().out
    lines = [json.loads(line) for line in written.splitlines()]
    assert [(line["method"], line["path"], line["status"], line["client"]) for line in lines] == [
        ("POST", "/v1/x/sk-***", 200, "127.0.0.1"),
        ("GET", "/v1/realtime", 400, "127.0.0.1"),
        ("POST", "/v1/messages", 499, "127.0.0.1"),
    ]
    assert lines[0]["bytes"] == 2
    for secret in ("AIza", "hidden", "prompt", "0123456789abcdef"):
        assert secret not in written


def test_the_limits_on_time_of_other_requests_do_not_end_a_forwarded_one(
    server: HTTPDoor, gateway: GatewayDouble
) -> None:
    with client_of(server.port) as client:
        client.send(request("POST /x", "content-length: 4") + b"ab")
        end = gateway.accept()
        end.head()
        end.exactly(2)
        end.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n")
        client.until(b"1\r\na\r\n")
        (connection,) = [each for each in server.server.config.connections if each.forwarding]  # type: ignore[attr-defined]
        checked = asyncio.run_coroutine_threadsafe(_check_time(connection), connection.loop)
        checked.result()
        client.send(b"cd")
        assert end.exactly(2) == b"cd"
        end.send(b"1\r\nb\r\n0\r\n\r\n")
        assert client.until(b"0\r\n\r\n") == b"1\r\nb\r\n0\r\n\r\n"


async def _check_time(connection: object) -> None:
    """Do what the sweep does, in a year."""
    connection.check_time(asyncio.get_running_loop().time() + 365 * 86400, 1.0)  # type: ignore[attr-defined]


def test_another_server_than_ours_cannot_forward(tmp_path: Path) -> None:
    settings = Settings(database=f"sqlite:///{tmp_path / 'c.db'}", gateway="http://127.0.0.1:9", forward=True)
    with pytest.raises(SettingsError, match="under callsheet serve only"):
        create_app(settings)
    assert not (tmp_path / "c.db").exists()


def test_more_open_files_are_asked_for_with_more_requests_under_way(start_server: StartServer) -> None:
    few, many = start_server(forward_max_requests=1), start_server(forward_max_requests=1_001)
    assert few.app.forward is not None
    assert many.app.forward is not None
    assert many.app.forward.max_files - few.app.forward.max_files == 1_000


def test_a_client_that_leaves_before_the_gateway_is_reached_has_nothing_sent(
    start_server: StartServer,
    gateway: GatewayDouble,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "own.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    server = start_server(gateway=f"https://localhost:{gateway.port}")
    connections = server.server.config.connections  # type: ignore[attr-defined]  # it is a ServerConfig
    with client_of(server.port) as client:
        client.send(request(body=b"{}"))
        accepted = gateway.accept()  # and TLS is not begun yet
    wait_for(lambda: all(each.has_hung_up for each in list(connections)))
    received = b""
    tls = server_side(authority)
    with suppress(OSError), closing(tls.wrap_socket(accepted.socket, server_side=True)) as end:
        received = end.recv(65536)
    assert received == b""
    assert server.app.forward is not None
    assert not server.app.forward.metrics.to_gateway

"""SIGTERM and SIGINT: what is being answered is finished, then the program ends with 0."""

import http.client
import json
import shutil
import signal
import socket
from pathlib import Path

import pytest

from tests.installation import Installation, make_model
from tests.program import DEADLINE, Program, Server, credentials, wait_for
from tests.tiers import first

SIGNALS = pytest.mark.parametrize("number", first([signal.SIGTERM, signal.SIGINT]))


KEY = "sk-test-0123456789abcdef"


@pytest.fixture
def database(installation: Installation) -> Path:
    """The file of an installation with a key, whose secret is `KEY`."""
    installation.key(secret=KEY)
    return Path(installation.url.removeprefix("sqlite:///"))


@pytest.fixture(scope="module")
def large(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with `add_many`; nobody changes it."""
    path = tmp_path_factory.mktemp("large") / "callsheet.db"
    shutil.copy(_template, path)
    installation = Installation(f"sqlite:///{path}")
    installation.key(secret=KEY)
    add_many(installation)
    return path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_without_work_ends_at_once_with_0(database: Path, number: signal.Signals) -> None:
    with Server(database) as server:
        assert server.stop(number) == 0
        assert server.stderr == ""


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGTERM, "1"), (signal.SIGINT, "2")])
def test_a_signal_right_after_the_announcement_is_heeded(
    database: Path, number: signal.Signals, workers: str
) -> None:
    with Program("serve", "--port", "0", "--database", f"sqlite:///{database}", "--workers", workers) as server:
        server.printed("Callsheet serves ")
        assert server.stop(number) == 0
        assert server.stderr == ""


@SIGNALS
def test_an_answer_that_is_read_slowly_is_finished(large: Path, number: signal.Signals) -> None:
    with Server(large) as server, socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.settimeout(DEADLINE)
        reader.connect((server.host, server.port))
        reader.sendall(request("/v1/models?limit=1000"))
        begun = reader.recv(1000)
        assert begun.startswith(b"HTTP/1.1 200 ")
        server.send(number)
        wait_until_refused(server)
        assert server.process.poll() is None  # it waits for this reader
        rest = b"".join(iter(lambda: reader.recv(1 << 20), b""))
        _, _, body = (begun + rest).partition(b"\r\n\r\n")
        assert len(json.loads(body)["data"]) == 1000
        assert server.ended() == 0
        assert server.stderr == ""


def test_a_reader_that_never_reads_is_not_waited_for_longer_than_set(large: Path) -> None:
    with Server(large, "--shutdown-seconds", "1") as server, socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect((server.host, server.port))
        reader.sendall(request("/v1/models?limit=1000"))
        assert reader.recv(12) == b"HTTP/1.1 200"
        assert server.stop() == 0


@SIGNALS
def test_a_request_whose_body_is_half_sent_is_answered(database: Path, number: signal.Signals) -> None:
    with Server(database) as server, socket.create_connection((server.host, server.port), DEADLINE) as caller:
        caller.sendall(request("/v1/models", "content-length: 2") + b"{")
        assert server.get("/healthz")[0] == 200  # the server has seen what was sent before
        server.send(number)
        wait_until_refused(server)
        caller.sendall(b"}")
        response = http.client.HTTPResponse(caller)
        response.begin()
        assert response.status == 200
        assert json.load(response)["data"]
        assert server.ended() == 0


@SIGNALS
def test_idle_connections_are_closed(database: Path, number: signal.Signals) -> None:
    with Server(database, "--shutdown-seconds", "600") as server:
        used, unused, half = server.connect(), server.connect(), server.connect()
        used.request("GET", "/v1/models", headers=credentials(KEY))
        assert used.getresponse().read()
        unused.connect()
        half.connect()
        half.sock.sendall(b"GET /v1/models HTTP/1.1\r\nx-api-key:")
        assert server.get("/healthz")[0] == 200
        assert server.stop(number) == 0
        for connection in (used, unused, half):
            assert connection.sock.recv(1) == b""
            connection.close()


def test_the_same_port_can_be_taken_again_at_once(database: Path) -> None:
    with Server(database) as server:
        port = server.port
        connection = server.connect()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        assert server.stop() == 0
        connection.close()
    with Server(database, "--port", str(port)) as server:
        assert server.port == port


def add_many(installation: Installation) -> None:
    """Models whose list is more than all buffers between two sockets hold."""
    capabilities = {f"capability_{number:020}": {"supported": False} for number in range(200)}
    installation.add_at_once(make_model(f"m{number}", capabilities=capabilities) for number in range(1000))


def request(target: str, *headers: str) -> bytes:
    """A request as it goes over the wire, all but its body."""
    lines = [f"GET {target} HTTP/1.1", "host: test", f"x-api-key: {KEY}", "anthropic-version: 2023-06-01", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def wait_until_refused(server: Server) -> None:
    """Wait until the server takes no more connections."""

    def refused() -> bool:
        try:
            with socket.create_connection((server.host, server.port), 1):
                return False
        except OSError:
            return True

    wait_for(refused, "the end of listening")

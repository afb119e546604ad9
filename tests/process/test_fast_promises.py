"""The fast protocol on real sockets: TLS, Unix sockets, proxies, limits, and readers that do not read."""

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
import uvicorn

from callsheet.http.app import CallsheetApp
from callsheet.http.connection.limits import ConnectionLimits
from callsheet.http.paths import Scope
from callsheet.http.serve.config import ServerConfig
from callsheet.http.serve.run import bind
from callsheet.settings import LogFormat
from tests.http.plain import SECRET, make_app, plain
from tests.installation import Installation, make_model
from tests.program import DEADLINE, Server, wait_for
from tests.tiers import first

MIB = 2**20


class Running:
    """uvicorn with the fast protocol, in a thread, until left."""

    def __init__(self, app: CallsheetApp, *, uds: str | None = None, **options: Any) -> None:
        self._listener = None if uds else bind("127.0.0.1", 0)
        self.port = self._listener.getsockname()[1] if self._listener else 0
        self.config = ServerConfig(
            app,
            limits=ConnectionLimits(8192, 32768, 65536),
            ws="none",
            log_config=None,
            access_log=False,
            uds=uds,
            **options,
        )
        self._server = uvicorn.Server(self.config)
        sockets = [self._listener] if self._listener else None
        self.thread = threading.Thread(target=self._server.run, args=(sockets,))

    def __enter__(self) -> Self:
        self.thread.start()
        wait_for(lambda: self._server.started, "the start")
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.should_exit = True
        self.thread.join(DEADLINE)
        assert not self.thread.is_alive()

    @property
    def remembered(self) -> int:
        """How many answers came from the memo, which only the fast protocol has."""
        return self.config.fast_path.observer.metrics.cache_hits

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), DEADLINE)


@pytest.fixture
def app(installation: Installation) -> CallsheetApp:
    return make_app(installation)


def ask(connection: socket.socket, request: bytes) -> http.client.HTTPResponse:
    """The answer to one request, its body read."""
    connection.sendall(request)
    response = http.client.HTTPResponse(connection)
    response.begin()
    response.read()
    return response


def assert_answers_fast(running: Running, connection: socket.socket) -> None:
    for _ in range(5):
        assert ask(connection, plain()).status == 200
    assert running.remembered == 3
    assert ask(connection, plain(secret="wrong")).status == 401
    assert ask(connection, plain()).status == 200


def test_it_answers_over_tls(app: CallsheetApp, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    made = ("-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key), "-out", str(certificate))
    subprocess.run([openssl, "req", *made, *names], check=True, capture_output=True)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with (
        Running(app, ssl_keyfile=str(key), ssl_certfile=str(certificate)) as running,
        running.connect() as plain_connection,
        trusting.wrap_socket(plain_connection, server_hostname="localhost") as connection,
    ):
        assert_answers_fast(running, connection)


def test_it_answers_over_a_unix_socket(app: CallsheetApp, tmp_path: Path) -> None:
    path = os.path.relpath(tmp_path / "s")  # an absolute one may be longer than the system allows
    with Running(app, uds=path) as running, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(DEADLINE)
        connection.connect(path)
        assert_answers_fast(running, connection)


FORWARDED = ("x-forwarded-for: 203.0.113.9", "x-forwarded-proto: https")


class Watched(CallsheetApp):
    """Keeps the scopes of the requests it is asked."""

    def watch(self) -> list[Scope]:
        self.scopes: list[Scope] = []
        return self.scopes

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.scopes.append(scope)
        await super().__call__(scope, receive, send)


def test_behind_a_proxy_plain_requests_are_answered_fast_and_others_know_the_client(app: CallsheetApp) -> None:
    app.__class__ = Watched
    assert isinstance(app, Watched)
    scopes = app.watch()
    with Running(app) as running, running.connect() as connection:
        for _ in range(4):
            assert ask(connection, plain("/v1/models", *FORWARDED)).status == 200
        assert (running.remembered, scopes) == (2, [])
        assert ask(connection, plain("/healthz", *FORWARDED)).status == 200
    assert [(scope["client"][0], scope["scheme"]) for scope in scopes] == [("203.0.113.9", "https")]


@pytest.mark.parametrize("proxy", [True, False])
def test_the_access_log_names_the_client_that_a_trusted_proxy_tells_of(
    installation: Installation, capfd: pytest.CaptureFixture[str], proxy: bool
) -> None:
    app = make_app(installation, access_log=LogFormat.COMMON)
    with Running(app, proxy_headers=proxy) as running, running.connect() as connection:
        for request in (plain("/v1/models", *FORWARDED), plain()):
            for _ in range(3):
                assert ask(connection, request).status == 200
    told = [line.split(" ")[0] for line in capfd.readouterr().out.splitlines()]
    assert told == ["203.0.113.9" if proxy else "127.0.0.1"] * 3 + ["127.0.0.1"] * 3


def test_the_server_ends_after_the_most_requests_it_is_to_answer(app: CallsheetApp) -> None:
    with Running(app, limit_max_requests=20) as running, running.connect() as connection:
        for _ in range(20):
            assert ask(connection, plain()).status == 200
        running.thread.join(DEADLINE)
        assert not running.thread.is_alive()
        assert running.remembered == 18


def test_an_idle_connection_is_closed_after_the_time_allowed(app: CallsheetApp) -> None:
    with Running(app, timeout_keep_alive=1) as running, running.connect() as connection:
        for _ in range(3):
            assert ask(connection, plain()).getheader("connection") is None
        assert connection.recv(1) == b""


PAGES = 2000
FLOOD = 40_000  # requests
LIMITS = (1000, 999, 998, 997, 996)


@pytest.fixture
def many(installation: Installation) -> Path:
    """The file of an installation with 3,000 models."""
    installation.key(secret=SECRET)
    installation.add_at_once(make_model(f"model-{number:04}") for number in range(3000))
    return Path(installation.url.removeprefix("sqlite:///"))


@pytest.mark.parametrize("piecemeal", first([False, True]), ids=["all at once", "one by one"])
def test_a_client_that_asks_without_reading_fills_no_memory(many: Path, piecemeal: bool) -> None:
    targets = [f"/v1/models?limit={limit}" for limit in LIMITS]
    with Server(many) as server, socket.create_connection((server.host, server.port), DEADLINE) as greedy:
        greedy.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # each request arrives on its own
        health = server.connect()
        bodies = [expected_body(server, target) for target in targets]
        assert min(map(len, bodies)) > 100_000
        before = peak_memory(server)
        requests = [plain(targets[number % len(targets)]) for number in range(PAGES)]
        for chunk in requests[:1000] if piecemeal else ():
            greedy.sendall(chunk)
            wait_a_turn(health)
        sender = threading.Thread(target=greedy.sendall, args=(b"".join(requests[1000 if piecemeal else 0 :]),))
        sender.start()
        for _ in range(500):
            wait_a_turn(health)
        assert peak_memory(server) - before < 64 * MIB
        with greedy.makefile("rb") as stream:
            for number in range(PAGES):
                assert read_body(stream) == bodies[number % len(bodies)], number
        sender.join(DEADLINE)
        assert peak_memory(server) - before < 64 * MIB
        health.close()
        assert server.stop() == 0


def test_a_flood_of_requests_on_one_connection_fills_no_memory_and_holds_up_nobody(many: Path) -> None:
    flood = b"GET /x HTTP/1.1\r\nhost:\r\n\r\n" * FLOOD
    with Server(many) as server, socket.create_connection((server.host, server.port), DEADLINE) as caller:
        health = server.connect()
        wait_a_turn(health)
        before = peak_memory(server)
        sender = threading.Thread(target=caller.sendall, args=(flood,))
        reader = threading.Thread(target=read_flood, args=(caller,))
        sender.start()
        reader.start()
        turns = 0
        while reader.is_alive():
            wait_a_turn(health)
            turns += 1
        sender.join(DEADLINE)
        assert peak_memory(server) - before < 16 * MIB
        assert turns > FLOOD / 1000, f"others wait for the flood: {turns} requests were answered beside it"
        health.close()
        assert server.stop() == 0


def read_flood(caller: socket.socket) -> None:
    """Read until every request of the flood is answered."""
    answered, cut = 0, b""
    while answered < FLOOD:
        received = caller.recv(2**16)
        assert received
        answered += (cut + received).count(b"HTTP/1.1 404 ")
        cut = received[-len(b"HTTP/1.1 404") :]  # the next may begin in the middle of one


def expected_body(server: Server, target: str) -> bytes:
    with (
        socket.create_connection((server.host, server.port), DEADLINE) as connection,
        connection.makefile("rb") as stream,
    ):
        connection.sendall(plain(target))
        return read_body(stream)


def read_body(stream: Any) -> bytes:
    """The body of the next answer."""
    assert stream.readline() == b"HTTP/1.1 200 OK\r\n"
    length = 0
    while (line := stream.readline()) != b"\r\n":
        name, _, value = line.partition(b": ")
        if name == b"content-length":
            length = int(value)
    body: bytes = stream.read(length)
    assert len(body) == length
    return body


def wait_a_turn(health: http.client.HTTPConnection) -> None:
    """Let the server's loop go round: it reads what was sent before, and does what it has to do."""
    health.request("GET", "/healthz")
    assert health.getresponse().read()


def peak_memory(server: Server) -> int:
    """The most memory the process has had at any time, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024

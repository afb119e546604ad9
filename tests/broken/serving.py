"""Real HTTP on a free port of this machine, for as long as a test wants it."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from callsheet.http.app import CallsheetApp, options_of
from callsheet.http.connection.limits import ConnectionLimits
from callsheet.http.serve.config import ServerConfig
from callsheet.http.serve.run import bind
from callsheet.settings import Settings
from tests.broken.asking import Bug, Twisted
from tests.installation import Installation
from tests.server_thread import ServerThread

LIMITS: Final = ConnectionLimits(65_536, 65_536, 1_048_576)  # bytes of URL, headers, body


@contextmanager
def serve_app(app: Any, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve an ASGI app in a thread; give its base URL."""
    listener = bind("127.0.0.1", 0)
    config = ServerConfig(
        app,
        limits=LIMITS,
        fast=False,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
    )
    config.load()
    if tls is not None:
        config.ssl = tls
    server = ServerThread(config, [listener])
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.stop()


@contextmanager
def serve_broken(installation: Installation, *bugs: Bug, **settings: Any) -> Iterator[str]:
    """Serve `installation` with these bugs, the first one nearest to the caller; give its base URL.

    Without a bug it is a correct server, and takes the same way.
    """
    with make_app(installation, **settings) as app, serve_app(with_bugs(app, *bugs)) as url:
        yield url


@contextmanager
def serve_each(installation: Installation, *bugs: Bug, **settings: Any) -> Iterator[list[str]]:
    """Serve `installation` without a bug, and with each of these alone; the base URLs differ in a prefix."""
    with make_app(installation, **settings) as app:
        apps = {"correct": app} | {bug.__name__: with_bugs(app, bug) for bug in bugs}
        with serve_app(Prefixed(apps)) as url:
            yield [f"{url}/{prefix}" for prefix in apps]


@contextmanager
def make_app(installation: Installation, **settings: Any) -> Iterator[Any]:
    """The application over `installation`; its watch on the database ends with it."""
    loaded = Settings(database=installation.url, poll_seconds=0.01, **settings)
    live = installation.live(options_of(loaded))
    app = CallsheetApp(live, loaded)
    try:
        yield app
    finally:
        app.stop()


def with_bugs(app: Any, *bugs: Bug) -> Any:
    """The application behind these bugs."""
    for bug in reversed(bugs):
        app = Twisted(app, bug)
    return app


class Prefixed:
    """Several applications, told apart by the first part of the path, which they do not see."""

    def __init__(self, apps: dict[str, Any]) -> None:
        self.apps = apps
        self.app = apps["correct"]  # where the server looks for what answers broken requests

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        prefix, _, rest = scope["raw_path"].decode("ascii").removeprefix("/").partition("/")
        path = f"/{rest}"
        await self.apps[prefix]({**scope, "path": path, "raw_path": path.encode()}, receive, send)


@contextmanager
def serve_silence() -> Iterator[str]:
    """Take connections and never answer: the kernel does so for a socket that nobody accepts from."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def serve_bytes(reply: bytes, until: bytes = b"\0") -> Iterator[str]:
    """Answer whatever is asked with these bytes, and close the connection; be gone once ``until`` is asked for."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with suppress(OSError):  # how the listener's end shows
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(ConnectionError):
                        if until in connection.recv(65_536):
                            listener.close()
                        else:
                            connection.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            with suppress(OSError):  # it may be gone
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=30)


@contextmanager
def serve_nothing() -> Iterator[str]:
    """A port that refuses: it is bound, so that nobody else gets it, and does not listen."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"

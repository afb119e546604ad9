"""Real HTTP on a free port of this machine, for as long as a test wants it."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn

from callsheet.http.app import CallsheetApp, options_of
from callsheet.http.config import ServerConfig
from callsheet.http.protocol import Limits
from callsheet.http.server import bind
from callsheet.settings import Settings
from tests.broken.asking import Bug, Twisted
from tests.installation import Installation

LIMITS: Final = Limits(65_536, 65_536, 1_048_576)  # bytes of URL, headers, body


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
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        assert not thread.is_alive(), "the server did not stop"


@contextmanager
def serve_broken(installation: Installation, *bugs: Bug, **settings: Any) -> Iterator[str]:
    """Serve `installation` with these bugs, the first one nearest to the caller; give its base URL.

    Without a bug it is a correct server, and takes the same way.
    """
    loaded = Settings(database=installation.url, poll_seconds=0.01, **settings)
    live = installation.live(options_of(loaded))
    app: Any = CallsheetApp(live, loaded)
    for bug in reversed(bugs):
        app = Twisted(app, bug)
    try:
        with serve_app(app) as url:
            yield url
    finally:
        live.stop()


@contextmanager
def serve_silence() -> Iterator[str]:
    """Take connections and never answer: the kernel does so for a socket that nobody accepts from."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def serve_nothing() -> Iterator[str]:
    """A port that refuses: it is bound, so that nobody else gets it, and does not listen."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"

"""The process: a bound socket, uvicorn on it, and a stop that finishes what it began."""

import logging
import signal
import socket
import sys
from functools import partial
from typing import Any, Final

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from callsheet.domain.errors import ServeError
from callsheet.http.app import CallsheetApp, create_app
from callsheet.http.protocol import Limits, ServerConfig
from callsheet.settings import Settings

_BACKLOG: Final = 2048


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket: what connects from now on is answered as soon as the app is there.

    Raises
    ------
    ServeError
        The address is in use or is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ServeError(
            f"Cannot listen on {host} port {port}: {reason}; choose others with --host and --port."
        ) from None
    return listener


def run(settings: Settings, listener: socket.socket) -> bool:
    """Serve on ``listener`` until SIGTERM or SIGINT; return whether it ever began.

    Raises
    ------
    StorageError
        The database is not fit for use.
    """
    _set_up_logging()
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises them again when it is done
        signal.signal(number, lambda *_: None)
    if settings.workers > 1:
        supervisor = Multiprocess(_config(settings, partial(_make_worker_app, settings), factory=True), [listener])
        supervisor.run()
        return all(process.exitcode != STARTUP_FAILURE for process in supervisor.processes)
    server = uvicorn.Server(_config(settings, create_app(settings)))
    server.run(sockets=[listener])
    return server.started


def _config(settings: Settings, app: Any, *, factory: bool = False) -> ServerConfig:
    return ServerConfig(
        app,
        factory=factory,
        limits=Limits(settings.max_url_bytes, settings.max_header_bytes, settings.max_body_bytes),
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        workers=settings.workers,
    )


def _make_worker_app(settings: Settings) -> CallsheetApp:
    _set_up_logging()
    return create_app(settings)


def _set_up_logging() -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("callsheet").setLevel(logging.INFO)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # its warnings are about callers, who can send millions

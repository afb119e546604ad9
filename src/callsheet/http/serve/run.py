"""The server process: a bound socket, uvicorn on it, and a graceful stop."""

import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import uvicorn

from callsheet.domain.errors import CallsheetError, ServeError, StorageUnavailableError
from callsheet.http.app import CallsheetApp, check_database, make_app
from callsheet.http.connection.limits import ConnectionLimits
from callsheet.http.logs.messages import set_up_messages
from callsheet.http.part import Part
from callsheet.http.serve.config import ServerConfig
from callsheet.http.serve.stopping import SIGNALS
from callsheet.http.serve.supervisor import Supervisor
from callsheet.settings import Settings

_log = logging.getLogger("callsheet")

_MAX_BACKLOG_CONNECTIONS: Final = 2048

#: Objects that are made before the youngest are searched, and such searches before the older are. Little that a
#: server drops refers to itself, so little memory waits for a search.
_GC_THRESHOLDS: Final = (20_000, 20, 20)


def bind(host: str, port: int, flags: str = "--host and --port") -> socket.socket:
    """Return a listening socket; connections made from now on are answered as soon as the app is ready.

    ``flags`` are those that choose another address.

    Raises
    ------
    ServeError
        The address is in use, or does not belong to this machine.
    """
    with ExitStack() as opened:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            listener = opened.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_MAX_BACKLOG_CONNECTIONS)
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a valid address"
            raise ServeError(
                f"Cannot listen on {host} port {port}: {reason}; choose others with {flags}."
            ) from None
        opened.pop_all()  # the caller owns it now
    return listener


def run(
    settings: Settings,
    listener: socket.socket,
    announce: Callable[[], None],
    away: StorageUnavailableError | None = None,
    sentence_of: Callable[[CallsheetError], str] = str,
    admin_listener: socket.socket | None = None,
) -> bool:
    """Serve on ``listener`` until SIGTERM or SIGINT; return whether it ever began.

    With several workers, or a listener of the Admin API, this process only watches over others that serve.

    Parameters
    ----------
    announce
        Called as soon as those signals stop the server gracefully.
    away
        Why the database was unavailable a moment ago, if it was; then it is not waited for again.
    sentence_of
        Words errors for the log; a function of a module, as it is sent to the workers.
    admin_listener
        Where the Admin API is served, by a process for itself; None if that is on ``listener``.

    Raises
    ------
    StorageError
        The database is not fit for use.
    """
    set_up_messages(settings.log_format, sentence_of)
    if settings.workers > 1 or admin_listener is not None:
        if away is None:
            check_database(settings)  # what is wrong with it is reported once, here
        with _private_folder() as folder:
            supervisor = _supervisor(settings, folder, sentence_of, listener, admin_listener)
            announce()
            supervisor.run()
        return not supervisor.has_failed
    config = _config(settings, partial(_make_app, settings, away))
    server = uvicorn.Server(config)
    for number in SIGNALS:  # they may arrive before it runs; uvicorn raises them again afterwards
        signal.signal(number, server.handle_exit)
    config.load()
    announce()
    server.run(sockets=[listener])
    return server.started


def _supervisor(
    settings: Settings,
    folder: Path,
    sentence_of: Callable[[CallsheetError], str],
    listener: socket.socket,
    admin_listener: socket.socket | None,
) -> Supervisor:
    """Return what starts the workers, and the process of the Admin API if that has a listener."""
    make = partial(_make_worker_app, settings, folder, sentence_of)
    if admin_listener is None:
        return Supervisor(_config(settings, partial(make, Part.ALL), is_worker=True), [listener])
    return Supervisor(
        _config(settings, partial(make, Part.MODELS), is_worker=True),
        [listener],
        _config(settings, partial(make, Part.ADMINISTRATION), is_worker=True, workers=1, fast=False),
        [admin_listener],
    )


def _config(
    settings: Settings, make_app: Callable[[], CallsheetApp], *, is_worker: bool = False, **other: Any
) -> ServerConfig:
    options: dict[str, Any] = {"fast": settings.fast, "workers": settings.workers} | other
    return ServerConfig(
        make_app,
        factory=True,
        limits=_limits(settings),
        memo_bytes=settings.memo_bytes,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=settings.idle_seconds,
        drain_seconds=settings.drain_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        is_worker=is_worker,
        **options,
    )


def _limits(settings: Settings) -> ConnectionLimits:
    return ConnectionLimits(
        settings.max_url_bytes,
        settings.max_header_bytes,
        settings.max_body_bytes,
        settings.max_connections,
        settings.head_seconds,
        settings.answer_seconds,
        settings.max_unread_bytes,
    )


@contextmanager
def _private_folder() -> Iterator[Path]:
    """Create the folder in which workers share their figures, and remove it afterwards."""
    try:
        folder = TemporaryDirectory(prefix="callsheet-")
    except OSError as error:
        raise ServeError(
            f"Workers need a folder for temporary files ({error.strerror}); name one with TMPDIR."
        ) from None
    with folder as path:
        yield Path(path)


def _make_app(
    settings: Settings, away: StorageUnavailableError | None = None, part: Part = Part.ALL
) -> CallsheetApp:
    """Return the app, with its State exempt from garbage collection, which is made rare.

    Traversing a million models again and again would delay requests; and so does a search for garbage among a
    thousand new connections, with Python's usual thresholds, by up to 60 ms.
    """
    app = make_app(settings, away, part=part)
    app.live.on_first_state = gc.freeze  # if that is loaded later
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    return app


def _make_worker_app(
    settings: Settings, folder: Path, sentence_of: Callable[[CallsheetError], str], part: Part
) -> CallsheetApp:
    set_up_messages(settings.log_format, sentence_of)
    try:
        app = _make_app(settings, part=part)
    except CallsheetError as error:  # the database became unusable after the start; the supervisor tries again
        _log.error("%s", error)
        sys.exit(1)
    app.telemetry.share(folder, settings.workers + settings.has_admin_listener)
    return app

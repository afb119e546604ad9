"""The server process: a bound socket, uvicorn on it, and a graceful stop."""

import gc
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing import resource_tracker
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from callsheet.domain.errors import CallsheetError, ServeError, StorageUnavailableError
from callsheet.http.app import CallsheetApp, check_database, make_app
from callsheet.http.connection.limits import ConnectionLimits
from callsheet.http.logs.messages import set_up_messages
from callsheet.http.serve.admin import serve_admin
from callsheet.http.serve.config import ServerConfig
from callsheet.http.serve.stopping import REPEATED_SIGNAL_SECONDS, SIGNALS, end_at_once
from callsheet.settings import Settings

_log = logging.getLogger("callsheet")

_MAX_BACKLOG_CONNECTIONS: Final = 2048

#: How often a supervisor that waits for its workers checks for a second signal.
_SIGNAL_INTERVAL_SECONDS: Final = 0.1


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

    Parameters
    ----------
    announce
        Called as soon as those signals stop the server gracefully.
    away
        Why the database was unavailable a moment ago, if it was; then it is not waited for again.
    sentence_of
        Words errors for the log; a function of a module, as it is sent to the workers.
    admin_listener
        Where the Admin API is served, if not on ``listener``.

    Raises
    ------
    StorageError
        The database is not fit for use.
    """
    set_up_messages(settings.log_format, sentence_of)
    if settings.workers > 1:
        if away is None:
            check_database(settings)  # what is wrong with it is reported once, here
        with _private_folder() as folder:
            make_worker_app = partial(_make_worker_app, settings, folder, sentence_of, admin_listener)
            supervisor = _Supervisor(_config(settings, make_worker_app), [listener])
            announce()
            supervisor.run()
        return all(process.exitcode != STARTUP_FAILURE for process in supervisor.processes)
    config = _config(settings, partial(_make_app, settings, away, admin_listener))
    server = uvicorn.Server(config)
    for number in SIGNALS:  # they may arrive before it runs; uvicorn raises them again afterwards
        signal.signal(number, server.handle_exit)
    config.load()
    announce()
    server.run(sockets=[listener])
    return server.started


class _Supervisor(Multiprocess):
    """Starts workers that ignore the Ctrl-C of a terminal: the supervisor receives it, and stops them."""

    def init_processes(self) -> None:
        resource_tracker.ensure_running()  # started later, it would unblock the signal
        with _without_interrupts():
            super().init_processes()

    def keep_subprocess_alive(self) -> None:
        with _without_interrupts():
            super().keep_subprocess_alive()

    def join_all(self) -> None:
        """Wait for the workers to stop; a second signal kills them, and ends this process."""
        begun = time.monotonic()
        while alive := [process.process for process in self.processes if process.process.is_alive()]:
            alive[0].join(_SIGNAL_INTERVAL_SECONDS)
            again = [number for number in self.signal_queue if number in SIGNALS]
            self.signal_queue.clear()
            if again and time.monotonic() - begun > REPEATED_SIGNAL_SECONDS:
                for process in alive:
                    process.kill()
                end_at_once(again[0])


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Block SIGINT; processes started meanwhile never receive it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _config(settings: Settings, make_app: Callable[[], CallsheetApp]) -> ServerConfig:
    return ServerConfig(
        make_app,
        factory=True,
        limits=_limits(settings),
        fast=settings.fast,
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
        workers=settings.workers,
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
    settings: Settings,
    away: StorageUnavailableError | None = None,
    admin_listener: socket.socket | None = None,
) -> CallsheetApp:
    """Return the app, with its State exempt from garbage collection.

    Traversing a million models again and again would delay requests.
    """
    app = make_app(settings, away)
    app.live.on_first_state = gc.freeze  # if that is loaded later
    gc.freeze()
    if admin_listener is not None:
        app.beside = partial(
            serve_admin,
            app,
            admin_listener,
            _limits(settings),
            forwarded_allow_ips=settings.trusted_proxies,
            timeout_keep_alive=settings.idle_seconds,
            timeout_graceful_shutdown=settings.shutdown_seconds,
        )
    return app


def _make_worker_app(
    settings: Settings,
    folder: Path,
    sentence_of: Callable[[CallsheetError], str],
    admin_listener: socket.socket | None = None,
) -> CallsheetApp:
    set_up_messages(settings.log_format, sentence_of)
    try:
        app = _make_app(settings, admin_listener=admin_listener)
    except CallsheetError as error:  # the database became unusable after the start; the supervisor tries again
        _log.error("%s", error)
        sys.exit(1)
    app.telemetry.share(folder, settings.workers)
    return app

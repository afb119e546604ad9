"""The gateway of ``serve --gateway``: followed at a start, and what is printed of it."""

import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from callsheet.cli.hints import sentence_of
from callsheet.cli.output.tables import say
from callsheet.domain.errors import DoesNotExistError, RefusedError, SettingsError, SourceError, StorageError
from callsheet.service.sync.failures import AwayError
from callsheet.service.sync.gateway import (
    ACTOR,
    NAME,
    FollowedGateway,
    KeyRefusedError,
    examine_gateway,
    follow_gateway,
)
from callsheet.service.sync.lease import Lease
from callsheet.service.sync.limits import LIMITS
from callsheet.service.sync.listing import Upstreams, contexts_in
from callsheet.service.sync.run import Runner
from callsheet.service.sync.secret import Place, SecretReference
from callsheet.service.sync.sources import SourcesService
from callsheet.settings import GATEWAY_KEY, Settings, has_gateway_key
from callsheet.storage.store import Store

_log = logging.getLogger("callsheet")

#: How long is waited before a gateway that is away is looked for again; each time twice as long.
_FIRST_SEARCH_SECONDS: Final = 0.5
_MAX_SEARCH_SECONDS: Final = 30.0

#: How long a gateway may take to answer at a start until it is said that it is asked.
_SLOW_SECONDS: Final = 1.0

#: How long a start waits while another process runs the source, and how often it looks.
_OTHER_RUN_TIMEOUT_SECONDS: Final = 5.0
_OTHER_RUN_INTERVAL_SECONDS: Final = 0.1

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def check_not_itself(url: str, host: str, port: int) -> None:
    """Raise SettingsError if the gateway at ``url`` is the server that listens on ``host`` and ``port``."""
    parts = urlsplit(url)
    if (parts.port or _DEFAULT_PORTS.get(parts.scheme)) != port:
        return
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return  # asking it says why
    own = ipaddress.ip_address(host.partition("%")[0])
    for family, _, _, _, address in found:
        meant = ipaddress.ip_address(str(address[0]).partition("%")[0])
        if meant == own or (own.is_unspecified and _is_local(family, str(address[0]))):
            raise SettingsError(
                f"The gateway {url} is this server itself; give the URL of the gateway, or listen on another port "
                "with --port."
            )


def _is_local(family: int, address: str) -> bool:
    """Whether the address belongs to this machine."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


@contextmanager
def said_if_slow(url: str, seconds: float = _SLOW_SECONDS) -> Iterator[None]:
    """Say that a gateway is being asked if that takes longer than ``seconds``."""
    timer = threading.Timer(seconds, say, (f"Asking {url}, which has not answered so far…",))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def prepare_gateway(
    store: Store, settings: Settings, clock: Callable[[], datetime], set_up: Callable[[], object] = lambda: None
) -> FollowedGateway:
    """Find out what answers at the gateway, let its source follow it, and run that if it is new or changed.

    A gateway that is away, or cannot be used any more, leaves what was known of it as it is.

    Parameters
    ----------
    set_up
        Makes the database ready for use. An empty one stays empty if the gateway cannot be used.

    Raises
    ------
    SourceError
        What answers there cannot be used, and no source follows it so far.
    RefusedError
        The source cannot be added or changed.
    StorageError
        The database cannot be used.
    """
    secret = SecretReference(Place.ENVIRONMENT, GATEWAY_KEY) if has_gateway_key() else None
    url, any_key = settings.gateway, settings.any_key
    is_new = store.is_empty()
    if not is_new:
        set_up()
    found, why, refuses_key = None, "", False
    try:
        organization_id = "" if is_new else _organization_of(store)
        found = examine_gateway(url, secret, organization_id, any_key=any_key)
    except AwayError as error:
        why = str(error)
    except SourceError as error:
        if is_new or not _follows(store, clock, url, asks_keys=not any_key):
            raise
        why, refuses_key = sentence_of(error), isinstance(error, KeyRefusedError)
    if is_new:
        set_up()
    source, is_changed = follow_gateway(store, clock, url, secret, found, any_key=any_key)
    is_due = is_changed or source.state.last_good_at is None
    failure = _run(store, clock) if is_due and found is not None and found.lists else ""
    return FollowedGateway(source, found, why, failure, refuses_key)


def _run(store: Store, clock: Callable[[], datetime]) -> str:
    """Let the source list its models; return why it could not, or what waits for a person."""
    upstreams = Upstreams(clock, contexts_of=contexts_in(store))
    runner = Runner(store, clock, upstreams, Lease(store, clock, LIMITS.run_seconds + 60))
    end = time.monotonic() + _OTHER_RUN_TIMEOUT_SECONDS
    try:
        report = runner.run(NAME)
        while report.outcome is None and time.monotonic() < end:  # another process runs it
            time.sleep(_OTHER_RUN_INTERVAL_SECONDS)
            report = runner.run(NAME)
    except RefusedError as error:  # another process changed it meanwhile
        return str(error)
    return report.sentence


def _organization_of(store: Store) -> str:
    with store.read() as reading:
        installation = reading.installation()
    return "" if installation is None else installation.organization_id


def _follows(store: Store, clock: Callable[[], datetime], url: str, *, asks_keys: bool) -> bool:
    try:
        config = SourcesService(store, ACTOR, clock).show(NAME).config
    except DoesNotExistError:
        return False
    return config.url == url and config.asks_keys is asks_keys


def search_for_gateway(
    store: Store, settings: Settings, clock: Callable[[], datetime], stop: threading.Event
) -> FollowedGateway | None:
    """Wait for a gateway that is away, and follow it as soon as it answers; None if ``stop`` is set before.

    What answers then may be of no use; that is logged, and None returned.
    """
    wait = _FIRST_SEARCH_SECONDS
    while not stop.wait(wait):
        wait = min(2 * wait, _MAX_SEARCH_SECONDS)
        try:
            gateway = prepare_gateway(store, settings, clock)
        except (RefusedError, SourceError) as error:
            _log.error("%s", sentence_of(error))
            return None
        except StorageError:  # logged by the thread that waits for the State
            continue
        if gateway.found is not None:
            return gateway
    return None

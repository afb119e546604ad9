"""What ``serve`` prints: how many models it serves and where, and at the first start the key."""

import logging
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from shlex import quote
from typing import Final

from callsheet.api.state import Options
from callsheet.cli.database import clock
from callsheet.cli.gateway import prepare_gateway, said_if_slow, search_for_gateway
from callsheet.cli.hints import sentence_of
from callsheet.cli.new_key import NewKeyReceipt, archived_unless_shown
from callsheet.cli.output.gateway import (
    export_lines,
    former_gateway_line,
    gateway_lines,
    govern_line,
)
from callsheet.cli.output.long_list import long_list_note
from callsheet.cli.output.sentences import counts_sentence, renewed_sentence
from callsheet.cli.output.tables import put, put_wrapped, say
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.errors import RefusedError, SourceError, StorageError
from callsheet.domain.plan.governed import Governed
from callsheet.service.access import AccessService, NewKey
from callsheet.service.background import BackgroundThread
from callsheet.service.counts import Counts, count_models
from callsheet.service.govern import governed
from callsheet.service.retirements.due import begin_day
from callsheet.service.setup import set_up
from callsheet.service.state.backoff import Backoff
from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.gateway import FollowedGateway, followed_before
from callsheet.settings import Settings
from callsheet.sources.registry import LISTS_BY_CLIENT
from callsheet.storage.store import Store

_log = logging.getLogger("callsheet")

#: How long a stop waits for a thread that waits for the database.
_STOP_TIMEOUT_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Welcome:
    """What is printed about a database that is ready to be served.

    Parameters
    ----------
    access
        For creating and archiving its keys.
    database
        The database, as people read it.
    counts
        How many models it has.
    renewed
        Ids of the built-in models that were just brought up to date.
    new_key
        Its first key, if that was just created.
    note
        Which clients do not show the whole list; empty if all show it.
    gateway
        What was found at the gateway, if there is one.
    more
        Lines about the gateway: what clients show of its list, or that one is not set any more.
    governed
        What keys of the gateway see at most; None if no rules decide.
    """

    access: AccessService
    database: str
    counts: Counts
    renewed: list[str]
    new_key: NewKey | None
    note: str = ""
    gateway: FollowedGateway | None = None
    more: Sequence[str] = ()
    governed: Governed | None = None


def prepare_welcome(settings: Settings) -> Welcome:
    """Set the database up, with a key if it has none and there is no gateway whose keys work.

    Raises
    ------
    SourceError
        What answers at the gateway cannot be used.
    RefusedError
        No source can follow the gateway.
    StorageUnavailableError
        It is away; nothing was created.
    StorageError
        The database cannot be used.
    """
    from callsheet.http.app import builtin_of, options_of  # slow to import, and not for other commands
    from callsheet.service.state.file import state_file_at

    store = Store(settings.database)
    state_file = state_file_at(settings.state_file, store.canonical_address)
    prepare = partial(set_up, store, clock, state_file, builtin_of(settings))
    gateway = None
    if settings.gateway:
        with said_if_slow(settings.gateway):
            gateway = prepare_gateway(store, settings, clock, prepare)
    else:
        prepare()
    renewed = begin_day(store, clock, move_aliases=settings.move_aliases)
    with store.read() as reading:
        counts = count_models(reading)
        installation = reading.installation()
    note = long_list_note(counts.listed, settings.default_limit)
    access = AccessService(store, "callsheet", clock)
    if gateway is not None:
        clients = _clients(store, options_of(settings), gateway.source.config)
        with store.read() as reading:
            seen = governed(reading, gateway.source.name, gateway.source.record.config)
        return Welcome(access, store.display_name, counts, renewed, None, "", gateway, clients, seen)
    more = [line for line in (former_gateway_line(followed_before(store)),) if line]
    if not counts.listed and installation is not None and installation.builtin is BuiltinMode.INFORM:
        more.append(
            "The built-in models are not listed, as sources are to list models instead. To list them: callsheet "
            "sources builtin list"
        )
    new_key = access.ensure_key("default")
    return Welcome(access, store.display_name, counts, renewed, new_key, note, None, more)


def _clients(store: Store, options: Options, config: SourceConfig) -> Sequence[str]:
    """What clients show of the list, if there is one; it is the list of keys that see all of it."""
    from callsheet.cli.output.client_lines import client_lines  # these are slow to import, and only for a gateway
    from callsheet.service.clients.played import play_clients

    known, clients = play_clients(store, options, clock())
    names_by_client = config.asks_keys and config.kind in LISTS_BY_CLIENT
    lines = client_lines(known, clients, names_by_client=names_by_client, kind=config.kind)
    return tuple(lines) if known else ()


@contextmanager
def welcome_now(
    welcome: Welcome, url: str, settings: Settings, beside: Sequence[str] = ()
) -> Iterator[Callable[[], None]]:
    """Yield a function that prints the welcome; a new key that could not be printed is archived.

    The lines ``beside`` come right behind the one that says where the server is.

    A gateway that is away is looked for until it answers, and then described.
    """
    new_key = welcome.new_key
    search = BackgroundThread("callsheet-gateway", partial(_wait_for_gateway, settings), _STOP_TIMEOUT_SECONDS)
    is_away = welcome.gateway is not None and welcome.gateway.found is None

    def announce() -> None:
        _print(welcome, receipt, url, settings, beside)
        if is_away:
            search.start()

    with nullcontext() if new_key is None else archived_unless_shown(welcome.access, new_key) as receipt:
        try:
            yield announce
        finally:
            search.stop()


@contextmanager
def welcome_later(url: str, settings: Settings, beside: Sequence[str] = ()) -> Iterator[Callable[[], None]]:
    """Yield a function that prints that the database is away; the welcome, as of `welcome_now`, follows later."""
    thread = BackgroundThread("callsheet-welcome", partial(_wait, url, settings, beside), _STOP_TIMEOUT_SECONDS)

    def announce() -> None:
        put(f"Callsheet listens at {url}; it waits for its database, which is away.")
        put(f"Database: {Store(settings.database).display_name}")
        thread.start()

    try:
        yield announce
    finally:
        thread.stop()


def _wait(url: str, settings: Settings, beside: Sequence[str], stop: threading.Event) -> None:
    backoff = Backoff()
    while not stop.wait(backoff.next()):
        try:
            with welcome_now(prepare_welcome(settings), url, settings, beside) as announce:
                announce()
        except StorageError:  # logged by the thread that waits for the State
            continue
        except (RefusedError, SourceError) as error:  # of the gateway
            _log.error("%s", sentence_of(error))
        except OSError as error:
            _log.error("Cannot write: %s.", error.strerror)
        return


def _wait_for_gateway(settings: Settings, stop: threading.Event) -> None:
    """Print what the gateway is as soon as it answers."""
    from callsheet.http.app import options_of

    store = Store(settings.database)
    gateway = search_for_gateway(store, settings, clock, stop)
    if gateway is None:
        return
    try:
        for line in (
            *gateway_lines(gateway, settings),
            *_clients(store, options_of(settings), gateway.source.config),
        ):
            put_wrapped(line)
    except OSError as error:
        _log.error("Cannot write: %s.", error.strerror)


def _print(
    welcome: Welcome, receipt: NewKeyReceipt | None, url: str, settings: Settings, beside: Sequence[str]
) -> None:
    for line in _lines(welcome, receipt, url, settings, beside):
        put_wrapped(line)
    if receipt is not None:
        receipt.is_shown = sys.stdout is not None  # else it was closed, so that writing does nothing
        if not receipt.is_shown:
            say("Standard output is closed, so no key is shown; create one with: callsheet keys create --name NAME")


def _lines(
    welcome: Welcome, receipt: NewKeyReceipt | None, url: str, settings: Settings, beside: Sequence[str]
) -> Iterator[str]:
    counts, gateway = welcome.counts, welcome.gateway
    is_empty = gateway is not None and not counts.total
    served = f"the models of {settings.gateway}" if is_empty else _models(counts.listed)
    yield f"Callsheet serves {served} at {url}"
    yield from beside
    if counts.listed != counts.total:
        yield counts_sentence(counts)
    if welcome.renewed:
        yield renewed_sentence(welcome.renewed)
    yield f"Database: {welcome.database}"
    if gateway is not None:
        yield from gateway_lines(gateway, settings)
        if line := govern_line(welcome.governed, gateway.source.name):
            yield line
    if welcome.more:
        yield from ("", *welcome.more)
    if gateway is not None:
        yield from export_lines(url, settings)
    if receipt is not None:
        yield from _key_lines(receipt.new, url)
    if welcome.note:
        yield welcome.note
    if settings.any_key and gateway is None:
        yield "Every credential is accepted (any_key)."


def _models(count: int) -> str:
    return f"{count} model{'s' * (count != 1)}"


def _key_lines(new: NewKey, url: str) -> Iterator[str]:
    models = f"{url}/v1/models"
    yield from (
        "",
        "Your API key, shown this once:",
        "",
        f"  export ANTHROPIC_BASE_URL={url}",
        f"  export ANTHROPIC_API_KEY={new.secret}",
        "",
        "Try it:",
        "",
        f"  curl {quote(models)} -H 'x-api-key: {new.secret}' -H 'anthropic-version: 2023-06-01'",
        "",
    )

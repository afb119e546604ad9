"""What ``serve`` prints: how many models it serves and where, and at the first start the key."""

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from shlex import quote
from typing import Final

from callsheet.cli.database import clock
from callsheet.cli.new_key import NewKeyReceipt, archived_unless_shown
from callsheet.cli.output.long_list import long_list_note
from callsheet.cli.output.sentences import counts_sentence, renewed_sentence
from callsheet.cli.output.tables import put, say
from callsheet.domain.errors import StorageError
from callsheet.service.access import AccessService, NewKey
from callsheet.service.background import BackgroundThread
from callsheet.service.counts import Counts, count_models
from callsheet.service.renewal import renew_builtin
from callsheet.service.setup import set_up
from callsheet.service.state.backoff import Backoff
from callsheet.settings import Settings
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
    """

    access: AccessService
    database: str
    counts: Counts
    renewed: list[str]
    new_key: NewKey | None
    note: str = ""


def prepare_welcome(settings: Settings) -> Welcome:
    """Set the database up, with a key if it has none.

    Raises
    ------
    StorageUnavailableError
        It is away; nothing was created.
    StorageError
        The database cannot be used.
    """
    from callsheet.service.state.file import state_file_at  # slow to import, and not for other commands

    store = Store(settings.database)
    set_up(store, clock, state_file_at(settings.state_file, store.canonical_address))
    renewed = renew_builtin(store, clock)
    with store.read() as reading:
        counts = count_models(reading)
    note = long_list_note(counts.listed, settings.default_limit)
    access = AccessService(store, "callsheet", clock)
    return Welcome(access, store.display_name, counts, renewed, access.ensure_key("default"), note)


@contextmanager
def welcome_now(welcome: Welcome, url: str, settings: Settings) -> Iterator[Callable[[], None]]:
    """Yield a function that prints the welcome; a new key that could not be printed is archived."""
    new_key = welcome.new_key
    with nullcontext() if new_key is None else archived_unless_shown(welcome.access, new_key) as receipt:
        yield lambda: _print(welcome, receipt, url, settings)


@contextmanager
def welcome_later(url: str, settings: Settings) -> Iterator[Callable[[], None]]:
    """Yield a function that prints that the database is away; the welcome follows when it is there."""
    thread = BackgroundThread("callsheet-welcome", partial(_wait, url, settings), _STOP_TIMEOUT_SECONDS)

    def announce() -> None:
        put(f"Callsheet listens at {url}; it waits for its database, which is away.")
        put(f"Database: {Store(settings.database).display_name}")
        thread.start()

    try:
        yield announce
    finally:
        thread.stop()


def _wait(url: str, settings: Settings, stop: threading.Event) -> None:
    backoff = Backoff()
    while not stop.wait(backoff.next()):
        try:
            with welcome_now(prepare_welcome(settings), url, settings) as announce:
                announce()
        except StorageError:  # logged by the thread that waits for the State
            continue
        except OSError as error:
            _log.error("Cannot write: %s.", error.strerror)
        return


def _print(welcome: Welcome, receipt: NewKeyReceipt | None, url: str, settings: Settings) -> None:
    counts = welcome.counts
    lines = [f"Callsheet serves {counts.listed} model{'s' * (counts.listed != 1)} at {url}"]
    if counts.listed != counts.total:
        lines.append(counts_sentence(counts))
    if welcome.renewed:
        lines.append(renewed_sentence(welcome.renewed))
    lines.append(f"Database: {welcome.database}")
    if receipt is not None:
        models = f"{url}/v1/models"
        lines += [
            "",
            "Your API key, shown this once:",
            "",
            f"  export ANTHROPIC_BASE_URL={url}",
            f"  export ANTHROPIC_API_KEY={receipt.new.secret}",
            "",
            "Try it:",
            "",
            f"  curl {quote(models)} -H 'x-api-key: {receipt.new.secret}' -H 'anthropic-version: 2023-06-01'",
            "",
        ]
    if welcome.note:
        lines.append(welcome.note)
    if settings.any_key:
        lines.append("Every credential is accepted (any_key).")
    for line in lines:
        put(line)
    if receipt is not None:
        receipt.is_shown = sys.stdout is not None  # else it was closed, so that writing does nothing
        if not receipt.is_shown:
            say("Standard output is closed, so no key is shown; create one with: callsheet keys create --name NAME")

"""What ``serve`` prints: where it serves what, and on the first start the key."""

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from shlex import quote
from typing import Final

from callsheet.cli.commands.keys import UnshownKey, shown_or_archived
from callsheet.cli.database import clock
from callsheet.cli.output.long_list import long_list_note
from callsheet.cli.output.sentences import counts_sentence, renewed_sentence
from callsheet.cli.output.tables import put, say
from callsheet.domain.errors import StorageError
from callsheet.service.access import AccessService, NewKey
from callsheet.service.counts import Counts, count_models
from callsheet.service.renewal import renew_builtin
from callsheet.service.setup import set_up
from callsheet.service.state.backoff import Backoff
from callsheet.settings import Settings
from callsheet.storage.store import Store

_log = logging.getLogger("callsheet")

#: How long the end waits for a thread that waits for the database, in seconds.
_PATIENCE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Welcome:
    """What there is to say of a database that is ready to be served.

    Parameters
    ----------
    access
        Changes its keys.
    database
        Its name, for people.
    counts
        How many models it has.
    renewed
        Ids of the built-in models that were just brought up to date.
    new_key
        Its first key, if that was just made.
    note
        Which clients do not show the whole list; empty if all do.
    """

    access: AccessService
    database: str
    counts: Counts
    renewed: list[str]
    new_key: NewKey | None
    note: str = ""


def prepare_welcome(settings: Settings) -> Welcome:
    """Make the database ready, with a key if it has none.

    Raises
    ------
    StorageUnavailableError
        The database is away; nothing was created.
    StorageError
        It is not fit for use.
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
    """Yield what prints the welcome; a key that was not printed in the end is archived."""
    new_key = welcome.new_key
    with nullcontext() if new_key is None else shown_or_archived(welcome.access, new_key) as unshown:
        yield lambda: _print(welcome, unshown, url, settings)


@contextmanager
def welcome_later(url: str, settings: Settings) -> Iterator[Callable[[], None]]:
    """Yield what prints that the database is waited for; the welcome follows when it is there."""
    stop = threading.Event()
    thread = threading.Thread(target=_wait, args=[url, settings, stop], name="callsheet-welcome", daemon=True)

    def announce() -> None:
        place = Store(settings.database).display_name
        put(f"Callsheet listens at {url}; its database is away, and waited for.")
        put(f"Database: {place}")
        thread.start()

    try:
        yield announce
    finally:
        stop.set()
        if thread.is_alive():
            thread.join(_PATIENCE)


def _wait(url: str, settings: Settings, stop: threading.Event) -> None:
    backoff = Backoff()
    while not stop.wait(backoff.next()):
        try:
            with welcome_now(prepare_welcome(settings), url, settings) as announce:
                announce()
        except StorageError:  # told where the State is waited for
            continue
        except OSError as error:
            _log.error("Cannot write: %s.", error.strerror)
        return


def _print(welcome: Welcome, new_key: UnshownKey | None, url: str, settings: Settings) -> None:
    counts = welcome.counts
    lines = [f"Callsheet serves {counts.listed} model{'s' * (counts.listed != 1)} at {url}"]
    if counts.listed != counts.total:
        lines.append(counts_sentence(counts))
    if welcome.renewed:
        lines.append(renewed_sentence(welcome.renewed))
    lines.append(f"Database: {welcome.database}")
    if new_key is not None:
        models = f"{url}/v1/models"
        lines += [
            "",
            "Your API key, shown this once:",
            "",
            f"  export ANTHROPIC_BASE_URL={url}",
            f"  export ANTHROPIC_API_KEY={new_key.new.secret}",
            "",
            "Try it:",
            "",
            f"  curl {quote(models)} -H 'x-api-key: {new_key.new.secret}' -H 'anthropic-version: 2023-06-01'",
            "",
        ]
    if welcome.note:
        lines.append(welcome.note)
    if settings.any_key:
        lines.append("Every credential is accepted (any_key).")
    for line in lines:
        put(line)
    if new_key is not None:
        new_key.shown = sys.stdout is not None  # else it was closed, so that writing does nothing
        if not new_key.shown:
            say("Standard output is closed, so no key is shown; create one with: callsheet keys create --name NAME")

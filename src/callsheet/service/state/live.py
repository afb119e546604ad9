"""LiveState: the present State of this process, replaced when the database changes."""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from callsheet.api.state import Options, State
from callsheet.domain.errors import DatabaseReplacedError, StateFileError, StorageError, StorageUnavailableError
from callsheet.service.state.backoff import Backoff, chance
from callsheet.service.state.file import StateFile
from callsheet.service.state.lineage import Lineage
from callsheet.service.state.load import catch_up, load
from callsheet.service.state.outage import Outage
from callsheet.service.state.placeholder import waiting_state
from callsheet.service.state.saver import StateSaver
from callsheet.service.state.stats import RefreshStats
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.watch import Watch

_log = logging.getLogger("callsheet")

#: Longer than this and the time between two questions, a database that is there takes for no answer, in seconds.
_SILENCE: Final = 15.0

#: How long one connection is watched at most, in seconds: by then, the name may lead to another server.
_WATCH: Final = 60.0

#: After how long what was prepared for answers is let go, if nobody asked for it, in seconds.
_IDLE: Final = 600.0

#: How long `LiveState.stop` waits for a thread that waits for the database, in seconds.
_PATIENCE: Final = 2.0


class LiveState:
    """Holds the present State; a thread of its own replaces it within ``poll_seconds`` of a change.

    While the database is away, the State stays as it is. If it is away from the beginning, that is the State of
    ``state_file``, or, as long as there is none, one with which everybody is asked to come again.

    Parameters
    ----------
    store
        The database.
    options
        What the operator chose.
    poll_seconds
        How often the database is asked whether it has changed; that costs microseconds.
    prepare
        Makes the database fit for use, called before the first State is loaded. Without it the database must be
        fit, and there.
    state_file
        Where the State is saved, or None.
    away
        Why the database was out of reach a moment ago, if it was; then it is not waited for first.

    Raises
    ------
    StorageError
        The database cannot be used, for another reason than that it is away.
    """

    def __init__(
        self,
        store: Store,
        options: Options,
        poll_seconds: float = 0.1,
        *,
        prepare: Callable[[], object] | None = None,
        state_file: StateFile | None = None,
        away: StorageUnavailableError | None = None,
    ) -> None:
        self._store = store
        self._poll_seconds = poll_seconds
        self._prepare = prepare
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid: int | None = None
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._watching: Watch | None = None
        self._tidied_at = self._known_at = time.monotonic()
        self._known_time = time.time()
        self.outage = Outage()
        """What goes wrong with the database."""
        self.history = Lineage(store)
        """Whether the database leads on from what was served."""
        self.following = RefreshStats()
        """How often it was followed."""
        self._is_prepared = False
        self.has_state = False
        """Whether there is one, or everybody is asked to come again."""
        self.on_first_state: Callable[[], object] = lambda: None
        """Called when there is one, if there was none at the beginning."""
        self.current: State = waiting_state(options)
        self._saving = None if state_file is None else StateSaver(state_file, self._present)
        try:
            if away is not None:
                raise away
            self._make_ready()
        except StorageUnavailableError as error:
            if prepare is None:
                raise
            self._begin_without(error, state_file)

    @property
    def age(self) -> float:
        """Seconds since the State was last known to be that of the database; if it never was, since the start."""
        return time.monotonic() - self._known_at

    @property
    def is_followed(self) -> bool:
        """Whether the database answers, and is understood."""
        return self.outage.cause is None and self.age < self._poll_seconds + _SILENCE

    def start(self) -> None:
        """Begin to watch, once per process; a process forked from this one begins anew."""
        if self._pid == os.getpid():
            return
        with self._lock:
            if self._pid != os.getpid():
                self._stop = threading.Event()
                self._thread = threading.Thread(
                    target=self._follow, args=[self._stop], name="callsheet-watch", daemon=True
                )
                self._thread.start()
                if self._saving is not None:
                    self._saving.start()
                self._pid = os.getpid()

    def stop(self) -> None:
        """End the watch and save the State; a later `start` begins it again."""
        with self._lock:
            if self._thread is not None and self._pid == os.getpid():
                self._stop.set()
                if (watching := self._watching) is not None:
                    watching.wake()
                self._thread.join(_PATIENCE)  # where the database leaves it waiting, it ends later
                if self._saving is not None:
                    self._saving.stop()
            self._thread = self._pid = None

    def refresh(self, watch: Watch | None = None) -> bool:
        """Bring the State up to the database, read through ``watch`` if there is one; return whether it moved.

        Raises
        ------
        StorageError
            The database cannot be read; the State stays as it was.
        """
        with self._refreshing:  # of two at once, the one that read less could come last
            asked_at = time.monotonic()
            with self._store.read(watch) as reading:
                fresh = self._read(reading, None if watch is None else watch.revision)
            moved = fresh is not self.current
            self.current = fresh
            self.following.has_refreshed(time.monotonic() - asked_at)
            self._note(asked_at)
            if not self.has_state:
                self.has_state = True
                self.on_first_state()
        return moved

    def _read(self, reading: ReadTransaction, announced: int | None) -> State:
        """Return the State of the database; ``announced`` is the revision that it was just said to have."""
        state = self.current
        if not self.has_state:
            return load(reading, state.options, state)
        if (fresh := catch_up(reading, state)) is None:
            installation = reading.installation()
            if announced is not None and installation is not None and installation.revision < announced:
                return state  # the rows came from a server that lags behind
            self.history.judge(reading, state)
            fresh = load(reading, state.options, state)
        self.history.look_for_lost(reading)
        return fresh

    def _make_ready(self) -> None:
        """See once that the database is fit for use, and load the State if there is none."""
        if not self._is_prepared and self._prepare is not None:
            self._prepare()
        self._is_prepared = True
        if not self.has_state:
            self.refresh()

    def _begin_without(self, cause: StorageUnavailableError, state_file: StateFile | None) -> None:
        """Begin with what was saved, if anything was."""
        saved = None
        try:
            saved = None if state_file is None else state_file.read(self.current.options)
        except StateFileError as error:
            _log.error("%s", error)
        if saved is None or state_file is None:
            self.outage.happens(cause, self._consequence())
            return
        self.current, self._known_time = saved
        self._known_at = time.monotonic() - max(time.time() - self._known_time, 0)  # a clock may have been set back
        self.has_state = True
        self.outage.happens(
            cause,
            f"Answers come from revision {self.current.revision} in {state_file.path}, true {self.age:.0f} s ago.",
        )

    def _consequence(self) -> str:
        """What it means that the database cannot be followed."""
        if self.has_state:
            return f"Answers come from revision {self.current.revision}."
        return "Until it can be used, callers are asked to come again (529)."

    def _follow(self, stop: threading.Event) -> None:
        backoff = Backoff()
        while not stop.is_set():
            try:
                self.current.views.compressed.run_queue()
                self._make_ready()
                with self._store.watch() as watch:
                    self._watching = watch
                    self.following.goes_on_with(watch)
                    until = time.monotonic() + chance.uniform(0.5, 1) * _WATCH  # not all at once
                    while not stop.is_set() and time.monotonic() < until:
                        self._look(watch)
                        backoff.reset()
            except Exception as error:  # the State in memory goes on answering, whatever this was
                self.following.failures += 1
                self.following.replacements += isinstance(error, DatabaseReplacedError)
                self.outage.happens(error, self._consequence())
                stop.wait(backoff.next())
        self._tidy_files()

    def _tidy_files(self) -> None:
        """Remove what the database no longer needs beside its file, unless something is wrong with it."""
        if self.outage.cause is None:
            with suppress(StorageError):
                self._store.tidy()

    def _look(self, watch: Watch) -> None:
        """Wait for a change, and follow it."""
        if watch.changed(self._poll_seconds):
            self.refresh(watch)
            if watch.revision is not None and self.current.revision < watch.revision:
                watch.forget()  # the rows came from a server that lags behind
        self._note(watch.answered_at)
        self.outage.ends(self.current.revision)
        self.current.views.compressed.run_queue()
        if time.monotonic() - self._tidied_at > _IDLE:
            self._tidied_at = time.monotonic()
            self._tidy()

    def _tidy(self) -> None:
        """Let go of what nobody asks for. An equal State in place of this one lets every memo begin anew."""
        with self._refreshing:
            self.current.views.drop_idle()
            self.current = replace(self.current)

    def _note(self, answered_at: float) -> None:
        """Note that the State was that of the database at ``answered_at``, by ``time.monotonic``."""
        if answered_at > self._known_at:
            self._known_at = answered_at
            self._known_time = time.time() - (time.monotonic() - answered_at)

    def _present(self) -> tuple[State, float] | None:
        return (self.current, self._known_time) if self.has_state else None

"""LiveState: the current State of this process, replaced when the database changes."""

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from callsheet.api.state import Options, State
from callsheet.api.warming import warm_changed, warm_first
from callsheet.domain.errors import StateFileError, StorageUnavailableError
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.state.file import StateFile
from callsheet.service.state.follower import IDLE_SECONDS, Follower
from callsheet.service.state.freshness import Freshness
from callsheet.service.state.lineage import Lineage
from callsheet.service.state.load import catch_up, load
from callsheet.service.state.placeholder import placeholder_state
from callsheet.service.state.saver import StateSaver
from callsheet.service.state.warmer import Warmer
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.watch import Watch

_log = logging.getLogger("callsheet")

#: A database silent for this long beyond the poll interval counts as unresponsive.
_SILENCE_TIMEOUT_SECONDS: Final = 15.0


class LiveState:
    """Holds the current State; a `Follower` replaces it within ``poll_seconds`` of a change.

    While the database is away, the State stays as it is. If it is away from the beginning, that is the State of
    ``state_file``, or, as long as there is none, one with which callers are answered 529.

    Parameters
    ----------
    store
        The database.
    options
        What the operator chose.
    poll_seconds
        How often the database is polled for changes; a poll costs microseconds.
    prepare
        Makes the database fit for use; called before the first State is loaded. Without it, the database must be
        ready and available.
    state_file
        Where the State is saved, or None.
    away
        Why the database was out of reach a moment ago, if it was; then the first attempt is left to `start`.
    clock
        Where the time comes from. Its monotonic time must be that of storage, which dates what a watch sees.
    idle_seconds
        How long a view that no request has reached is kept.
    warms
        Whether what requests for lists will need is prepared in advance.

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
        clock: Clock = SYSTEM_CLOCK,
        idle_seconds: float = IDLE_SECONDS,
        warms: bool = True,
    ) -> None:
        self._clock = clock
        self._store = store
        self._prepare = prepare
        self._is_prepared = False
        self._refreshing = threading.Lock()
        self._starting = threading.Lock()
        self._pid: int | None = None
        self.current: State = placeholder_state(options)
        self.has_state = False
        """False as long as every caller is answered 529."""
        self.on_first_state: Callable[[], object] = lambda: None
        """Called with the first State, if there was none at the beginning."""
        self.freshness = Freshness(clock)
        """When the State was last known to be that of the database."""
        self.lineage = Lineage(store)
        """Whether the database leads on from what was served."""
        self.follower = Follower(store, poll_seconds, self, clock, idle_seconds)
        """Watches the database."""
        self._warmer = Warmer(clock)
        self._warms = warms
        self._saver = None if state_file is None else StateSaver(state_file, self._to_save)
        try:
            self._begin(away)
        except StorageUnavailableError as error:
            if prepare is None:
                raise
            self._begin_without_database(error, state_file)

    @property
    def store(self) -> Store:
        """The database."""
        return self._store

    @property
    def age(self) -> float:
        """Seconds since the State was last known to be that of the database; if it never was, since the start."""
        return self.freshness.age

    @property
    def is_followed(self) -> bool:
        """Whether the database answers, and can be read."""
        max_age = self.follower.poll_seconds + _SILENCE_TIMEOUT_SECONDS
        return self.follower.outage.cause is None and self.age < max_age

    def followed_revision(self) -> int | None:
        """Return the revision that answers come from; None as long as there is none."""
        return self.current.revision if self.has_state else None

    def signal(self) -> object:
        """Return something that differs once anything may have been written; None as long as there is no State."""
        stats = self.follower.stats
        return (self.current.revision, stats.refreshes, stats.notifications) if self.has_state else None

    def start(self) -> None:
        """Begin to watch and to save, once per process; a process forked from this one has to start its own."""
        if self._pid == os.getpid():
            return
        with self._starting:
            if self._pid != os.getpid():
                self.follower.start()
                if self._saver is not None:
                    self._saver.start()
                self._pid = os.getpid()

    def stop(self) -> None:
        """End the watch and save the State; a later `start` begins it again."""
        with self._starting:
            if self._pid == os.getpid():
                self.follower.stop()
                if self._saver is not None:
                    self._saver.stop()
            self._pid = None

    def refresh(self, watch: Watch | None = None) -> bool:
        """Bring the State up to the database, read through ``watch`` if there is one; return whether it moved.

        Raises
        ------
        StorageError
            The database cannot be read; the State stays as it was.
        """
        with self._refreshing:  # of two at once, the one that read less could come last
            asked_at = self._clock.monotonic()
            with self._store.read(watch) as reading:
                fresh = self._read(reading, None if watch is None else watch.revision)
            moved = fresh is not self.current
            self._warm_up(fresh)
            self.current = fresh
            self.follower.stats.record_refresh(self._clock.monotonic() - asked_at)
            self.freshness.confirm(asked_at)
            if not self.has_state:
                self.has_state = True
                self.on_first_state()
        return moved

    def warm(self, stop: threading.Event) -> bool:
        """Prepare some more of what requests will need of the State; return whether there is more to do.

        ``stop`` ends that early. It is for a thread that answers no caller.
        """
        if self._warmer.is_done:
            return False
        with self._refreshing:
            self._warmer.take_turn(stop)
            return not self._warmer.is_done

    def make_ready(self) -> None:
        """Prepare the database and load the first State, unless that is done; StorageError if it cannot be."""
        if not self._is_prepared and self._prepare is not None:
            self._prepare()
        self._is_prepared = True
        if not self.has_state:
            self.refresh()

    def drop_idle_views(self) -> None:
        """Drop the views that no request has reached, and let every cache begin again with an equal State."""
        with self._refreshing:
            self.current.views.drop_idle()
            self.current = replace(self.current)

    def consequence(self) -> str:
        """Return a sentence on what requests get while the database cannot be followed."""
        if self.has_state:
            return f"Answers come from revision {self.current.revision}."
        return "Until it can be used, callers get 529 and are asked to try again."

    def _warm_up(self, fresh: State) -> None:
        """Prepare the most urgent of what requests will need of ``fresh``, which is about to be answered from."""
        if not self._warms:
            return
        if not self.has_state:
            self._warmer.begin(warm_first(fresh))
        elif fresh.catalog is not self.current.catalog:
            self._warmer.begin(warm_changed(fresh))
        self._warmer.lead()

    def _read(self, reading: ReadTransaction, announced: int | None) -> State:
        """Return the State of the database; ``announced`` is the revision that it was just said to have."""
        state = self.current
        if not self.has_state:
            return load(reading, state.options, state)
        if (fresh := catch_up(reading, state)) is None:
            installation = reading.installation()
            if announced is not None and installation is not None and installation.revision < announced:
                return state  # the rows came from a replica that lags behind
            self.lineage.judge(reading, state)
            fresh = load(reading, state.options, state)
        self.lineage.look_for_lost(reading)
        return fresh

    def _begin(self, away: StorageUnavailableError | None) -> None:
        if away is not None:
            raise away
        self.make_ready()

    def _begin_without_database(self, cause: StorageUnavailableError, state_file: StateFile | None) -> None:
        """Begin with the State that was saved, if there is one."""
        saved = None
        try:
            saved = None if state_file is None else state_file.read(self.current.options)
        except StateFileError as error:
            _log.error("%s", error)
        if saved is None or state_file is None:
            self.follower.outage.begin(cause, self.consequence())
            return
        self._warm_up(saved.state)
        self.current = saved.state
        self.freshness.resume(saved.known_at)
        self.has_state = True
        self.follower.outage.begin(
            cause,
            f"Answers come from revision {self.current.revision} in {state_file.path}, true {self.age:.0f} s ago.",
        )

    def _to_save(self) -> tuple[State, float] | None:
        return (self.current, self.freshness.known_at) if self.has_state else None

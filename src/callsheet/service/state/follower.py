"""Follower: the thread that watches the database and refreshes the State when it changes."""

import threading
from contextlib import suppress
from typing import Final, Protocol

from callsheet.api.state import State
from callsheet.domain.errors import DatabaseReplacedError, StorageError
from callsheet.service.background import BackgroundThread
from callsheet.service.clock import Clock
from callsheet.service.giving_way import giving_way
from callsheet.service.state.backoff import Backoff, jitter
from callsheet.service.state.freshness import Freshness
from callsheet.service.state.outage import Outage
from callsheet.service.state.stats import RefreshStats
from callsheet.storage.store import Store
from callsheet.storage.watch import Watch

#: How long one connection is watched: after that, the host name may lead to another server.
_MAX_WATCH_SECONDS: Final = 60.0

#: How long a view that no request has reached is kept.
IDLE_SECONDS: Final = 600.0

#: How long `Follower.stop` waits for a thread that waits for the database.
_STOP_TIMEOUT_SECONDS: Final = 2.0


class Followed(Protocol):
    """The State that a `Follower` keeps up to date, as `LiveState` implements it."""

    current: State
    freshness: Freshness

    def make_ready(self) -> None:
        """Prepare the database and load the first State, unless that is done; StorageError if it cannot be."""

    def refresh(self, watch: Watch | None = None) -> bool:
        """Bring the State up to the database; StorageError if it cannot be read."""

    def warm(self, stop: threading.Event) -> bool:
        """Prepare some of what requests will need; return whether there is more to do."""

    def drop_idle_views(self) -> None:
        """Drop what was prepared for answers and has not been used."""

    def consequence(self) -> str:
        """Return a sentence on what requests get while the database cannot be followed."""


class Follower:
    """Watches a database on its own thread, and reconnects with back-off when it is away.

    Parameters
    ----------
    store
        The database.
    poll_seconds
        How often it is polled for changes.
    followed
        What is refreshed.
    clock
        Where the time comes from.
    idle_seconds
        How long a view that no request has reached is kept.
    """

    def __init__(
        self, store: Store, poll_seconds: float, followed: Followed, clock: Clock, idle_seconds: float
    ) -> None:
        self._clock = clock
        self._idle_seconds = idle_seconds
        self._store = store
        self._followed = followed
        self._thread = BackgroundThread("callsheet-watch", self._run, _STOP_TIMEOUT_SECONDS)
        self._watch: Watch | None = None
        self._has_work = False
        self._idle_dropped_at = self._clock.monotonic()
        self.poll_seconds = poll_seconds
        self.outage = Outage()
        """Why the database cannot be followed, if it cannot."""
        self.stats = RefreshStats()

    def start(self) -> None:
        """Begin to watch, in this process."""
        self._thread.start()

    def stop(self) -> None:
        """End the watch; where the database keeps it waiting, it ends later."""
        self._thread.request_stop()
        if (watch := self._watch) is not None:
            watch.wake()
        self._thread.join()

    def _run(self, stop: threading.Event) -> None:
        backoff = Backoff()
        while not stop.is_set():
            try:
                self._work(stop)
                self._followed.make_ready()
                with self._store.watch() as watch:
                    self._watch = watch
                    self.stats.add_watch(watch)
                    until = self._clock.monotonic() + jitter.uniform(0.5, 1) * _MAX_WATCH_SECONDS  # not all at once
                    while not stop.is_set() and self._clock.monotonic() < until:
                        self._poll(watch, stop)
                        backoff.reset()
            except Exception as error:  # whatever it was, requests are still answered from the State in memory
                self.stats.record_failure(replaced=isinstance(error, DatabaseReplacedError))
                self.outage.begin(error, self._followed.consequence())
                stop.wait(backoff.next())
        self._remove_side_files()

    def _poll(self, watch: Watch, stop: threading.Event) -> None:
        """Wait for a change, unless there is other work, and refresh the State if there is one."""
        followed = self._followed
        if watch.changed(0 if self._has_work else self.poll_seconds):
            with giving_way():
                followed.refresh(watch)
            if watch.revision is not None and followed.current.revision < watch.revision:
                watch.forget()  # the rows came from a replica that lags behind
        followed.freshness.confirm(watch.answered_at)
        self.outage.end(followed.current.revision)
        self._work(stop)
        if self._clock.monotonic() - self._idle_dropped_at > self._idle_seconds:
            self._idle_dropped_at = self._clock.monotonic()
            followed.drop_idle_views()

    def _work(self, stop: threading.Event) -> None:
        """Do some of the work that would make callers wait."""
        with giving_way():
            is_cold = self._followed.warm(stop)
            self._has_work = self._followed.current.views.compressed.run_queue() or is_cold

    def _remove_side_files(self) -> None:
        """Remove the files beside the database that are not needed, unless something is wrong with it."""
        if self.outage.cause is None:
            with suppress(StorageError):
                self._store.remove_side_files()

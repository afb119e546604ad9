"""Schedule: a server runs the sources that are due, on threads that do nothing else; no request waits for them."""

import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from callsheet.domain.errors import RefusedError, StorageError
from callsheet.service.background import BackgroundThread
from callsheet.service.clock import Clock
from callsheet.storage.store import Store

if TYPE_CHECKING:  # slow to import, and only needed where there are sources
    from callsheet.service.sync.lease import Lease
    from callsheet.service.sync.listing import Upstreams
    from callsheet.service.sync.report import Report
    from callsheet.service.sync.status import SourceStatus, UsableSource

_log = logging.getLogger("callsheet")

#: How often is looked whether a source is due.
TICK_SECONDS: Final = 1.0

#: How often the states of sources are read; a change of their configuration is noticed at the next tick.
_READ_INTERVAL_SECONDS: Final = 5.0

#: How often leases are renewed while their sources run.
_RENEWAL_INTERVAL_SECONDS: Final = 15.0

MAX_CONCURRENT_RUNS: Final = 4

_MAX_REST_TICKS: Final = 300

_STOP_TIMEOUT_SECONDS: Final = 2.0


class Schedule:
    """Runs the sources of an installation when they are due, and knows how each of them is.

    Of all processes of a fleet, one runs a source at a time. As long as there are no sources, the database is not
    asked.

    Parameters
    ----------
    store
        The installation.
    clock
        Where the time comes from.
    revision
        Returns the revision of the State that is served; None as long as there is none.
    runs
        Whether sources are run here; if not, this only knows how they are.
    renew
        Brings the built-in facts up to the present day; called when a day begins.
    tick_seconds
        See `TICK_SECONDS`.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        revision: Callable[[], int | None],
        *,
        runs: bool = True,
        renew: Callable[[], object] = lambda: None,
        tick_seconds: float = TICK_SECONDS,
    ) -> None:
        self._store = store
        self._clock = clock
        self._revision = revision
        self._runs = runs
        self._renew = renew
        self._tick_seconds = tick_seconds
        self._thread = BackgroundThread("callsheet-sources", self._run, _STOP_TIMEOUT_SECONDS)
        self._sources: Sequence[UsableSource] = ()
        self._seen_revision: int | None = None
        self._read_at = 0.0
        self._renewed_at = 0.0
        self._day = clock.now().date()  # that of the first tick may be the next one
        self._running: dict[str, threading.Thread] = {}
        self._pid: int | None = None
        self._lease: Lease | None = None
        self._upstreams: Upstreams | None = None
        self._said: dict[str, str] = {}
        self._broken: dict[str, tuple[int, float]] = {}
        """How many runs of a source ended without anything about them in the database, and until when it rests."""
        self.statuses: Sequence[SourceStatus] = ()
        """How each source is, as it was last read."""
        self.outcomes: Mapping[tuple[str, str], int] = Counter()
        """How many runs of each source this process ended, by their outcome."""

    def start(self) -> None:
        """Begin, once per process; a process forked from this one has to start its own."""
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._thread.start()

    def stop(self) -> None:
        """End soon: what is being asked is broken off, and nothing of it is written. It may be started again."""
        if self._pid != os.getpid():
            return
        self._pid = None
        self._thread.request_stop()
        if self._upstreams is not None:
            self._upstreams.stop()
        self._thread.join()
        if self._upstreams is not None:  # they may have been made just now
            self._upstreams.stop()
        for thread in tuple(self._running.values()):
            thread.join(_STOP_TIMEOUT_SECONDS)
        self._upstreams = self._lease = None

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(self._tick_seconds):
            try:
                self._tick(stop)
            except StorageError:  # which the watch on the database reports
                stop.wait(self._tick_seconds)
            except Exception:  # requests go on, and so do the other sources
                _log.exception("Running the sources failed.")
                stop.wait(60 * self._tick_seconds)

    def _tick(self, stop: threading.Event) -> None:
        revision = self._revision()
        if revision is None:
            return
        now = self._clock.monotonic()
        is_old = bool(self._sources) and now - self._read_at >= _READ_INTERVAL_SECONDS
        if revision != self._seen_revision or is_old:
            self._read()
            self._seen_revision, self._read_at = revision, now
        if self._running and now - self._renewed_at >= _RENEWAL_INTERVAL_SECONDS and self._lease is not None:
            self._renewed_at = now
            for name in tuple(self._running):
                self._lease.renew(name)
        if self._runs and self._sources and not stop.is_set():
            self._start_due()
        self._begin_day()  # last, as what goes wrong in it must keep no source from running

    def _begin_day(self) -> None:
        today = self._clock.now().date()
        if today != self._day:
            self._renew()
        self._day = today

    def _read(self) -> None:
        with self._store.read() as reading:
            if not reading.sources():
                self._sources = self.statuses = ()
                return
            from callsheet.service.sync.status import status_of, usable_sources

            found = usable_sources(reading)
        self._sources, unusable = found
        for name, reason in unusable.items():
            self._warn(name, f"It is not run: {reason}")
        self.statuses = list(map(status_of, self._sources))

    def _start_due(self) -> None:
        from callsheet.service.sync.due import is_due
        from callsheet.service.sync.lease import Lease
        from callsheet.service.sync.listing import Upstreams, contexts_in

        if self._lease is None or self._upstreams is None:
            self._lease = Lease(self._store, self._clock.now)
            self._upstreams = Upstreams(self._clock.now, contexts_of=contexts_in(self._store))
        now = self._clock.now()
        for name, config, state in ((each.record.name, each.config, each.state) for each in self._sources):
            if len(self._running) >= MAX_CONCURRENT_RUNS:
                return
            if name in self._running or self._rests(name) or not is_due(config, state, now):
                continue
            thread = threading.Thread(
                target=self._run_one,
                args=[name, self._lease, self._upstreams],
                name=f"callsheet-source-{name}",
                daemon=True,
            )
            self._running[name] = thread
            thread.start()

    def _run_one(self, name: str, lease: "Lease", upstreams: "Upstreams") -> None:
        from callsheet.service.sync.run import Runner

        try:
            report = Runner(self._store, self._clock.now, upstreams, lease).run_if_due(name)
            self._record(report)
            self._broken.pop(name, None)
        except RefusedError as error:  # it was removed, changed or taken over meanwhile
            _log.info("%s", error)
        except StorageError:  # which the watch on the database reports
            self._rest(name)
        except Exception:
            self._rest(name)
            _log.exception("Running the source %s failed; it is tried again later.", name)
        finally:
            self._read_at = 0.0  # its state is another now
            self._running.pop(name, None)

    def _rests(self, name: str) -> bool:
        """Whether a source is left alone, as its run ended where that could not be written."""
        _, until = self._broken.get(name, (0, 0.0))
        return self._clock.monotonic() < until

    def _rest(self, name: str) -> None:
        """Leave a source alone, ever longer: nothing in the database says that it was run."""
        times = self._broken.get(name, (0, 0.0))[0] + 1
        ticks = min(2**times, _MAX_REST_TICKS)
        self._broken[name] = times, self._clock.monotonic() + ticks * self._tick_seconds

    def _warn(self, name: str, sentence: str) -> None:
        """Log what is wrong with a source, unless that was the last thing said of it."""
        if self._said.get(name) != sentence:
            _log.warning("Source %s: %s", name, sentence)
        self._said[name] = sentence

    def _record(self, report: "Report") -> None:
        if report.outcome is None:  # another process runs it
            return
        key = (report.source, str(report.outcome))
        self.outcomes = {**self.outcomes, key: self.outcomes.get(key, 0) + 1}
        if report.sentence:
            self._warn(report.source, report.sentence)
        elif self._said.pop(report.source, None):
            _log.info("Source %s is well again.", report.source)
        counts = report.counts
        if counts.get("new") or counts.get("changed"):
            _log.info(
                "Source %s: %d new, %d changed, %d missing; it lists %d models.",
                report.source,
                *(counts.get(kind, 0) for kind in ("new", "changed", "missing", "listed")),
            )

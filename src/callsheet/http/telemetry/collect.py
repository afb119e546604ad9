"""Telemetry: the figures of a process, for ``/metrics``, the other workers, and OpenTelemetry."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from callsheet._version import __version__
from callsheet.domain.errors import ForeignDatabaseError, SettingsError
from callsheet.http.metrics.families import Figures, Series, render
from callsheet.http.metrics.process import process_figures
from callsheet.http.metrics.retirements import RetirementFigures
from callsheet.http.metrics.sources import source_figures
from callsheet.http.metrics.webhooks import webhook_figures
from callsheet.http.metrics.workers import MetricsFolder
from callsheet.http.observer import Observer
from callsheet.http.paths import ExactRoute
from callsheet.http.public.asgi import PublicAPI
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.delegation.lazy import LazyKeyChecks
from callsheet.service.state.live import LiveState
from callsheet.service.sync.schedule import Schedule
from callsheet.service.webhooks.sender import Sender
from callsheet.settings import Otel

if TYPE_CHECKING:
    from callsheet.http.telemetry.otel import Exports
    from callsheet.service.manifests.follow import CatalogFollower


class Telemetry:
    """Collects the figures of this process from where they are counted.

    Parameters
    ----------
    live
        Holds the State.
    observer
        Counts the answers.
    otel
        What is sent by OpenTelemetry.
    clock
        Where the time comes from.

    Raises
    ------
    SettingsError
        OpenTelemetry is turned on, but not installed.
    """

    def __init__(
        self, live: LiveState, observer: Observer, otel: Otel = Otel.OFF, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._live = live
        self._observer = observer
        self._exports = None if otel is Otel.OFF else _exports(otel)
        self._clock = clock
        self._begun = clock.time()
        self._retirements = RetirementFigures()
        self._folder: MetricsFolder | None = None
        self._workers = 1
        self.schedule: Schedule | None = None
        """Runs the sources, whose figures are reported; None in a process that has no business with them."""
        self.sender: Sender | None = None
        """Sends webhooks, whose figures are reported; None in a process that has no business with them."""
        self.catalog_follower: CatalogFollower | None = None
        """Applies catalogue files, of which it is reported whether they are applied; None if there are none."""
        self.keys: LazyKeyChecks | None = None
        """Asks about keys; None in a process that never does."""
        self.connections: Callable[[], Figures] = dict
        """Returns the figures of connections; none unless `ServerConfig` has set it."""
        self.forward: Callable[[], Figures] = dict
        """Returns the figures of forwarding; none unless requests are forwarded."""

        self.admin: Callable[[], Figures] = dict
        """Returns the figures of the Admin API."""

    @property
    def traces(self) -> bool:
        """Whether there is a span for every answer."""
        return self._exports is not None and self._exports.kind.traces

    def share(self, folder: Path, workers: int) -> None:
        """Report the figures of all ``workers``, which share them in ``folder``; to be called before `start`."""
        self._folder = MetricsFolder(folder, self.collect)
        self._workers = workers

    def public_api(self, memo_bytes: int) -> PublicAPI:
        """Return the public API, with a span for every answer if traces are turned on."""
        if self._exports is not None and self._exports.kind.traces:
            return self._exports.public_api(self._live, self._observer, self._clock)
        return PublicAPI(self._live, self._observer, memo_bytes, self._clock)

    def start(self) -> None:
        """Begin to share and to send figures, unless that has begun."""
        if self._folder is not None:
            self._folder.start()
        if self._exports is not None:
            self._exports.start(self.collect)

    def stop(self) -> None:
        """Share and send the last figures, and end."""
        if self._folder is not None:
            self._folder.stop()
        if self._exports is not None:
            self._exports.stop()

    def collect(self) -> Figures:
        """Return the figures of this process; callable from any thread."""
        live, state, following = self._live, self._live.current, self._live.follower.stats
        return {
            Series("callsheet_build_info", (("version", __version__),)): 1,
            Series("callsheet_workers"): 1,
            Series("callsheet_workers_wanted"): self._workers,
            **self.connections(),
            **self.forward(),
            **self.admin(),
            Series("callsheet_state_revision"): state.revision,
            Series("callsheet_state_age_seconds"): round(live.age, 3),
            Series("callsheet_models"): len(state.catalog),
            **self._retirements.figures(state.catalog, self._clock.now()),
            Series("callsheet_keys"): len(state.keyring),
            Series("callsheet_database_up"): int(live.follower.outage.cause is None),
            Series("callsheet_database_foreign"): int(isinstance(live.follower.outage.cause, ForeignDatabaseError)),
            Series("callsheet_database_older"): int(live.lineage.lost is not None),
            Series("callsheet_database_regressions_total"): live.lineage.regressions,
            Series("callsheet_database_replacements_total"): following.replacements,
            Series("callsheet_notifications_total"): following.notifications,
            Series("callsheet_polls_total"): following.polls,
            Series("callsheet_refresh_seconds_sum"): following.refresh_seconds,
            Series("callsheet_refresh_seconds_count"): following.refreshes,
            Series("callsheet_refresh_failures_total"): following.failures,
            **self._sources(),
            **self._webhooks(),
            **self._keys(),
            **self._catalog_files(),
            **self._observer.metrics.figures(),
            **process_figures(self._begun),
        }

    def _sources(self) -> Figures:
        schedule = self.schedule
        if schedule is None:
            return {}
        return source_figures(schedule.statuses, schedule.outcomes, self._clock.now())

    def _webhooks(self) -> Figures:
        sender = self.sender
        return {} if sender is None else webhook_figures(sender.statuses, sender.outcomes, self._clock.now())

    def _keys(self) -> Figures:
        state = self._live.current
        checks = None if self.keys is None else self.keys.of(state)
        if checks is None:
            return {}
        from callsheet.http.metrics.keys import key_figures  # slow to import, and few servers need it

        return key_figures(checks, state.grants, self._observer.metrics.to_delegated_keys())

    def _catalog_files(self) -> Figures:
        if self.catalog_follower is None:
            return {}
        following = self.catalog_follower.following
        applied_at = 0 if following.applied_at is None else following.applied_at.timestamp()
        return {
            Series("callsheet_catalog_file_up"): int(following.status == "ok"),
            Series("callsheet_catalog_file_applied_timestamp_seconds"): round(applied_at, 3),
            Series("callsheet_catalog_file_failures_total"): following.failures,
            Series("callsheet_catalog_file_changes_total"): following.changes,
        }

    def routes(self) -> list[ExactRoute]:
        """Return ``GET /metrics``, which needs no key."""

        def figures(_request: Request) -> Response:  # not async: files are read on a thread
            self._live.start()  # if mounted, this may be the first request
            found = self.collect() if self._folder is None else self._folder.figures()
            return PlainTextResponse(render(found), media_type="text/plain; version=0.0.4")

        return [ExactRoute("/metrics", figures)]


def _exports(kind: Otel) -> "Exports":
    try:
        from callsheet.http.telemetry.otel import Exports  # slow to import, and the packages are an extra
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("opentelemetry"):
            raise
        raise SettingsError(
            f"otel: {kind.value} needs packages that are not installed; install callsheet[otel], or turn it off."
        ) from None
    return Exports(kind)

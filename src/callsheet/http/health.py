"""Health: whether the process is up, and whether it should get requests. Neither page needs a key."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from callsheet.domain.errors import ForeignDatabaseError
from callsheet.http.paths import ExactRoute
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.delegation.lazy import LazyKeyChecks
from callsheet.service.state.live import LiveState
from callsheet.service.sync.member import MEMBER
from callsheet.service.sync.schedule import Schedule
from callsheet.service.webhooks.sender import Sender

if TYPE_CHECKING:  # slow to import, and few servers need it
    from callsheet.service.manifests.follow import CatalogFollower


class Readiness:
    """Whether this process should get requests, and which State it would answer from.

    Parameters
    ----------
    live
        Holds the State.
    max_stale_seconds
        For how long the State may go without being compared with the database; 0 for any time.
    schedule
        Knows how the sources are, or None.
    clock
        Where the time comes from.
    catalog_follower
        Knows how it stands with the catalogue files; None if there are none.
    keys
        Knows how asking about keys goes, where a source is asked.
    sender
        Knows how webhooks are, or None.
    """

    def __init__(
        self,
        live: LiveState,
        max_stale_seconds: float = 0,
        schedule: Schedule | None = None,
        clock: Clock = SYSTEM_CLOCK,
        catalog_follower: "CatalogFollower | None" = None,
        keys: LazyKeyChecks | None = None,
        sender: Sender | None = None,
    ) -> None:
        self._live = live
        self._catalog_follower = catalog_follower
        self._schedule = schedule
        self._keys = keys
        self._sender = sender
        self._clock = clock
        self._max_stale_seconds = max_stale_seconds
        self.is_stopping = False
        """Set when the process is about to end; requests that still arrive are answered."""

    @property
    def status(self) -> str:
        """Return ``stopping``, ``starting`` (there is no State yet), ``degraded`` (it may be old) or ``ok``."""
        if self.is_stopping:
            return "stopping"
        if not self._live.has_state:
            return "starting"
        return "ok" if self._live.is_followed and self._live.lineage.lost is None else "degraded"

    @property
    def is_ready(self) -> bool:
        """Return whether to send requests. A degraded process gives the answers of a moment ago."""
        too_old = 0 < self._max_stale_seconds < self._live.age
        return self.status in ("ok", "degraded") and not too_old

    @property
    def _database(self) -> str:
        """The state of the database: ``up``, or what is wrong with it."""
        live, cause = self._live, self._live.follower.outage.cause
        if live.follower.outage.is_away:
            return "away"
        if cause is not None:
            return "foreign" if isinstance(cause, ForeignDatabaseError) else "unfit"
        return "up" if live.lineage.lost is None else "older"

    def describe(self) -> dict[str, object]:
        """Return the content of ``/readyz``."""
        live = self._live
        state = live.current
        return {
            "status": self.status,
            "revision": state.revision if live.has_state else None,
            "age_seconds": round(live.age, 3) if live.has_state else None,
            "database": self._database,
            "models": len(state.catalog),
            **self._sources(),
            **self._asking(),
            **self._catalog_files(),
            **self._webhooks(),
        }

    def _asking(self) -> dict[str, object]:
        """How asking about keys goes; a gateway that is away does not make the process less ready."""
        state = self._live.current
        delegation, checks = state.delegation, None if self._keys is None else self._keys.of(state)
        if delegation is None or checks is None:
            return {}
        return {
            "keys": {
                "source": delegation.source,
                "mode": delegation.mode,
                "gateway": checks.standing.condition,
                "for_seconds": round(checks.standing.seconds, 3),
            }
        }

    def _catalog_files(self) -> dict[str, object]:
        """How it stands with the catalogue files; files that are wrong do not make the process less ready."""
        follower = self._catalog_follower
        return {} if follower is None else {"catalog": follower.following.record()}

    def _webhooks(self) -> dict[str, object]:
        """How each webhook is; a receiver that is away does not make the process less ready."""
        statuses = () if self._sender is None else self._sender.statuses
        if not statuses:
            return {}
        now = self._clock.now()
        described = {
            each.name: {
                "condition": each.condition,
                "waiting": each.waiting,
                "oldest_seconds": round(each.waiting_seconds(now), 3),
                "given_up": each.given_up,
            }
            for each in statuses
        }
        return {"webhooks": described}

    def _sources(self) -> dict[str, object]:
        """How each source is, and which installations the list comes through; nothing if there are no sources.

        A source that fails does not make the process less ready: the last good list is served.
        """
        statuses = () if self._schedule is None else self._schedule.statuses
        if not statuses:
            return {}
        now = self._clock.now()
        described = {
            each.name: {
                "outcome": each.outcome,
                "age_seconds": round(each.age(now), 3),
                "waiting": each.is_waiting,
                "paused": each.is_paused,
            }
            for each in statuses
        }
        return {"sources": described, MEMBER: sorted({mark for each in statuses for mark in each.path})}


def health_routes(live: LiveState, readiness: Readiness) -> list[ExactRoute]:
    """Return ``GET /healthz`` and ``GET /readyz``."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        live.start()
        return JSONResponse(readiness.describe(), 200 if readiness.is_ready else 503)

    return [ExactRoute("/healthz", healthz), ExactRoute("/readyz", readyz)]

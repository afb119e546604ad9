"""Is the process up, should it be asked? Neither question needs a key."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from callsheet.domain.errors import ForeignDatabaseError
from callsheet.http.paths import ExactRoute
from callsheet.service.state.live import LiveState


class Readiness:
    """Says whether this process should be asked, and what it would answer from.

    Parameters
    ----------
    live
        Holds the State.
    max_stale_seconds
        For how long the State may not be known to be that of the database; 0 for any time.
    """

    def __init__(self, live: LiveState, max_stale_seconds: float = 0) -> None:
        self._live = live
        self._max_stale_seconds = max_stale_seconds
        self.is_stopping = False
        """Set when the process is about to end; what still comes is answered."""

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
        """Return whether to ask this process. One that is degraded gives the answers of a moment ago."""
        too_old = 0 < self._max_stale_seconds < self._live.age
        return self.status in ("ok", "degraded") and not too_old

    @property
    def _database(self) -> str:
        """What is to be said of the database: ``up``, or what is wrong with it."""
        live, cause = self._live, self._live.follower.outage.cause
        if live.follower.outage.is_away:
            return "away"
        if cause is not None:
            return "foreign" if isinstance(cause, ForeignDatabaseError) else "unfit"
        return "up" if live.lineage.lost is None else "older"

    def describe(self) -> dict[str, object]:
        """Return what ``/readyz`` tells."""
        live = self._live
        state = live.current
        return {
            "status": self.status,
            "revision": state.revision if live.has_state else None,
            "age_seconds": round(live.age, 3) if live.has_state else None,
            "database": self._database,
            "models": len(state.catalog),
        }


def health_routes(live: LiveState, readiness: Readiness) -> list[ExactRoute]:
    """Return ``GET /healthz`` and ``GET /readyz``."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        live.start()
        return JSONResponse(readiness.describe(), 200 if readiness.is_ready else 503)

    return [ExactRoute("/healthz", healthz), ExactRoute("/readyz", readyz)]

"""Is the process up, does it know what to answer, how much does it? None of these questions needs a key."""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from callsheet.http.metrics import Metrics, render
from callsheet.service.state import LiveState


def health_routes(live: LiveState) -> list[Route]:
    """Return ``GET /healthz`` and ``GET /readyz``."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        live.start()
        state = live.current
        return JSONResponse(
            {
                "status": "ok",
                "revision": state.revision,
                "age_seconds": round(live.age, 3),
                "models": len(state.catalog),
            }
        )

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


def metrics_routes(live: LiveState, metrics: Metrics) -> list[Route]:
    """Return ``GET /metrics``: the figures of this process, as Prometheus reads them."""

    async def figures(_request: Request) -> Response:
        state = live.current
        gauges: dict[str, tuple[str, float]] = {
            "callsheet_state_revision": ("Counts the changes of the installation.", state.revision),
            "callsheet_state_age_seconds": ("Since the state was last known to be the database's.", live.age),
            "callsheet_models": ("Models in the catalogue.", len(state.catalog)),
            "callsheet_keys": ("API keys, archived ones too.", len(state.keyring)),
        }
        return PlainTextResponse(render(metrics, gauges), media_type="text/plain; version=0.0.4")

    return [Route("/metrics", figures)]

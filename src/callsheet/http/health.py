"""Is the process up, does it know what to answer? Neither question needs a key."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

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

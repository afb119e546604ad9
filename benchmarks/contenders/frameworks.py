"""The same API written by hand on uvicorn: see `benchmarks.apps`."""

from functools import partial

from benchmarks.contenders.contender import PYTHON, Contender, Place, everywhere
from benchmarks.process import Launch, free_port


def _uvicorn(app: str, place: Place) -> Launch:
    port = free_port()
    command = [PYTHON, "-m", "uvicorn", f"benchmarks.apps.{app}:app", "--port", str(port), "--loop", "uvloop"]
    command += ["--http", "httptools", "--no-access-log", "--no-server-header", "--log-level", "warning"]
    return Launch(command, everywhere(port), {"BENCHMARK_MODELS": str(place.models)})


BARE_ASGI = Contender("asgi", "bare ASGI on uvicorn", partial(_uvicorn, "bare"))
STARLETTE = Contender("starlette", "bare Starlette", partial(_uvicorn, "with_starlette"))
FASTAPI = Contender("fastapi", "FastAPI as people write it", partial(_uvicorn, "with_fastapi"))

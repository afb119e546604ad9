"""Callsheet itself."""

import subprocess
from functools import cache
from pathlib import Path

from benchmarks.catalog import make_database_with, url
from benchmarks.contenders.contender import PYTHON, Contender, Place, everywhere
from benchmarks.process import Launch, free_port


def serve(database: Path, *arguments: str) -> Launch:
    """Return how Callsheet is started on a database."""
    port = free_port()
    command = [PYTHON, "-m", "callsheet", "serve", "--port", str(port), "--database", url(database), *arguments]
    return Launch(command, everywhere(port))


def _logs() -> str | None:
    return None if "--access-log" in _help() else "this version of Callsheet has no access log"


@cache
def _help() -> str:
    command = [PYTHON, "-m", "callsheet", "serve", "--help"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _fast(place: Place) -> Launch:
    return serve(place.database)


def _logging(place: Place) -> Launch:
    return serve(place.database, "--access-log", "json")


def _limiting(place: Place) -> Launch:
    return serve(place.database, "--access-log", "json", "--rate-limit-key", "1000000000/minute")


def _asgi(place: Place) -> Launch:
    return serve(place.database, "--no-fast")


def source_of(checkout: Path) -> dict[str, str]:
    """Return the environment in which Python runs another checkout."""
    return {"PYTHONPATH": str(checkout / "src")}


def beside(folder: Path) -> Contender:
    """Return the Callsheet of another checkout, with the packages of this one."""

    def launch(place: Place) -> Launch:
        database = place.folder / "callsheet.db"
        make_database_with(folder, database, place.prepared.ids)
        return serve(database)._replace(environment=source_of(folder))

    return Contender("callsheet-beside", "Callsheet, the other checkout", launch)


FAST = Contender("callsheet", "Callsheet", _fast)
LOGGING = Contender("callsheet-log", "Callsheet, access log on", _logging, why_not=_logs)
LIMITING = Contender("callsheet-limits", "Callsheet, access log and a rate limit per key", _limiting, why_not=_logs)
ASGI = Contender("callsheet-asgi", "Callsheet, pure ASGI", _asgi)

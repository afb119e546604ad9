"""A plan of a catalogue file, with its impact on many workspaces that share some rules."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.catalog import make_database, url
from benchmarks.requests import Numbered
from benchmarks.terminal import progress

_TIME: Final = "2026-01-01T00:00:00Z"

_WORKSPACE: Final = "INSERT INTO workspaces (id, name, allow, deny, created_at) VALUES (?, ?, ?, '[]', ?)"
_KEY: Final = (
    "INSERT INTO api_keys (id, name, workspace_id, fingerprint, hint, status, created_at) "
    "VALUES (?, ?, ?, ?, 'abcd', 'active', ?)"
)


class Planned(NamedTuple):
    """Processor time in seconds: to read the file, and to plan it with its impact."""

    read: float
    plan: float
    steps: int


def plan(ids: Numbered, workspaces: int, rules: int, folder: Path) -> dict[str, Planned]:
    """Plan a file of as many new models as there are already; return format to what that took.

    Each rule sees some of both.
    """
    progress(f"Claims: a file of {ids.size:,} models, {workspaces:,} workspaces…")
    database = folder / f"planned-{ids.size}.db"
    make_database(database, ids)
    _add_workspaces(database, ids, workspaces, rules)
    found = {}
    new = Numbered(f"{ids.prefix}new-", ids.size)
    for ending, text in (("yaml", _yaml(new)), ("json", _json(new))):
        file = folder / f"catalogue-{ids.size}.{ending}"
        file.write_text(text, encoding="utf-8")
        found[ending] = _plan(database, file)
    return found


def _plan(database: Path, file: Path) -> Planned:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.claims.run_plan", url(database), str(file)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"The plan of {file} ended with {done.returncode}:\n{done.stderr}")
    said = json.loads(done.stdout)
    return Planned(said["read"], said["plan"], said["steps"])


def _add_workspaces(path: Path, ids: Numbered, workspaces: int, rules: int) -> None:
    """Insert past the services, for speed: each workspace has one of the rules, and a key."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(_WORKSPACE, _workspaces(ids, workspaces, rules))
        connection.executemany(_KEY, _keys(workspaces))


def _workspaces(ids: Numbered, count: int, rules: int) -> Iterator[tuple[Any, ...]]:
    for number in range(count):
        seen = number % rules
        allow = [f"{ids.prefix}*{seen % 10}{seen // 10 % 10}", ids.id(seen % ids.size), f"nothing-{seen}"]
        yield f"wrkspc_{number}", f"Workspace {number}", json.dumps(allow), _TIME


def _keys(count: int) -> Iterator[tuple[Any, ...]]:
    for number in range(count):
        yield f"apikey_{number}", f"Key {number}", f"wrkspc_{number}", sha256(str(number).encode()).digest(), _TIME


def _entries(ids: Numbered) -> Iterator[dict[str, Any]]:
    for number in range(ids.size):
        yield {
            "id": ids.id(number),
            "display_name": f"Claude Model {number}",
            "created_at": "2026-01-01T00:00:00Z",
            "line": "opus",
            "max_input_tokens": 400_000,
            "max_tokens": 64_000,
        }


def _json(ids: Numbered) -> str:
    return json.dumps({"manager": "team", "models": list(_entries(ids))}, indent=1)


def _yaml(ids: Numbered) -> str:
    models = "".join(
        "".join(
            f"{'  -' if not place else '   '} {name}: {value}\n" for place, (name, value) in enumerate(each.items())
        )
        for each in _entries(ids)
    )
    return f"manager: team\nmodels:\n{models}"

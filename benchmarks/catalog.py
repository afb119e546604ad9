"""Catalogues of any size: as a database for Callsheet, and as prepared bytes for everybody else.

    python -m benchmarks.catalog DATABASE PREFIX SIZE

makes a database with the Callsheet that Python finds.
"""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from benchmarks.process import get
from benchmarks.requests import MODELS, Kind, Numbered, target
from benchmarks.start import SECRET
from callsheet.service.setup import open_store

_FIRST: Final = datetime(2020, 1, 1, tzinfo=UTC)
_APART: Final = timedelta(seconds=90)


def make_database(path: Path, ids: Numbered) -> None:
    """Make a database with these models and the key of the benchmark.

    The rows are inserted past the services, for speed: every column that is not set here is that of a model of
    the built-in catalogue.
    """
    open_store(url(path), lambda: datetime.now(UTC))
    key = ["keys", "create", "--name", "benchmark", "--secret", SECRET, "--database", url(path)]
    subprocess.run([sys.executable, "-m", "callsheet", *key], check=True, capture_output=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    pattern = dict(connection.execute("SELECT * FROM models WHERE lifecycle = 'active' LIMIT 1").fetchone())
    names = ", ".join(pattern)
    connection.execute("BEGIN")
    if "claims" in _tables(connection):  # a checkout from before claims has none
        connection.execute("DELETE FROM claims")
        connection.execute("UPDATE installation SET builtin = 'inform'")  # else the next start brings them back
    connection.execute("DELETE FROM aliases")
    connection.execute("DELETE FROM models")
    connection.executemany(
        f"INSERT INTO models ({names}) VALUES ({', '.join(f':{name}' for name in pattern)})", _rows(pattern, ids)
    )
    connection.execute("COMMIT")
    connection.close()


def make_database_with(checkout: Path, path: Path, ids: Numbered) -> None:
    """Make the same database with another checkout of Callsheet, which may have another schema."""
    subprocess.run(
        [sys.executable, "-m", "benchmarks.catalog", path, ids.prefix, str(ids.size)],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "PYTHONPATH": str(checkout / "src")},
        check=True,
    )


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {row["name"] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def _rows(pattern: dict[str, Any], ids: Numbered) -> Iterator[dict[str, Any]]:
    for number in range(ids.size):
        yield {
            **pattern,
            "id": ids.id(number),
            "display_name": f"Claude Model {number}",
            "created_at": (_FIRST + number * _APART).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "line": "opus",
            "max_input_tokens": 200_000,
            "max_tokens": 64_000,
            "capabilities": None,
            "description": None,
        }


def url(path: Path) -> str:
    """Return the URL of a database."""
    return f"sqlite:///{path}"


class Prepared:
    """The models of a catalogue as JSON, newest first, and every answer made of them."""

    def __init__(self, ids: Numbered, models: list[bytes]) -> None:
        self.ids = ids
        self.models = models

    def model(self, number: int) -> bytes:
        """Return the model with this number."""
        return self.models[self.ids.size - 1 - number]

    def page(self, limit: int, after: int | None = None) -> bytes:
        """Return the page of ``limit`` models that follows the one numbered ``after``, or the first."""
        first = self.ids.size - 1 if after is None else after - 1
        last = max(first - limit + 1, 0)
        start = self.ids.size - 1 - first
        data = b",".join(self.models[start : start + limit])
        more = b"true" if last > 0 else b"false"
        names = self.ids.id(first).encode(), self.ids.id(last).encode()
        return b'{"data":[%b],"has_more":%b,"first_id":"%b","last_id":"%b"}' % (data, more, *names)

    def body(self, kind: Kind) -> bytes:
        """Return the answer to ``kind``; of a kind that is new each time, one of them."""
        if kind is Kind.RETRIEVE:
            return self.model(self.ids.size // 2)
        _, _, query = target(kind, self.ids).partition("?")
        parameters = dict(part.split("=") for part in query.split("&"))
        cursor = parameters.get("after_id")
        return self.page(int(parameters["limit"]), None if cursor is None else int(cursor[-7:]))

    def write(self, path: Path) -> None:
        """Write one model a line."""
        path.write_bytes(b"".join(model + b"\n" for model in self.models))


def prepare(port: int, ids: Numbered) -> Prepared:
    """Walk the whole list of a running Callsheet."""
    models: list[bytes] = []
    query = "limit=1000"
    while True:
        status, body = get(port, f"{MODELS}?{query}")
        if status != 200:
            raise RuntimeError(f"The list was answered with {status}: {body!r}")
        page = json.loads(body)
        models += [json.dumps(model, separators=(",", ":"), ensure_ascii=False).encode() for model in page["data"]]
        if not page["has_more"]:
            return Prepared(ids, models)
        query = f"limit=1000&after_id={page['last_id']}"


if __name__ == "__main__":
    make_database(Path(sys.argv[1]), Numbered(sys.argv[2], int(sys.argv[3])))

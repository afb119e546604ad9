"""Claims on the models of a benchmark's catalogue, of five managers, as if each had said its part."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from benchmarks.catalog import make_database
from benchmarks.requests import Numbered

#: Whether each lists the models, and what it says of them: together, what the catalogue holds.
MANAGERS: Final[dict[str, tuple[bool | None, dict[str, Any]]]] = {
    "builtin": (None, {"line": "opus", "max_input_tokens": 100_000, "max_tokens": 32_000}),
    "enrichment:prices": (None, {"max_input_tokens": 128_000, "max_tokens": 64_000}),
    "source:gateway": (True, {"display_name": "{id}", "max_input_tokens": 200_000}),
    "file:team": (None, {"display_name": "Claude Model {number}"}),
    "person": (None, {"display_name": "Claude Model {number}"}),
}

_INSERT: Final = "INSERT INTO claims (kind, subject, manager, lists, fields, since) VALUES ('model', ?, ?, ?, ?, ?)"


def make_claimed_database(path: Path, ids: Numbered) -> None:
    """Make the database of `make_database` with claims of five managers on every model.

    The rows are inserted past the services, for speed.
    """
    make_database(path, ids)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        created = connection.execute("SELECT id, created_at FROM models ORDER BY id")
        connection.executemany(_INSERT, _rows(created.fetchall()))
        connection.execute("COMMIT")


def _rows(created: list[tuple[str, str]]) -> Iterator[tuple[Any, ...]]:
    since = {manager: _since(lists, fields) for manager, (lists, fields) in MANAGERS.items()}
    for number, (model_id, created_at) in enumerate(created):
        for manager, (lists, fields) in sorted(MANAGERS.items()):
            said = {name: _filled(value, model_id, number) for name, value in fields.items()}
            if manager == "source:gateway":
                said["created_at"] = created_at
            yield model_id, manager, lists, json.dumps(said), since[manager]


def _since(lists: bool | None, fields: dict[str, Any]) -> str:
    return json.dumps(dict.fromkeys([*fields, *(["lists"] if lists is not None else [])], 1))


def _filled(value: Any, model_id: str, number: int) -> Any:
    return value.format(id=model_id, number=number) if isinstance(value, str) else value

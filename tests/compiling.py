"""Statements are compiled once for all databases of a kind, as they are in a process that runs for long."""

from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

#: How many compiled statements are kept; there are a few hundred.
_MAX_STATEMENTS: Final = 2000


def compile_once() -> None:
    """From now on, let every engine use what another one of the same dialect has compiled.

    Each engine keeps its own dialect, with what it learns about its server. The tests open thousands of databases
    and execute a few statements on each: to compile them every time was a third of the work.
    """
    compiled: LRUCache[Any, Any] = LRUCache(_MAX_STATEMENTS)
    for dialect in (PGDialect_psycopg, SQLiteDialect_pysqlite):
        dialect.__eq__ = _are_of_one_kind  # type: ignore[method-assign]
        dialect.__hash__ = _hash_of_kind  # type: ignore[method-assign,assignment]
    shared = property(lambda _engine: compiled, lambda _engine, _own: None)
    Engine._compiled_cache = shared  # type: ignore[assignment]


def _are_of_one_kind(one: object, other: object) -> bool:
    return type(one) is type(other)


def _hash_of_kind(dialect: object) -> int:
    return hash(type(dialect))

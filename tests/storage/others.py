"""What another program does to a database, of whichever kind it is, past Callsheet."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg

from callsheet.storage.sqlite.database import SQLite
from callsheet.storage.store import Store
from tests import postgres

#: What the drivers raise where the database itself refuses a change.
INTEGRITY = (sqlite3.IntegrityError, psycopg.IntegrityError)

#: What they raise where a value is not of the kind that its column is for. SQLite takes any.
DATA = psycopg.DataError

#: Returns the rows that a query gives.
Ask = Callable[[str], list[tuple[Any, ...]]]

#: Makes a new database, empty or set up, of one kind.
Make = Callable[..., Store]


def execute(store: Store, *statements: str) -> None:
    """Change a database, closing it properly."""
    if not isinstance(store.database, SQLite):
        postgres.execute(url_of(store), *statements)
        return
    with closing(sqlite3.connect(store.display_name, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def ask(store: Store, query: str) -> list[tuple[Any, ...]]:
    """Read from a database."""
    with asking(store) as ask_again:
        return ask_again(query)


@contextmanager
def asking(store: Store) -> Iterator[Ask]:
    """What reads from a database, over one connection."""
    if not isinstance(store.database, SQLite):
        with postgres.asking(url_of(store)) as ask_again:
            yield ask_again
    else:
        with closing(sqlite3.connect(store.display_name)) as connection:
            yield lambda query: connection.execute(query).fetchall()


def url_of(store: Store) -> str:
    """Where it is, with all that is needed to get there."""
    return store.database.engine.url.render_as_string(hide_password=False)

"""Open: the database that a URL names; the only place that chooses between SQLite and PostgreSQL."""

from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from callsheet.domain.errors import StorageError
from callsheet.storage.database import NOT_A_URL, URL_ADVICE, Database

#: PostgreSQL's own programs accept both names; the longer one is SQLAlchemy's, which names the driver.
_POSTGRESQL: Final = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
_SQLITE: Final = frozenset({"sqlite", "sqlite+pysqlite"})


def open_database(text: str, display_name: str | None = None) -> Database:
    """Return the database at the URL ``text``. Its file or server is not contacted yet.

    Parameters
    ----------
    text
        ``sqlite:////path/to/callsheet.db`` or ``postgresql://user@host/database``.
    display_name
        What people call a SQLite database; by default, its path.

    Raises
    ------
    StorageError
        The URL is not valid, is of another kind, or needs a driver that is not installed.
    """
    url = _parse(text)
    if url.drivername in _SQLITE:
        from callsheet.storage.sqlite.database import SQLite

        return SQLite(url, display_name)
    try:
        from callsheet.storage.postgresql.database import PostgreSQL
    except ImportError as error:  # psycopg, or the libpq it needs
        raise StorageError(
            "PostgreSQL needs a driver that is not installed; add the extra postgresql (in a clone: "
            "scripts/environment server postgresql)"
        ) from error
    return PostgreSQL(url)


def _parse(text: str) -> URL:
    try:
        text.encode()  # it may hold surrogates, for bytes that are not text
        url = make_url(text)
    except (ArgumentError, ValueError):  # not repeated: it may hold a password
        raise StorageError(NOT_A_URL) from None
    if url.drivername not in _SQLITE | _POSTGRESQL:
        raise StorageError(f"Databases of kind {url.drivername!r} are not supported; {URL_ADVICE}")
    return url

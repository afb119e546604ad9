"""The URL of a SQLite database: which file it names."""

from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import URL

from callsheet.domain.errors import StorageError
from callsheet.storage.database import NOT_A_URL


def check_url(url: URL) -> None:
    """Raise StorageError unless ``url`` names one file, and nothing else that this program does not know."""
    if url.host or url.username or url.port:
        raise StorageError(
            "A SQLite URL names no host; write three slashes before the path, or four if it is absolute."
        )
    if "\0" in str(path_of(url)):
        raise StorageError(NOT_A_URL)
    unknown = sorted(set(url.query) - {"mode", "uri"})
    if unknown:  # repeated, as there is no password in such a URL
        raise StorageError(f"The database URL has an unknown option, {unknown[0]}; only mode is known.")
    if url.query.get("mode", "rw") not in ("ro", "rw", "rwc"):
        raise StorageError("The mode of a database URL is ro, rw or rwc.")
    if not url.database or url.database == ":memory:":
        raise StorageError("A database in memory cannot be shared; name a file: sqlite:////path/to/callsheet.db.")


def path_of(url: URL) -> Path:
    """Return the path of the file that ``url`` names, with or without SQLite's ``file:``."""
    name = url.database or ""
    return Path(unquote(name.removeprefix("file:")) if name.startswith("file:") else name)


def mode_of(url: URL) -> str:
    """Return how ``url`` wants its file opened; the default never creates a file by opening it."""
    return str(url.query.get("mode", "rw"))

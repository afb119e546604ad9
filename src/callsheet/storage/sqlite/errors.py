"""The messages of SQLite and the file system, each as a sentence for people."""

from typing import Final

from callsheet.domain.errors import CorruptDatabaseError, StorageError, StorageUnavailableError
from callsheet.domain.hints import Hint
from callsheet.storage.meaning import DAMAGED, HELD, TABLE_MISSING, Meaning

READ_ONLY: Final = Meaning("is read-only", hint=Hint.MAKE_DATABASE_WRITABLE)

#: A part of the message, and what it means; the first that fits counts.
_BY_TEXT: Final = (
    ("locked", HELD),
    ("locking protocol", HELD),  # while opening
    ("permission denied", Meaning("cannot be opened; check the permissions of the file and its folder")),
    ("readonly", READ_ONLY),
    ("not a database", Meaning("is not a SQLite database", CorruptDatabaseError, Hint.NAME_ANOTHER_DATABASE)),
    ("malformed", DAMAGED),
    ("disk i/o error", Meaning("cannot be read or written; check the disk")),
    ("full", Meaning("cannot grow: the disk is full")),
    ("unable to open", Meaning("cannot be opened; check that its folder exists and is writable")),
    ("no such file", Meaning("is not there", StorageUnavailableError, Hint.PUT_DATABASE_BACK)),
    ("no such table", TABLE_MISSING),
)


def explain(display_name: str, error: BaseException) -> StorageError:
    """Return what ``error``, of SQLite or the system, means for the database called ``display_name``."""
    message = str(error)
    for part, meaning in _BY_TEXT:
        if part in message.lower():
            return meaning.error(display_name)
    return StorageError(f"The database {display_name} failed: {message}.")

"""Meaning: what a failure of a database comes down to, and the error that says so."""

from typing import Final, NamedTuple

from callsheet.domain.errors import CorruptDatabaseError, StorageError, StorageUnavailableError
from callsheet.domain.hints import Hint


class Meaning(NamedTuple):
    """What a driver's error means.

    Parameters
    ----------
    reason
        What is wrong, after "The database X"; ``{}`` is replaced by what the driver said.
    kind
        The error to raise: `StorageUnavailableError` where a retry may succeed.
    hint
        What to do, where ``reason`` does not say so.
    """

    reason: str
    kind: type[StorageError] = StorageError
    hint: Hint | None = None

    def error(self, display_name: str, said: str = "") -> StorageError:
        """Return the error for the database called ``display_name``, whose driver said ``said``."""
        problem = f"The database {display_name} {self.reason.format(said)}"
        return self.kind(problem if self.hint else f"{problem}.", hint=self.hint)


FOREIGN: Final = Meaning("belongs to another program", hint=Hint.NAME_ANOTHER_DATABASE)
DAMAGED: Final = Meaning("is damaged; restore it from a backup", CorruptDatabaseError)
TABLE_MISSING: Final = Meaning("lacks a table it should have; restore it from a backup", CorruptDatabaseError)
HELD: Final = Meaning("is held by another process; try again in a moment", StorageUnavailableError)

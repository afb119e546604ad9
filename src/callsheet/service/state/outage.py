"""Outage: what goes wrong with the database, told once a cause, and that it is over."""

import logging
from typing import Final

from callsheet.domain.errors import StorageError, StorageUnavailableError

_log = logging.getLogger("callsheet")

#: Causes that are told of in one outage; what varies from time to time must not fill the log.
_MOST_TOLD: Final = 20


class Outage:
    """Knows whether the database can be followed at the moment, and tells the log when that changes."""

    def __init__(self) -> None:
        self.cause: Exception | None = None
        """Why not, or None if it can."""
        self._told: set[str] = set()

    @property
    def is_away(self) -> bool:
        """Whether the database is out of reach, rather than wrong."""
        return isinstance(self.cause, StorageUnavailableError)

    def happens(self, cause: Exception, consequence: str) -> None:
        """Note why the database cannot be followed, and tell what that means, if it was not told before."""
        self.cause = cause
        sentence = str(cause) if isinstance(cause, StorageError) else f"Watching the database failed: {cause!r}."
        if sentence not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(sentence)
            _log.error("%s %s", sentence, consequence)

    def ends(self, revision: int) -> None:
        """Note that the database has been followed to ``revision``."""
        if self.cause is not None:
            self.cause = None
            self._told.clear()
            _log.info("The database answers again, at revision %d.", revision)

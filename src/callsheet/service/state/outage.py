"""Outage: why the database cannot be followed, logged once for each cause, and that it can be again."""

import logging
from typing import Final

from callsheet.domain.errors import StorageError, StorageUnavailableError

_log = logging.getLogger("callsheet")

#: Sentences that vary from attempt to attempt must not fill the log.
_MAX_LOGGED_CAUSES: Final = 20


class Outage:
    """Whether the database can be followed at the moment; logs when that changes."""

    def __init__(self) -> None:
        self.cause: Exception | None = None
        """Why not, or None if it can."""
        self._logged: set[str] = set()

    @property
    def is_away(self) -> bool:
        """Whether the database is unavailable, rather than unfit for use."""
        return isinstance(self.cause, StorageUnavailableError)

    def begin(self, cause: Exception, consequence: str) -> None:
        """Record why the database cannot be followed; log that and the consequence, unless it was logged before."""
        self.cause = cause
        sentence = str(cause) if isinstance(cause, StorageError) else f"Watching the database failed: {cause!r}."
        if sentence not in self._logged and len(self._logged) < _MAX_LOGGED_CAUSES:
            self._logged.add(sentence)
            _log.error("%s %s", cause if isinstance(cause, StorageError) else sentence, consequence)

    def end(self, revision: int) -> None:
        """Record that the database has been followed to ``revision``; log it after an outage."""
        if self.cause is not None:
            self.cause = None
            self._logged.clear()
            _log.info("The database answers again, at revision %d.", revision)

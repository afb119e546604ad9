"""Standing: how asking goes, for the log, the metrics and ``/readyz``; logged when it changes, never by key."""

import logging
from enum import StrEnum
from typing import Final

from callsheet.service.clock import Clock

_log = logging.getLogger("callsheet")

#: A gateway that comes and goes must not fill the log.
_QUIET_SECONDS: Final = 60.0


class Condition(StrEnum):
    """How asking goes. The values are those of ``/readyz``."""

    UP = "up"
    AWAY = "away"
    OUTAGE = "outage"
    ITSELF = "itself"


_CONSEQUENCE: Final = "Keys that it accepted before are answered from memory for up to 24 hours; others get 529."


class Standing:
    """How asking goes at the moment, and since when.

    Parameters
    ----------
    clock
        Where the time comes from.
    is_quiet
        Whether nothing is logged, as a person waits for the answer.
    """

    def __init__(self, clock: Clock, *, is_quiet: bool = False) -> None:
        self._clock = clock
        self._is_quiet = is_quiet
        self.reason = ""
        """Why the gateway was last away, in a sentence."""
        self._since = clock.monotonic()
        self._logged_at: float | None = None
        self._is_logged = False
        self._itself_at: float | None = None
        self.condition = Condition.UP

    @property
    def seconds(self) -> float:
        """How long it has been so."""
        return self._clock.monotonic() - self._since

    def reset(self) -> None:
        """Begin again, with another source."""
        self._turn(Condition.UP)
        self._logged_at, self._is_logged, self._itself_at = None, False, None

    def is_up(self, source: str) -> None:
        """Record that the gateway judges keys."""
        if self.condition is not Condition.UP:
            self._turn(Condition.UP)
            if self._is_logged:
                _log.info("The gateway of source %s answers questions about keys again.", source)
            self._is_logged = False

    def is_away(self, source: str, sentence: str) -> None:
        """Record that the gateway does not answer, for the reason in ``sentence``."""
        self.reason = sentence
        if self.condition is not Condition.AWAY:
            self._turn(Condition.AWAY)
            self._say(f"The gateway of source {source} cannot be asked about keys: {sentence} {_CONSEQUENCE}")

    def is_outage(self, source: str) -> None:
        """Record that the gateway refuses every key."""
        if self.condition is not Condition.OUTAGE:
            self._turn(Condition.OUTAGE)
            self._say(
                f"The gateway of source {source} refuses keys that it accepted before, and the source's secret, "
                f"which is taken for an outage; check the gateway, and that secret. {_CONSEQUENCE}"
            )

    def is_itself(self, source: str, sentence: str) -> None:
        """Record that the gateway is this installation."""
        if self.condition is not Condition.ITSELF:
            self._turn(Condition.ITSELF)
            if self._itself_at is None or self._since - self._itself_at >= _QUIET_SECONDS:
                self._itself_at = self._since  # in a ring, each question finds out, and then comes back refused
                _log.error("Source %s is not asked about keys: %s", source, sentence)

    def _turn(self, condition: Condition) -> None:
        self.condition = condition
        self._since = self._clock.monotonic()

    def _say(self, sentence: str) -> None:
        if self._is_quiet:
            return
        now = self._clock.monotonic()
        if self._is_logged or self._logged_at is None or now - self._logged_at >= _QUIET_SECONDS:
            self._logged_at, self._is_logged = now, True
            _log.error("%s", sentence)

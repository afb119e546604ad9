"""What one examination may cost a server."""

from dataclasses import dataclass
from typing import Final, NoReturn

MAX_REQUESTS: Final = 200

#: Bytes of one body, and of all bodies together, decompressed.
MAX_BODY_BYTES: Final = 64 << 20
MAX_TOTAL_BYTES: Final = 640 << 20

MAX_TOTAL_SECONDS: Final = 300.0

#: Responses that may fail to come in time.
MAX_TIMEOUTS: Final = 3


class BudgetExhaustedError(Exception):
    """No further request may be sent; ``str(error)`` says why."""


@dataclass
class Budget:
    """What is left to spend on a server.

    Parameters
    ----------
    closed
        Why no further request may be sent, whatever is left; empty as long as requests may be sent.
    """

    requests: int = MAX_REQUESTS
    seconds: float = MAX_TOTAL_SECONDS
    body_bytes: int = MAX_TOTAL_BYTES
    timeouts: int = MAX_TIMEOUTS
    closed: str = ""

    def spend_request(self, seconds: float) -> None:
        """Deduct one request, and the ``seconds`` since the last one.

        Raises
        ------
        BudgetExhaustedError
            There is nothing left, or the budget is closed.
        """
        self.seconds -= seconds
        if reason := self.closed or self._why_exhausted():
            self.close(reason)
        self.requests -= 1

    def close(self, reason: str) -> NoReturn:
        """Allow no further request.

        Raises
        ------
        BudgetExhaustedError
            Always, with the ``reason``.
        """
        self.closed = reason
        raise BudgetExhaustedError(reason)

    def _why_exhausted(self) -> str:
        if self.requests <= 0:
            return "the limit of requests was reached"
        if self.seconds <= 0:
            return "the server took too long in all"
        if self.body_bytes <= 0:
            return "the server sent too much in all"
        return "the server left too many requests without an answer" if self.timeouts <= 0 else ""

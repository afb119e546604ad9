"""Handler: what answers the requests that the double's two doors, a socket and ASGI, take in."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from callsheet.api.answer import Response
from callsheet.api.request import Header
from callsheet.domain.errors import APIError
from callsheet.testing.clock import Clock


class Outcome(NamedTuple):
    """An answer, and what happens on its way.

    Parameters
    ----------
    response
        The answer.
    delay
        Seconds before it is sent.
    cut
        Whether the connection ends in the middle of its body.
    """

    response: Response
    delay: float = 0
    cut: bool = False


class Handler(Protocol):
    """Answers requests; it knows nothing of how they arrive."""

    @property
    def clock(self) -> Clock:
        """Where dates come from."""

    def handle(self, method: str, path: bytes, query: bytes, headers: Sequence[Header], body: bytes) -> Outcome:
        """Return the outcome of a complete request.

        Parameters
        ----------
        method
            In capitals.
        path, query
            As sent, still percent-encoded; the query without its question mark.
        headers
            Names in small letters, in the order sent.
        body
            Empty if there is none.
        """

    def refuse(self, error: APIError) -> Response:
        """Return the answer to bytes that are not a valid request."""

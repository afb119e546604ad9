"""Sizes: what headers count for against their limit, and how a request is refused that has too much of a thing."""

from collections.abc import Callable
from typing import Final

from callsheet.api.request import Header
from callsheet.domain.errors import APIError, RequestTooLargeError

#: What a header counts for beside name and value, in bytes; on the wire it may be less.
LINE: Final = len(": \r\n")


def size_of(header: Header) -> int:
    """Return what ``header`` counts for, in bytes."""
    return len(header[0]) + len(header[1]) + LINE


def too_large(part: str, limit: int) -> RequestTooLargeError:
    """Return the refusal of a request whose ``part`` (url, headers or body) has more than ``limit`` bytes."""
    name = {"url": "URL exceeds", "headers": "Headers exceed", "body": "Body exceeds"}[part]
    return RequestTooLargeError(f"{name} the limit of {limit} bytes", part)


class Trailers(list[Header]):
    """Headers behind a body, which come too late to mean anything: they are counted, and not kept.

    Parameters
    ----------
    limit
        Of all of them together, in bytes.
    refuse
        Called with the error when they are more.
    """

    def __init__(self, limit: int, refuse: Callable[[APIError], None]) -> None:
        super().__init__()
        self._left = self._limit = limit
        self._refuse = refuse

    def append(self, header: Header) -> None:
        """Count a trailer."""
        self._left -= size_of(header)
        if self._left < 0:
            self._refuse(too_large("headers", self._limit))

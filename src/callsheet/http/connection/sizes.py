"""Sizes: what headers count towards their limit, and the errors for requests that exceed one."""

from collections.abc import Callable
from typing import Final

from callsheet.api.request import Header
from callsheet.domain.errors import APIError, RequestTooLargeError

#: Bytes that a header counts beside its name and value; on the wire they may be fewer.
HEADER_OVERHEAD_BYTES: Final = len(": \r\n")


def size_of(header: Header) -> int:
    """Return how many bytes ``header`` counts."""
    return len(header[0]) + len(header[1]) + HEADER_OVERHEAD_BYTES


def too_large(part: str, limit: int) -> RequestTooLargeError:
    """Return the error for a request whose ``part`` (url, headers or body) has more than ``limit`` bytes."""
    name = {"url": "URL exceeds", "headers": "Headers exceed", "body": "Body exceeds"}[part]
    return RequestTooLargeError(f"{name} the limit of {limit} bytes", part)


class Trailers(list[Header]):
    """Headers after a body, which arrive too late to be used: they are counted, and kept only to be passed on.

    Parameters
    ----------
    limit
        Bytes of all of them together.
    refuse
        Called with the error when they exceed it.
    keep
        Whether they are passed on.
    """

    def __init__(self, limit: int, refuse: Callable[[APIError], None], *, keep: bool = False) -> None:
        super().__init__()
        self._keep = keep
        self._left = self._limit = limit
        self._refuse = refuse

    def append(self, header: Header) -> None:
        """Count a trailer."""
        self._left -= size_of(header)
        if self._left < 0:
            self._refuse(too_large("headers", self._limit))
        elif self._keep:
            super().append(header)

"""Bodies of requests that are read whole: those of the Admin API and of the console."""

from typing import Any


class BodyError(Exception):
    """A body was not read to its end."""


class BodyTooLargeError(BodyError):
    """It has more bytes than it may have."""


async def read_whole(receive: Any, max_bytes: int) -> bytes:
    """Return the whole body of an ASGI request.

    Raises
    ------
    BodyTooLargeError
        It has more than ``max_bytes``.
    BodyError
        The client went away before all of it had arrived.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise BodyError
        part = message.get("body", b"")
        size += len(part)
        if size > max_bytes:
            raise BodyTooLargeError
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)

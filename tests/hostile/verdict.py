"""What must never come of a hostile stream, whatever was in it."""

import json
import re
from collections.abc import Sequence
from typing import Final

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n")
_REQUEST_LINE: Final = re.compile(rb"HTTP/|\n\n|\r\n\r\n")


class WrongAnswerError(Exception):
    """The server did what it must not."""


def judge(sent: bytes, received: bytes, forbidden: Sequence[bytes]) -> list[int]:
    """Return the statuses of the answers in ``received``, all of which are as they should be.

    Parameters
    ----------
    sent
        By the caller.
    received
        By the caller until the end of the connection.
    forbidden
        What belongs to somebody else.

    Raises
    ------
    WrongAnswerError
        They are not.
    """
    for secret in forbidden:
        if secret in received:
            raise WrongAnswerError(f"somebody else's data: {secret!r}")
    statuses = []
    while received:
        status, headers, body, received = _split(received)
        if status >= 500:
            raise WrongAnswerError(f"status {status}: {body[:300]!r}")
        if status >= 400:
            _check_error(headers, body)
        statuses.append(status)
    if len(statuses) > 1 + len(_REQUEST_LINE.findall(sent)):
        raise WrongAnswerError(f"{len(statuses)} answers to fewer requests")
    return statuses


def _split(received: bytes) -> tuple[int, dict[str, str], bytes, bytes]:
    head, blank, rest = received.partition(b"\r\n\r\n")
    first = _STATUS_LINE.match(received)
    if not blank or first is None:
        raise WrongAnswerError(f"not an answer: {received[:200]!r}")
    lines = [line.partition(": ") for line in head.decode("latin-1").split("\r\n")[1:]]
    headers = {name: value for name, _, value in lines}
    if len(headers) != len(lines):
        raise WrongAnswerError(f"a header that repeats: {head!r}")
    status = int(first[1])
    length = int(headers["content-length"]) if "content-length" in headers else 0
    if "content-length" not in headers and status not in (204, 304):
        raise WrongAnswerError(f"an answer without a length: {head!r}")
    if len(rest) < length:
        raise WrongAnswerError(f"an answer that breaks off: {received[:200]!r}")
    return status, headers, rest[:length], rest[length:]


def _check_error(headers: dict[str, str], body: bytes) -> None:
    """Raise WrongAnswerError unless it is the envelope of the contract, or OpenAI's."""
    try:
        envelope = json.loads(body)
        error = envelope["error"]
        alike = "x-request-id" in headers or envelope["request_id"] == headers["request-id"]
        said = isinstance(error["type"], str) and isinstance(error["message"], str) and len(error["message"]) < 500
    except (ValueError, KeyError, TypeError):
        raise WrongAnswerError(f"an error without its envelope: {headers} {body[:200]!r}") from None
    if not alike or not said:
        raise WrongAnswerError(f"an error with a wrong envelope: {headers} {body[:200]!r}")

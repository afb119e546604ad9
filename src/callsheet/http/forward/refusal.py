"""Refusal: why a request gets an answer from here, and not from the gateway."""

from enum import StrEnum
from typing import Final

from callsheet.domain.errors import (
    APIError,
    InternalServerError,
    InvalidRequestError,
    OverloadedError,
    RequestTimeoutError,
)


class Reason(StrEnum):
    """Why a request was refused, or broke off."""

    AWAY = "away"
    """The gateway cannot be reached, or it closed the connection before it answered."""
    SILENT = "silent"
    """No byte arrived from the gateway in time."""
    INVALID = "invalid"
    """What the gateway sent is not an answer of HTTP/1.1."""
    BUSY = "busy"
    """Too many requests are under way."""
    REQUEST = "request"
    """It cannot be forwarded."""
    LOOP = "loop"
    """It has come through this server already."""
    SLOW = "slow"
    """The client stopped sending its body, or reading its answer."""
    CANCELLED = "cancelled"
    """The client went away."""
    BROKEN = "broken"
    """The gateway broke its answer off."""


class RefusedRequestError(Exception):
    """A request is answered from here.

    Parameters
    ----------
    reason
        Counted by.
    status
        Of the answer.
    error
        What its envelope says.
    """

    def __init__(self, reason: Reason, status: int, error: APIError) -> None:
        super().__init__(error.message)
        self.reason = reason
        self.status = status
        self.error = error


_AWAY: Final = "The gateway cannot be reached; try again later"
_BROKEN: Final = "The gateway closed the connection before it answered; try again later"
_INVALID: Final = "The gateway's answer is not valid HTTP/1.1"
_SILENT: Final = "The gateway did not answer in time"
_SLOW: Final = "The request took too long to arrive"
_LOOP: Final = "The gateway sends requests back to Callsheet: it must not be, or lead to, the server in front of it"


def away() -> RefusedRequestError:
    """Return the refusal while no connection to the gateway can be made."""
    return RefusedRequestError(Reason.AWAY, 502, InternalServerError(_AWAY))


def closed() -> RefusedRequestError:
    """Return the refusal where the gateway closed the connection without an answer."""
    return RefusedRequestError(Reason.AWAY, 502, InternalServerError(_BROKEN))


def invalid() -> RefusedRequestError:
    """Return the refusal where the gateway's answer cannot be read."""
    return RefusedRequestError(Reason.INVALID, 502, InternalServerError(_INVALID))


def silent() -> RefusedRequestError:
    """Return the refusal where the gateway sends nothing."""
    return RefusedRequestError(Reason.SILENT, 504, RequestTimeoutError(_SILENT))


def slow() -> RefusedRequestError:
    """Return the refusal where the client stops sending its body."""
    return RefusedRequestError(Reason.SLOW, 408, RequestTimeoutError(_SLOW))


def busy() -> RefusedRequestError:
    """Return the refusal of one request too many."""
    return RefusedRequestError(Reason.BUSY, 529, OverloadedError("Overloaded"))


def loop() -> RefusedRequestError:
    """Return the refusal of a request that has come through here already."""
    return RefusedRequestError(Reason.LOOP, 508, InternalServerError(_LOOP))


def unfit(message: str, status: int = 400) -> RefusedRequestError:
    """Return the refusal of a request that cannot be forwarded."""
    return RefusedRequestError(Reason.REQUEST, status, InvalidRequestError(message))

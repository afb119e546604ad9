"""The HTTP status of each error: the only table of these numbers (contract, section 5)."""

from typing import Final

from callsheet.domain import errors
from callsheet.domain.errors import APIError

STATUS: Final[dict[type[APIError], int]] = {
    errors.InvalidRequestError: 400,
    errors.AuthenticationError: 401,
    errors.PermissionDeniedError: 403,
    errors.NotFoundError: 404,
    errors.ModelNotFoundError: 404,
    errors.MethodNotAllowedError: 405,
    errors.RequestTimeoutError: 408,
    errors.RateLimitError: 429,
    errors.InternalServerError: 500,
    errors.OverloadedError: 529,
}

#: The status of `RequestTooLargeError`, by the part of the request that is too large.
TOO_LARGE: Final = {"body": 413, "url": 414, "headers": 431}

FIRST_ERROR: Final = 400
#: From here on, the server failed, not the caller.
FIRST_SERVER_ERROR: Final = 500

_RETRIED: Final = frozenset({408, 409, 429})


def status_of(error: APIError) -> int:
    """Return the status that ``error`` is answered with."""
    if isinstance(error, errors.RequestTooLargeError):
        return TOO_LARGE[error.part]
    return STATUS[type(error)]


def should_not_retry(status: int) -> bool:
    """Return whether the same request would fail the same way, so that clients must not retry it."""
    return FIRST_ERROR <= status < FIRST_SERVER_ERROR and status not in _RETRIED

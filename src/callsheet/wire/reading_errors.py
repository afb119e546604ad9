"""What servers refuse with, read back into the error tree (contract, sections 5 and 7)."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from callsheet.domain import errors
from callsheet.domain.errors import APIError
from callsheet.wire.anthropic import STATUS, TOO_LARGE

_FIRST_OF_SERVER: Final = 500


class ErrorContent(NamedTuple):
    """What an envelope of either dialect says; empty where it says nothing."""

    message: str = ""
    type: str = ""
    code: str = ""


def read_error(sent: object) -> ErrorContent | None:
    """Return what a JSON value says of an error; None if it is no envelope of one."""
    said = sent.get("error") if isinstance(sent, Mapping) else None
    if isinstance(said, str):  # as Ollama has it
        return ErrorContent(said)
    if not isinstance(said, Mapping):
        return None
    texts = (said.get(name) for name in ErrorContent._fields)
    return ErrorContent(*(text if isinstance(text, str) else "" for text in texts))


def make_error(status: int, content: ErrorContent, message: str) -> APIError:
    """Return the error that a server means by its status and envelope.

    The envelope decides where it is specific. It often is not: OpenAI calls a wrong key an
    ``invalid_request_error`` and says by the status what it is.

    Parameters
    ----------
    message
        What the error is to say.
    """
    kind = _BY_CODE.get(content.code) or _BY_TYPE.get(content.type)
    if kind is None and (status in _PARTS or content.type == errors.RequestTooLargeError.type):
        return errors.RequestTooLargeError(message, _PARTS.get(status, "body"))
    kind = kind or _BY_STATUS.get(status)
    if kind is errors.NotFoundError and "model" in content.message.lower():
        kind = errors.ModelNotFoundError
    if kind is None:
        kind = errors.InternalServerError if status >= _FIRST_OF_SERVER else errors.InvalidRequestError
    return kind(message)


_BY_STATUS: Final[dict[int, type[APIError]]] = {
    status: kind for kind, status in STATUS.items() if kind is not errors.ModelNotFoundError
}
_PARTS: Final = {status: part for part, status in TOO_LARGE.items()}

#: The types that say more than a status does.
_BY_TYPE: Final[dict[str, type[APIError]]] = {
    kind.type: kind
    for kind in (
        errors.AuthenticationError,
        errors.PermissionDeniedError,
        errors.NotFoundError,
        errors.RateLimitError,
        errors.OverloadedError,
    )
}
_BY_CODE: Final[dict[str, type[APIError]]] = {
    "invalid_api_key": errors.AuthenticationError,
    "model_not_found": errors.ModelNotFoundError,
    "rate_limit_exceeded": errors.RateLimitError,
}

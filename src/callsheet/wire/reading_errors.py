"""Error responses of any server, read back into the error tree (contract, sections 5 and 7)."""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Final, NamedTuple

from callsheet.domain import errors
from callsheet.domain.errors import APIError
from callsheet.wire.status import FIRST_SERVER_ERROR, STATUS, TOO_LARGE

#: Members that say what went wrong if there is no envelope, the most telling first: of FastAPI, Azure and Spring,
#: AWS, problem documents (RFC 9457), OAuth, one-api and Kong.
_REASONS: Final = ("message", "detail", "Message", "error_description", "errors", "msg", "title", "fault", "reason")
_TEXTS: Final = ("message", "msg", "detail", "description", "title", "faultstring", "reason", "error", "code")

_MAX_DEPTH_LEVELS: Final = 4
_MAX_TITLE_SEARCH_CHARACTERS: Final = 8_192  # of a page, in which its title is searched
_TITLE: Final = re.compile(r"<(title|h1)\b[^>]*>(.*?)</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG: Final = re.compile(r"<[^>]*>")
_PAGE: Final = re.compile(r"\s*<(!doctype|html|head|body|h1|\?xml)\b", re.IGNORECASE)


class ErrorContent(NamedTuple):
    """What a response says of an error; empty where it says nothing."""

    message: str = ""
    type: str = ""
    code: str = ""


def read_error(sent: object) -> ErrorContent | None:
    """Return what a JSON value says of an error; None if it does not describe one.

    It reads the envelopes of both dialects, and what gateways send instead: ``{"error": "text"}``,
    ``{"message": …}``, ``{"detail": …}``, ``{"errors": [{"message": …}]}`` and the like.
    """
    if isinstance(sent, list) and len(sent) == 1:  # Gemini
        sent = sent[0]
    if not isinstance(sent, Mapping):
        return None
    said = sent.get("error")
    if isinstance(said, Mapping):
        texts = [said.get(name) for name in ErrorContent._fields]
        message, kind, code = (text if isinstance(text, str) else "" for text in texts)
        return ErrorContent(message or _first_text(said) or _reason(sent), kind, code)
    reason = _reason(sent)
    if isinstance(said, str):  # Ollama; if there is a reason as well, this is its kind
        return ErrorContent(reason or said)
    return ErrorContent(reason) if reason else None


def read_page_title(text: str) -> str:
    """Return the title of a page of HTML, or a plain text on one line; empty if there is none."""
    text = text[:_MAX_TITLE_SEARCH_CHARACTERS]
    found = _TITLE.search(text)
    if found is not None:
        return " ".join(unescape(_TAG.sub(" ", found[2])).split())
    return "" if _PAGE.match(text) else " ".join(text.split())


def make_error(status: int, content: ErrorContent, message: str) -> APIError:
    """Return the error that a server means by its status and envelope.

    The envelope decides if it is specific. Often it is not: OpenAI's type for a wrong key is
    ``invalid_request_error``, and only the status distinguishes it from others.

    Parameters
    ----------
    message
        Of the error that is returned.
    """
    kind = _BY_CODE.get(content.code) or _BY_TYPE.get(content.type)
    if kind is None and (status in _PARTS or content.type == errors.RequestTooLargeError.type):
        return errors.RequestTooLargeError(message, _PARTS.get(status, "body"))
    kind = kind or _BY_STATUS.get(status)
    if kind is errors.NotFoundError and "model" in content.message.lower():
        kind = errors.ModelNotFoundError
    if kind is None:
        kind = errors.InternalServerError if status >= FIRST_SERVER_ERROR else errors.InvalidRequestError
    return kind(message)


def _reason(sent: Mapping[str, object]) -> str:
    """The first text beside ``error`` that says what went wrong; empty if there is none."""
    return next((text for name in _REASONS if (text := _first_text(sent.get(name)))), "")


def _first_text(value: object) -> str:
    return next(filter(None, _texts(value, 0)), "")


def _texts(value: object, depth: int) -> Iterator[str]:
    """Every text that may be the reason, the likeliest first."""
    if isinstance(value, str):
        yield value.strip()
    elif depth > _MAX_DEPTH_LEVELS:
        return
    elif isinstance(value, Mapping):
        for name in _TEXTS:
            yield from _texts(value.get(name), depth + 1)
    elif isinstance(value, list):
        for each in value[:1]:
            yield from _texts(each, depth + 1)


_BY_STATUS: Final[dict[int, type[APIError]]] = {
    status: kind for kind, status in STATUS.items() if kind is not errors.ModelNotFoundError
}
_PARTS: Final = {status: part for part, status in TOO_LARGE.items()}

#: The types that are more specific than a status.
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

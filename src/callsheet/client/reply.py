"""Replies: what a server answered, and what it means. Pure."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple, TypeAlias, TypeVar
from urllib.parse import urljoin, urlsplit

from callsheet.client.options import ClientOptions
from callsheet.client.printable import printable
from callsheet.domain.errors import APIError, APIResponseError, ClientError
from callsheet.wire.reading_errors import ErrorContent, make_error, read_error, read_page_title
from callsheet.wire.rows import UnreadableError, parse
from callsheet.wire.status import FIRST_ERROR, FIRST_SERVER_ERROR

#: The status of "what you have is still current".
NOT_MODIFIED: Final = 304

_FIRST_REDIRECT: Final = 300
_MIN_HIDDEN_CHARACTERS: Final = 6  # a shorter text is not a key, and may be part of any word
_MAX_MESSAGE_CHARACTERS: Final = 500  # of the reason that a server gives
_MAX_ERROR_PAGE_BYTES: Final = 2**20  # of a page in which a reason is searched

_ADVICE: Final = {
    401: "check the API key",
    403: "check the API key, and what it may do",
    407: "check the proxy",
    429: "try again later",
}

T = TypeVar("T")


class Reply(NamedTuple):
    """An answer of a server.

    Parameters
    ----------
    url
        Of the request.
    received_at
        When it was received (aware).
    status, headers, body
        As received; names of headers in small letters, the body without its content coding.
    """

    url: str
    received_at: datetime
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str | None:
        """The id that the server gave the request, or None."""
        return self.headers.get("request-id") or self.headers.get("x-request-id")


class Failure(NamedTuple):
    """The reason why there is no answer.

    Parameters
    ----------
    is_away
        Whether the server was not reached, so that a retry may help.
    """

    error: ClientError
    is_away: bool


Outcome: TypeAlias = Reply | Failure


def read_reply(options: ClientOptions, reply: Reply, read: Callable[[bytes], T]) -> T:
    """Return what ``read`` makes of the body of a successful reply.

    Raises
    ------
    APIError
        The server refused; class and attributes come from the status, the envelope and the request id. Some servers
        refuse with a successful status.
    APIResponseError
        It is a redirect, or not what a Models API answers.
    """
    if reply.status >= FIRST_ERROR:
        raise refusal(options, reply)
    if reply.status >= _FIRST_REDIRECT:
        raise _about(_redirected(reply), options, reply)
    try:
        return read(reply.body)
    except UnreadableError as error:
        if read_error(_parse_or_none(reply.body)) is not None:
            raise refusal(options, reply) from None
        kind = reply.headers.get("content-type", "").partition(";")[0].strip()
        with_kind = f" ({printable(kind)})" if kind and "json" not in kind else ""
        what = f"{printable(str(error))}{with_kind}"
        sentence = f"{reply.url} answered with {what}; check that the base URL is that of a Models API."
        raise _about(APIResponseError(sentence), options, reply) from None


def refusal(options: ClientOptions, reply: Reply) -> APIError:
    """Return the error that a reply means; its message is the reason that the server gives, if there is one."""
    parsed = _parse_or_none(reply.body)
    content = read_error(parsed) or ErrorContent()
    message = _fit(options, content.message) or _plain(options, reply, is_json=parsed is not None)
    error = _about(make_error(reply.status, content, message), options, reply)
    error.retry_after = retry_after(reply)
    return error


def _plain(options: ClientOptions, reply: Reply, *, is_json: bool) -> str:
    """A sentence about a refusal whose body is not an error of a known form."""
    text = "" if is_json else reply.body[:_MAX_ERROR_PAGE_BYTES].decode(errors="replace")
    said = _fit(options, read_page_title(str(_without(options.secrets, text))))
    reason = f" ({said})" if said else " and without a reason"
    if reply.status >= FIRST_SERVER_ERROR:
        advice = "try again later"
    else:
        advice = _ADVICE.get(reply.status, "check the base URL")
    return f"{reply.url} answered with status {reply.status}{reason}; {advice}."


def _fit(options: ClientOptions, text: str) -> str:
    """What a server said, on one bounded line, without control characters and secrets."""
    without = str(_without(options.secrets, text))
    return printable(" ".join(without.split()), _MAX_MESSAGE_CHARACTERS).strip()


def retry_after(reply: Reply) -> float | None:
    """Return how many seconds the server asks to wait; None if it does not say, or what it says makes no sense."""
    milliseconds = _number(reply.headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    said = reply.headers.get("retry-after")
    seconds = _number(said)
    if seconds is not None or said is None:
        return seconds
    try:
        return max(0.0, (parsedate_to_datetime(said) - reply.received_at).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None


E = TypeVar("E", APIError, ClientError, APIResponseError)


def _about(error: E, options: ClientOptions, reply: Reply) -> E:
    parsed = _parse_or_none(reply.body)
    error.status = reply.status
    error.body = _without(options.secrets, reply.body.decode(errors="replace") if parsed is None else parsed)
    request_id = reply.request_id
    if request_id is None and isinstance(parsed, dict) and isinstance(parsed.get("request_id"), str):
        request_id = parsed["request_id"]
    error.request_id = request_id
    return error


def _without(secrets: Sequence[str], said: object) -> object:
    """What a server said, without the secrets: some servers repeat them."""
    match said:
        case str():
            for secret in secrets:
                if len(secret) >= _MIN_HIDDEN_CHARACTERS:
                    said = said.replace(secret, "***")
            return said
        case dict():
            return {str(_without(secrets, name)): _without(secrets, value) for name, value in said.items()}
        case list():
            return [_without(secrets, each) for each in said]
    return said


def _parse_or_none(body: bytes) -> object:
    try:
        return parse(body)
    except UnreadableError:
        return None


def _redirected(reply: Reply) -> APIResponseError:
    try:
        to = urlsplit(urljoin(reply.url, reply.headers.get("location", "")))
        host = to.hostname or ""
        where = f"{to.scheme}://{host}{'' if to.port is None else f':{to.port}'}{to.path}"
    except ValueError:
        where = "an address that is not valid"
    return APIResponseError(
        f"{reply.url} redirects to {printable(where)}, which is not followed with a key; change the base URL."
    )


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None

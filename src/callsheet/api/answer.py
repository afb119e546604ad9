"""answer(state, request) -> response: the whole contract, without I/O."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from math import ceil
from typing import Final, NamedTuple

from callsheet.api import compression, cors
from callsheet.api.authentication import authenticate, is_openai
from callsheet.api.caller import JSON, Caller, common_headers, identify
from callsheet.api.encoded_block import Body, Pieces
from callsheet.api.request import QUOTED, Header, Request, find_names, parse_query, read_headers
from callsheet.api.state import DEFAULTS, Options, State
from callsheet.api.view import AT_ONCE, UNBOUNDED
from callsheet.domain.errors import (
    APIError,
    InternalServerError,
    MethodNotAllowedError,
    ModelNotFoundError,
    RequestTooLargeError,
)
from callsheet.wire import anthropic, openai

_NO_RETRY: Final[Header] = (b"x-should-retry", b"false")


class Dialect(StrEnum):
    """Whose clients an answer is written for."""

    ANTHROPIC = "anthropic"
    OPENAI = "openai"


class Response(NamedTuple):
    """An answer, whole.

    Parameters
    ----------
    status
        Of HTTP.
    headers
        Names in small letters, the request id first; ``content-length`` among them where there is a body.
    body
        Empty for HEAD, 204 and 304.
    pieces
        The body instead, where it is long and may be had in pieces.
    key_id
        Of the key it was given to, for logs; None if nobody was let in.
    good_until
        When an equal request stops getting an equal answer (request id aside) though the State stands, in
        seconds since the epoch; 0 if it may be another the next time.
    dialect
        Which it is written in; the request id stands under one name for Anthropic, under two for OpenAI.
    """

    status: int
    headers: list[Header]
    body: bytes
    key_id: str | None = None
    good_until: float = 0.0
    pieces: Pieces | None = None
    dialect: Dialect = Dialect.ANTHROPIC

    @property
    def length(self) -> int:
        """Of the body, in bytes."""
        return len(self.body if self.pieces is None else self.pieces)


def answer(
    state: State, request: Request, most: int = UNBOUNDED, *, again: bool = True, whole: bool = True
) -> Response:
    """Return what the contract says to ``request``. Never raises for anything a caller can send.

    The order of checks is that of section 4: path, method, credential, version, workspace, query, model.
    Of the headers, only those in `READ` matter.

    Parameters
    ----------
    state
        What is true now.
    request
        What is asked.
    most
        Blocks of the catalogue that may be prepared for it.
    again
        Whether an equal request came before, so that the body is worth compressing.
    whole
        Whether the body is wanted as one string, however long.

    Raises
    ------
    UnfinishedError
        More must be prepared first; asked again, it goes on where it stopped.
    """
    headers = read_headers(request.headers)
    known = cors.origin_headers(state.options, headers)
    try:
        if len(request.path) + bool(request.query) + len(request.query) > state.options.max_url_bytes:
            raise RequestTooLargeError(f"URL exceeds the limit of {state.options.max_url_bytes} bytes", "url")
        names = find_names(request.path)
        if request.method not in ("GET", "HEAD"):
            if cors.is_preflight(state.options, request.method, headers):
                return _preflight(request, headers, known, state.options)
            raise MethodNotAllowedError("Method Not Allowed")
        caller = identify(state, headers, known, request.now)
        body = find(caller, names, request.query, most)
    except APIError as error:
        refusal = refuse(error, request, known, to_openai=is_openai(state, headers), options=state.options)
        return refusal._replace(key_id=_key_id(state, headers, request.now))
    return give(caller, body, request, again=again, whole=whole)


def find(caller: Caller, names: tuple[str, ...], query: bytes, most: int = AT_ONCE) -> Body:
    """Return the body that ``caller`` asks for: the first model that one of ``names`` means, or a page without any.

    At most ``most`` blocks of the catalogue are prepared for it.

    Raises
    ------
    APIError
        The query is malformed, or the model does not exist for the caller.
    UnfinishedError
        More must be prepared first; asked again, it goes on where it stopped.
    """
    if not names:
        if caller.to_openai:
            return caller.view.everything(most)
        return caller.view.page(parse_query(query, caller.default_limit), most)
    for name in names:
        body = caller.view.retrieve(name)
        if body is not None:
            return body
    raise ModelNotFoundError(f"model: {names[-1][:QUOTED]}")


class Sent(NamedTuple):
    """A body as this caller gets it, and the headers that go with it, request id aside.

    It is final unless the same body may be there compressed the next time.
    """

    body: Body
    headers: tuple[Header, ...]
    coding: bytes | None
    final: bool = True


def suit(caller: Caller, body: Body, *, again: bool) -> Sent:
    """Return ``body`` as ``caller`` takes it: compressed if that is worth it, or has been done already."""
    if len(body.content) < compression.WORTH_IT:
        return Sent(body, caller.headers, None)
    if caller.coding is None:
        return Sent(body, caller.varying_headers, None)
    encoded = compression.encode(caller.view, body, caller.coding, again=again)
    if encoded is None:
        return Sent(body, caller.varying_headers, None, final=False)
    return Sent(encoded, caller.varying_headers, caller.coding)


def refuse(
    error: APIError,
    request: Request,
    known: Sequence[Header] = (),
    *,
    to_openai: bool = False,
    options: Options = DEFAULTS,
) -> Response:
    """Return the error envelope for ``error`` (section 5), in the dialect of the caller."""
    status = anthropic.status_of(error)
    content = openai.write_error(error) if to_openai else anthropic.write_error(error, request.request_id)
    dialect = Dialect.OPENAI if to_openai else Dialect.ANTHROPIC
    headers = [*_ids(request, dialect), *common_headers(options, known), JSON]
    if isinstance(error, MethodNotAllowedError):
        headers.append((b"allow", b"GET, HEAD, OPTIONS" if options.cors_origins else b"GET, HEAD"))
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % ceil(error.retry_after)))
    if anthropic.should_not_retry(status):
        headers.append(_NO_RETRY)
    headers.append((b"content-length", b"%d" % len(content)))
    body = b"" if request.method == "HEAD" else content
    return Response(status, headers, body, dialect=dialect)


def apologize(state: State, request: Request, error: APIError | None = None) -> Response:
    """Return the answer to a request that is not looked into, in the dialect of the caller.

    ``error`` says why; without one, something unexpected happened.
    """
    headers = read_headers(request.headers)
    refusal = refuse(
        error or InternalServerError("Internal server error"),
        request,
        cors.origin_headers(state.options, headers),
        to_openai=is_openai(state, headers),
        options=state.options,
    )
    if error is None:  # it may have been the search for the key that went wrong
        return refusal
    return refusal._replace(key_id=_key_id(state, headers, request.now))


def _key_id(state: State, headers: Mapping[bytes, bytes], now: float) -> str | None:
    """The id of the key of a request that is refused, for the log; None if it has none that is good."""
    try:
        return authenticate(state, headers, now).key_id
    except APIError:
        return None


def give(caller: Caller, body: Body, request: Request, *, again: bool, whole: bool) -> Response:
    """Return the successful answer, or 304 when the caller has it already.

    ``again`` and ``whole`` mean what they mean for `answer`.
    """
    held = _held(caller, body)
    if held is not None:
        return _not_modified(caller, body, request, held)
    (content, etag), shared, coding, final = suit(caller, body, again=again)
    good_until = caller.expires if final else 0.0
    dialect = _dialect(caller)
    headers = [*_ids(request, dialect), *shared, (b"etag", etag)]
    headers.append((b"content-length", b"%d" % len(content)))
    if coding is not None:
        headers.append((b"content-encoding", coding))
    if request.method == "HEAD":
        return Response(200, headers, b"", caller.key_id, good_until, None, dialect)
    if whole or not isinstance(content, Pieces):
        return Response(200, headers, bytes(content), caller.key_id, good_until, None, dialect)
    return Response(200, headers, b"", caller.key_id, good_until, content, dialect)


def _dialect(caller: Caller) -> Dialect:
    return Dialect.OPENAI if caller.to_openai else Dialect.ANTHROPIC


def _held(caller: Caller, body: Body) -> bytes | None:
    """Return the entity tag of a representation of ``body`` that the caller holds and could be sent, or None.

    Which of them it would get now depends on what others have asked for: it is not sent one again, because it
    holds the other. Weak tags compare as strong ones do.
    """
    if caller.if_none_match is None:
        return None
    if caller.if_none_match == b"*":
        return body.etag
    tags = {tag.strip().removeprefix(b"W/") for tag in caller.if_none_match.split(b",")}
    if body.etag in tags:
        return body.etag
    encoded = None if caller.coding is None else compression.tag(body, caller.coding)
    return encoded if encoded in tags else None


def _not_modified(caller: Caller, body: Body, request: Request, etag: bytes) -> Response:
    shared = caller.headers if len(body.content) < compression.WORTH_IT else caller.varying_headers
    dialect = _dialect(caller)
    headers = [*_ids(request, dialect), *shared, (b"etag", etag)]
    fewer = [header for header in headers if header[0] != b"content-type"]
    return Response(304, fewer, b"", caller.key_id, caller.expires, None, dialect)


def _preflight(request: Request, headers: Mapping[bytes, bytes], known: list[Header], options: Options) -> Response:
    more = cors.preflight_headers(headers) if known else []
    return Response(204, [*_ids(request, Dialect.ANTHROPIC), *common_headers(options, known), *more], b"")


def id_headers(dialect: Dialect, request_id: bytes) -> tuple[Header, ...]:
    """Return the headers that carry the request id, which come first in every answer.

    OpenAI's SDK reads it under a name of its own.
    """
    if dialect is Dialect.OPENAI:
        return ((b"request-id", request_id), (b"x-request-id", request_id))
    return ((b"request-id", request_id),)


def _ids(request: Request, dialect: Dialect) -> tuple[Header, ...]:
    return id_headers(dialect, request.request_id.encode())

"""answer(state, request) -> response: the whole contract, without I/O."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from callsheet.api import cors
from callsheet.api.authentication import authenticate
from callsheet.api.body import Body, Pieces, compressed_etag
from callsheet.api.caller import Caller, admit
from callsheet.api.compression import MIN_COMPRESSED_BYTES
from callsheet.api.dialect import OPENAI, Dialect, is_openai
from callsheet.api.headers import (
    body_headers,
    common_headers,
    error_headers,
    not_modified_headers,
    organization_header,
    request_id_headers,
)
from callsheet.api.request import MAX_QUOTED_CHARACTERS, Header, Request, find_names, parse_query, read_headers
from callsheet.api.state import DEFAULTS, Options, State
from callsheet.api.view import REQUEST_BLOCK_BUDGET, UNBOUNDED
from callsheet.domain.access.keyring import Principal
from callsheet.domain.errors import (
    APIError,
    InternalServerError,
    MethodNotAllowedError,
    ModelNotFoundError,
    RequestTooLargeError,
)
from callsheet.wire import anthropic, openai
from callsheet.wire.status import status_of


class Response(NamedTuple):
    """A complete response.

    Parameters
    ----------
    status
        The HTTP status.
    headers
        Names in small letters, the request id first; ``content-length`` among them where there is a body.
    body
        Empty for HEAD, 204 and 304.
    key_id
        Of the key that it is made for, for logs; None if the request had no valid one.
    cacheable_until
        Epoch seconds until which an identical request is certain to get this response (request id aside) from the
        same State; 0 means do not cache.
    dialect
        Which it is written in.
    pieces
        The body instead of ``body``, where it is long and the caller of `answer` accepts pieces.
    """

    status: int
    headers: list[Header]
    body: bytes
    key_id: str | None = None
    cacheable_until: float = 0.0
    pieces: Pieces | None = None
    dialect: Dialect = Dialect.ANTHROPIC

    @property
    def length(self) -> int:
        """Of the body, in bytes."""
        return len(self.body if self.pieces is None else self.pieces)


def answer(
    state: State, request: Request, block_budget: int = UNBOUNDED, *, again: bool = True, whole: bool = True
) -> Response:
    """Return what the contract says to ``request``. Never raises for anything a caller can send.

    The order of the checks is that of section 4: path (`find_names`), method, credential (`authenticate`), version,
    betas and workspace (`admit`), query (`parse_query`), model (`select_body`). The first that fails answers.

    Parameters
    ----------
    state
        The installation as it is now.
    request
        What is asked; of its headers, only those in `READ_HEADERS` matter.
    block_budget
        Blocks of the catalogue that may be encoded for it.
    again
        Whether an identical request came before, so that the body is worth compressing.
    whole
        Whether the body must be one string, however long.

    Raises
    ------
    UnfinishedError
        The budget is exhausted; call again to go on from there.
    """
    headers = read_headers(request.headers)
    principal = caller = None
    try:
        _check_url_length(request, state.options)
        names = find_names(request.path)
        if request.method not in ("GET", "HEAD"):
            if cors.is_preflight(state.options, request.method, headers):
                return _preflight(request, headers, state.options)
            raise MethodNotAllowedError("Method Not Allowed")
        principal = authenticate(state, headers, request.now)
        caller = admit(state, headers, principal, block_budget)
        body = select_body(caller, names, request.query, block_budget)
    except APIError as error:
        known = _known_headers(state, headers, principal, caller)
        response = error_response(error, request, known, to_openai=is_openai(state, headers), options=state.options)
        return response._replace(key_id=_key_id(state, headers, request.now))
    return success_response(caller, body, request, again=again, whole=whole)


def _known_headers(
    state: State, headers: Mapping[bytes, bytes], principal: Principal | None, caller: Caller | None
) -> Sequence[Header]:
    """The headers of an error that depend on who asks, as far as the checks before it have found that out."""
    if caller is not None:
        return caller.known_headers
    known = cors.origin_headers(state.options, headers)
    if principal is not None:
        known.append(organization_header(state.organization_id))
    return known


def _check_url_length(request: Request, options: Options) -> None:
    if len(request.path) + bool(request.query) + len(request.query) > options.max_url_bytes:
        raise RequestTooLargeError(f"URL exceeds the limit of {options.max_url_bytes} bytes", "url")


def select_body(
    caller: Caller, names: tuple[str, ...], query: bytes, block_budget: int = REQUEST_BLOCK_BUDGET
) -> Body:
    """Return the body that ``caller`` asks for: the first model that one of ``names`` means, or else a page.

    At most ``block_budget`` blocks of the catalogue are encoded for it.

    Raises
    ------
    APIError
        The query is malformed, or the model does not exist for the caller.
    UnfinishedError
        The budget is exhausted; call again to go on from there.
    """
    if not names:
        if caller.dialect is OPENAI:
            return caller.view.everything(block_budget)
        return caller.view.page(parse_query(query, caller.default_limit), block_budget)
    for name in names:
        body = caller.view.retrieve(name)
        if body is not None:
            return body
    raise ModelNotFoundError(f"model: {names[-1][:MAX_QUOTED_CHARACTERS]}")


class Representation(NamedTuple):
    """A body as this caller gets it, and its headers, but for the request id and those about the body.

    It is not cacheable while a compressed version of the body may still be produced.
    """

    body: Body
    headers: tuple[Header, ...]
    coding: bytes | None
    is_cacheable: bool = True


def negotiate_encoding(caller: Caller, body: Body, *, again: bool) -> Representation:
    """Return ``body`` compressed, if the caller accepts that and it is worth it or done already; else as it is."""
    if len(body.content) < MIN_COMPRESSED_BYTES:
        return Representation(body, caller.headers, None)
    if caller.coding is None:
        return Representation(body, caller.varying_headers, None)
    compressed = caller.view.compressed(body, caller.coding, again=again)
    if compressed is None:
        return Representation(body, caller.varying_headers, None, is_cacheable=False)
    return Representation(compressed, caller.varying_headers, caller.coding)


def error_response(
    error: APIError,
    request: Request,
    known: Sequence[Header] = (),
    *,
    to_openai: bool = False,
    options: Options = DEFAULTS,
) -> Response:
    """Return the error envelope for ``error`` (section 5), in the dialect of the caller.

    Parameters
    ----------
    error, request
        What failed, and the request that it answers.
    known
        Headers that depend on who asks, as far as that is known.
    to_openai
        Whether the caller is an OpenAI client.
    options
        What the operator chose.
    """
    status = status_of(error)
    content = openai.write_error(error) if to_openai else anthropic.write_error(error, request.request_id)
    dialect = Dialect.OPENAI if to_openai else Dialect.ANTHROPIC
    headers = [
        *request_id_headers(dialect, request.request_id.encode()),
        *error_headers(error, status, len(content), options, known),
    ]
    return Response(status, headers, b"" if request.method == "HEAD" else content, dialect=dialect)


def error_before_examination(state: State, request: Request, error: APIError | None = None) -> Response:
    """Return the response to a request that is rejected before it is examined, in the dialect of the caller.

    Parameters
    ----------
    error
        Why it is rejected, such as overload or a rate limit; None if something unexpected went wrong.
    """
    headers = read_headers(request.headers)
    response = error_response(
        error or InternalServerError("Internal server error"),
        request,
        cors.origin_headers(state.options, headers),
        to_openai=is_openai(state, headers),
        options=state.options,
    )
    if error is None:  # it may have been the search for the key that went wrong
        return response
    return response._replace(key_id=_key_id(state, headers, request.now))


def _key_id(state: State, headers: Mapping[bytes, bytes], now: float) -> str | None:
    """The id of the key of a request that is refused, for the log; None if it has no valid one."""
    try:
        return authenticate(state, headers, now).key_id
    except APIError:
        return None


def success_response(caller: Caller, body: Body, request: Request, *, again: bool, whole: bool) -> Response:
    """Return the successful response with ``body``, or 304 if the caller has it already.

    ``again`` and ``whole`` mean what they mean for `answer`.
    """
    held = _held_etag(caller, body)
    if held is not None:
        return _not_modified(caller, body, request, held)
    (content, etag), shared, coding, is_cacheable = negotiate_encoding(caller, body, again=again)
    dialect = caller.dialect
    ids = request_id_headers(dialect, request.request_id.encode())
    headers = body_headers(ids, shared, etag, len(content), coding)
    cacheable_until = caller.expires if is_cacheable else 0.0
    if request.method == "HEAD":
        return Response(200, headers, b"", caller.key_id, cacheable_until, None, dialect)
    if whole or not isinstance(content, Pieces):
        return Response(200, headers, bytes(content), caller.key_id, cacheable_until, None, dialect)
    return Response(200, headers, b"", caller.key_id, cacheable_until, content, dialect)


def _held_etag(caller: Caller, body: Body) -> bytes | None:
    """Return the entity tag of a representation of ``body`` that the caller has and could be sent, or None.

    Whether it would be sent the body as it is or compressed depends on what others have asked for; whichever of the
    two it has, it is not sent the other. Weak tags are compared like strong ones.
    """
    if caller.if_none_match is None:
        return None
    if caller.if_none_match == b"*":
        return body.etag
    tags = {tag.strip().removeprefix(b"W/") for tag in caller.if_none_match.split(b",")}
    if body.etag in tags:
        return body.etag
    compressed = None if caller.coding is None else compressed_etag(body.etag, caller.coding)
    return compressed if compressed in tags else None


def _not_modified(caller: Caller, body: Body, request: Request, etag: bytes) -> Response:
    shared = caller.headers if len(body.content) < MIN_COMPRESSED_BYTES else caller.varying_headers
    ids = request_id_headers(caller.dialect, request.request_id.encode())
    headers = not_modified_headers(ids, shared, etag)
    return Response(304, headers, b"", caller.key_id, caller.expires, None, caller.dialect)


def _preflight(request: Request, headers: Mapping[bytes, bytes], options: Options) -> Response:
    ids = request_id_headers(Dialect.ANTHROPIC, request.request_id.encode())
    known = cors.origin_headers(options, headers)
    allowed = cors.preflight_headers(headers) if known else []
    return Response(204, [*ids, *common_headers(options, known), *allowed], b"")

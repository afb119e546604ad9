"""answer(state, request) -> response: the whole contract, without I/O."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from callsheet.api import cors, encoding
from callsheet.api.authenticate import (
    authenticate,
    check_betas,
    check_version,
    choose_workspace,
    is_openai,
)
from callsheet.api.request import QUOTED, Header, Request, find_model_id, parse_query, read_headers
from callsheet.api.state import DEFAULTS, Options, State
from callsheet.api.view import Body, View
from callsheet.domain.errors import (
    APIError,
    MethodNotAllowedError,
    ModelNotFoundError,
    RequestTooLargeError,
)
from callsheet.wire import anthropic, openai

_COMMON: Final[tuple[Header, ...]] = (
    (b"cache-control", b"private, no-cache"),
    (b"x-content-type-options", b"nosniff"),
)
_JSON: Final[Header] = (b"content-type", b"application/json")
_NO_RETRY: Final[Header] = (b"x-should-retry", b"false")
_VARY: Final = b"anthropic-version, anthropic-workspace-id, authorization, x-api-key"


class Response(NamedTuple):
    """An answer, whole.

    Parameters
    ----------
    status
        Of HTTP.
    headers
        Names in small letters; ``content-length`` among them where there is a body.
    body
        Empty for HEAD, 204 and 304.
    """

    status: int
    headers: list[Header]
    body: bytes


def answer(state: State, request: Request) -> Response:
    """Return what the contract says to ``request``. Never raises for anything a caller can send.

    The order of checks is that of section 4: path, method, credential, version, workspace, query, model.
    """
    headers = read_headers(request.headers)
    to_openai = is_openai(state, headers)
    known: list[Header] = cors.origin_headers(state.options, headers)
    try:
        if len(request.path) + len(request.query) > state.options.max_url_bytes:
            raise RequestTooLargeError(f"URL exceeds the limit of {state.options.max_url_bytes} bytes", "url")
        model_id = find_model_id(request.path)
        if request.method not in ("GET", "HEAD"):
            if cors.is_preflight(state.options, request.method, headers):
                return _preflight(request, headers, known)
            raise MethodNotAllowedError("Method Not Allowed")
        view = _find_view(state, request, headers, known, to_openai=to_openai)
        body = _find_body(view, model_id, request, state.options, to_openai=to_openai)
    except APIError as error:
        return refuse(error, request, known, to_openai=to_openai, options=state.options)
    return _give(view, body, request, headers, known, to_openai=to_openai, options=state.options)


def refuse(
    error: APIError,
    request: Request,
    known: list[Header] | None = None,
    *,
    to_openai: bool = False,
    options: Options = DEFAULTS,
) -> Response:
    """Return the error envelope for ``error`` (section 5), in the dialect of the caller."""
    status = anthropic.status_of(error)
    content = openai.write_error(error) if to_openai else anthropic.write_error(error, request.request_id)
    headers = [_JSON, *_ids(request, to_openai=to_openai), *(known or ()), *_COMMON]
    headers.append((b"vary", _vary(options)))
    if isinstance(error, MethodNotAllowedError):
        headers.append((b"allow", b"GET, HEAD, OPTIONS" if options.cors_origins else b"GET, HEAD"))
    if anthropic.should_not_retry(status):
        headers.append(_NO_RETRY)
    headers.append((b"content-length", b"%d" % len(content)))
    return Response(status, headers, b"" if request.method == "HEAD" else content)


def _find_view(
    state: State, request: Request, headers: Mapping[bytes, bytes], known: list[Header], *, to_openai: bool
) -> View:
    """What the caller sees. ``known`` gains the headers that say who it was taken for."""
    principal = authenticate(state, headers, request.now)
    known.append((b"anthropic-organization-id", state.organization_id.encode()))
    if not to_openai:
        check_version(state, headers)
    check_betas(state, headers)
    workspace = choose_workspace(state, principal, headers.get(b"anthropic-workspace-id"))
    known.append((b"anthropic-workspace-id", workspace.id.encode()))
    return state.view(workspace, openai=to_openai)


def _find_body(view: View, model_id: str | None, request: Request, options: Options, *, to_openai: bool) -> Body:
    if model_id is None:
        if to_openai:
            return view.everything()
        return view.page(parse_query(request.query, options.default_limit))
    body = view.retrieve(model_id)
    if body is None:
        raise ModelNotFoundError(f"model: {model_id[:QUOTED]}")
    return body


def _give(
    view: View,
    body: Body,
    request: Request,
    headers: Mapping[bytes, bytes],
    known: list[Header],
    *,
    to_openai: bool,
    options: Options,
) -> Response:
    """The successful answer: whole, compressed, or 304 when the caller has it already."""
    vary, coded = _vary(options), None
    if len(body.content) >= encoding.WORTH_IT:
        vary += b", accept-encoding"
        coded = encoding.choose(headers.get(b"accept-encoding", b""))
        if coded is not None:
            body = encoding.encode(view, body, coded)
    shared = [
        *_ids(request, to_openai=to_openai),
        *known,
        (b"etag", body.etag),
        *_COMMON,
        (b"vary", vary),
    ]
    if _has_already(headers.get(b"if-none-match"), body.etag):
        return Response(304, shared, b"")
    shared += [_JSON, (b"content-length", b"%d" % len(body.content))]
    if coded is not None:
        shared.append((b"content-encoding", coded))
    return Response(200, shared, b"" if request.method == "HEAD" else body.content)


def _has_already(if_none_match: bytes | None, etag: bytes) -> bool:
    """Return whether the caller holds this very representation; weak tags compare as strong ones do."""
    if if_none_match is None:
        return False
    if if_none_match == b"*":
        return True
    return etag in (tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b","))


def _preflight(request: Request, headers: Mapping[bytes, bytes], known: list[Header]) -> Response:
    more = cors.preflight_headers(headers) if known else []
    return Response(204, [*_ids(request), *known, *more, (b"vary", b"origin")], b"")


def _vary(options: Options) -> bytes:
    return _VARY + b", origin" if options.cors_origins else _VARY


def _ids(request: Request, *, to_openai: bool = False) -> tuple[Header, ...]:
    """The request id, also under the name that OpenAI's SDK reads."""
    request_id = request.request_id.encode()
    if to_openai:
        return ((b"request-id", request_id), (b"x-request-id", request_id))
    return ((b"request-id", request_id),)

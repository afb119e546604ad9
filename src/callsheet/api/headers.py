"""Response headers: every one that a response carries, but for CORS, which is in `cors` (contract, section 6)."""

from collections.abc import Sequence
from math import ceil
from typing import Final

from callsheet.api.dialect import OPENAI, Dialect
from callsheet.api.request import Header
from callsheet.api.state import Options
from callsheet.domain.errors import APIError, MethodNotAllowedError
from callsheet.wire.status import should_not_retry

_JSON: Final[Header] = (b"content-type", b"application/json")
_COMMON: Final[tuple[Header, ...]] = (
    (b"cache-control", b"private, no-cache"),
    (b"x-content-type-options", b"nosniff"),
)
_VARY: Final = b"anthropic-version, anthropic-workspace-id, authorization, x-api-key"
_NO_RETRY: Final[Header] = (b"x-should-retry", b"false")


def request_id_headers(dialect: Dialect, request_id: bytes) -> tuple[Header, ...]:
    """Return the headers that carry the request id, which come first; OpenAI's SDK reads it under its own name."""
    if dialect is OPENAI:
        return ((b"request-id", request_id), (b"x-request-id", request_id))
    return ((b"request-id", request_id),)


def organization_header(organization_id: str) -> Header:
    """Return the header of every response to a caller with a valid credential."""
    return (b"anthropic-organization-id", organization_id.encode())


def workspace_header(workspace_id: str) -> Header:
    """Return the header of every response to a caller whose workspace is known."""
    return (b"anthropic-workspace-id", workspace_id.encode())


def vary(options: Options) -> bytes:
    """Return the request headers that every response depends on."""
    return _VARY + b", origin" if options.cors_origins else _VARY


def common_headers(options: Options, known: Sequence[Header]) -> list[Header]:
    """Return the headers of any response, behind those that depend on who asks (``known``)."""
    return [*known, *_COMMON, (b"vary", vary(options))]


def success_headers(options: Options, known: Sequence[Header]) -> tuple[tuple[Header, ...], tuple[Header, ...]]:
    """Return the headers between request id and entity tag: of a body never compressed, and of any other."""
    varies = vary(options)
    return (
        (*known, *_COMMON, (b"vary", varies), _JSON),
        (*known, *_COMMON, (b"vary", varies + b", accept-encoding"), _JSON),
    )


def body_headers(
    ids: Sequence[Header], shared: Sequence[Header], etag: bytes, length: int, coding: bytes | None
) -> list[Header]:
    """Return all headers of a successful response with a body.

    Parameters
    ----------
    ids, shared
        Its `request_id_headers` and `success_headers`.
    etag, length, coding
        Of its body: the entity tag, the length in bytes, and the content coding or None.
    """
    headers = [*ids, *shared, (b"etag", etag), (b"content-length", b"%d" % length)]
    if coding is not None:
        headers.append((b"content-encoding", coding))
    return headers


def not_modified_headers(ids: Sequence[Header], shared: Sequence[Header], etag: bytes) -> list[Header]:
    """Return all headers of a 304: those of `body_headers` that are not about a body."""
    return [*ids, *(header for header in shared if header[0] != b"content-type"), (b"etag", etag)]


def error_headers(
    error: APIError, status: int, length: int, options: Options, known: Sequence[Header]
) -> list[Header]:
    """Return the headers of an error's response, behind its request id.

    Parameters
    ----------
    error, status, length
        The error, the status it is answered with, and the bytes of its envelope.
    options, known
        As for `common_headers`.
    """
    headers = [*common_headers(options, known), _JSON]
    if isinstance(error, MethodNotAllowedError):
        headers.append((b"allow", b"GET, HEAD, OPTIONS" if options.cors_origins else b"GET, HEAD"))
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % ceil(error.retry_after)))
    if should_not_retry(status):
        headers.append(_NO_RETRY)
    headers.append((b"content-length", b"%d" % length))
    return headers

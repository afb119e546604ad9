"""Response headers: every one that a response carries, but for CORS, which is in `cors` (contract, section 6)."""

from collections.abc import Sequence
from enum import StrEnum
from math import ceil
from typing import Final

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


class Dialect(StrEnum):
    """Whose clients a response is written for."""

    ANTHROPIC = "anthropic"
    OPENAI = "openai"


def request_id_headers(dialect: Dialect, request_id: bytes) -> tuple[Header, ...]:
    """Return the headers that carry the request id, which come first; OpenAI's SDK reads it under its own name."""
    if dialect is Dialect.OPENAI:
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


def body_headers(etag: bytes, length: int, coding: bytes | None) -> tuple[Header, ...]:
    """Return the headers about the body: its entity tag, its length in bytes, and its content coding or None."""
    tag_and_length = (b"etag", etag), (b"content-length", b"%d" % length)
    return tag_and_length if coding is None else (*tag_and_length, (b"content-encoding", coding))


def not_modified_headers(shared: Sequence[Header], etag: bytes) -> list[Header]:
    """Return the `success_headers` ``shared`` with an entity tag, as they are where there is no body."""
    return [*(header for header in shared if header[0] != b"content-type"), (b"etag", etag)]


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

"""Caller: what the headers of a request say, decided once, good for as long as the State stands."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from callsheet.api import compression
from callsheet.api.authentication import (
    authenticate,
    check_betas,
    check_version,
    choose_workspace,
    is_openai,
)
from callsheet.api.request import Header
from callsheet.api.state import Options, State
from callsheet.api.view import View

JSON: Final[Header] = (b"content-type", b"application/json")

_COMMON: Final[tuple[Header, ...]] = (
    (b"cache-control", b"private, no-cache"),
    (b"x-content-type-options", b"nosniff"),
)
_VARY: Final = b"anthropic-version, anthropic-workspace-id, authorization, x-api-key"


class Caller(NamedTuple):
    """Everything an answer depends on but the method, the target and the request id.

    Parameters
    ----------
    key_id
        Names its key in logs.
    view
        What the caller sees.
    to_openai
        Whether it is answered in OpenAI's shapes.
    default_limit
        Models on a page when it does not say.
    headers, varying_headers
        What every successful answer to it says, between request id and entity tag: for bodies too small to
        compress, and for others, which differ by ``accept-encoding``.
    coding
        The content coding it takes, or None.
    if_none_match
        What it has already, or None.
    expires
        When its key does, in seconds since the epoch.
    """

    key_id: str
    view: View
    to_openai: bool
    default_limit: int
    headers: tuple[Header, ...]
    varying_headers: tuple[Header, ...]
    coding: bytes | None
    if_none_match: bytes | None
    expires: float


def identify(state: State, headers: Mapping[bytes, bytes], known: list[Header], now: float) -> Caller:
    """Return who is asking, in the order of checks of section 4: credential, version, workspace.

    Parameters
    ----------
    state
        What is true now.
    headers
        As `read_headers` gives them.
    known
        Gains the headers that say who the caller was taken for; a refusal carries those, too.
    now
        Seconds since the epoch.

    Raises
    ------
    APIError
        It is not let in.
    """
    to_openai = is_openai(state, headers)
    principal = authenticate(state, headers, now)
    known.append((b"anthropic-organization-id", state.organization_id.encode()))
    if not to_openai:
        check_version(state, headers)
    check_betas(state, headers)
    workspace = choose_workspace(state, principal, headers.get(b"anthropic-workspace-id"))
    known.append((b"anthropic-workspace-id", workspace.id.encode()))
    varies = vary(state.options)
    return Caller(
        key_id=principal.key_id,
        view=state.view(workspace, openai=to_openai),
        to_openai=to_openai,
        default_limit=state.options.default_limit,
        headers=(*known, *_COMMON, (b"vary", varies), JSON),
        varying_headers=(*known, *_COMMON, (b"vary", varies + b", accept-encoding"), JSON),
        coding=compression.choose_coding(headers.get(b"accept-encoding", b"")),
        if_none_match=headers.get(b"if-none-match"),
        expires=principal.expires,
    )


def common_headers(options: Options, known: Sequence[Header]) -> list[Header]:
    """Return what any answer says to a caller of whom ``known`` is known."""
    return [*known, *_COMMON, (b"vary", vary(options))]


def vary(options: Options) -> bytes:
    """Return the request headers that every answer depends on."""
    return _VARY + b", origin" if options.cors_origins else _VARY

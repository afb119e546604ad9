"""Caller: what the headers of a request say, decided once, valid for as long as the State is current."""

from collections.abc import Mapping
from typing import NamedTuple

from callsheet.api import cors
from callsheet.api.authentication import authenticate, choose_workspace
from callsheet.api.betas import check_betas
from callsheet.api.compression import choose_coding
from callsheet.api.dialect import Dialect, is_openai
from callsheet.api.headers import organization_header, success_headers, workspace_header
from callsheet.api.request import Header
from callsheet.api.state import State
from callsheet.api.versions import check_version
from callsheet.api.view import REQUEST_BLOCK_BUDGET, View
from callsheet.domain.access.keyring import Principal


class Caller(NamedTuple):
    """Everything a response depends on but the method, the target and the request id.

    Parameters
    ----------
    key_id
        Names its key in logs.
    view
        What the caller sees.
    dialect
        In which it is answered.
    default_limit
        Models on a page for which the caller gives no ``limit``.
    known_headers
        What every response to it carries, an error too, that depends on who it is.
    headers, varying_headers
        What every successful response to it carries between request id and entity tag: with a body too small to
        compress, and with any other, which varies by ``accept-encoding``.
    coding
        The content coding it accepts, or None.
    if_none_match
        The entity tags that it has, or None.
    expires
        Until when it is certain who asks, in seconds since the epoch.
    """

    key_id: str
    view: View
    dialect: Dialect
    default_limit: int
    known_headers: tuple[Header, ...]
    headers: tuple[Header, ...]
    varying_headers: tuple[Header, ...]
    coding: bytes | None
    if_none_match: bytes | None
    expires: float


def identify(state: State, headers: Mapping[bytes, bytes], now: float) -> Caller:
    """Return who is asking, after all checks of headers: credential, version, betas, workspace (section 4).

    Parameters
    ----------
    state, headers
        The installation, and the headers of the request as `read_headers` gives them.
    now
        Seconds since the epoch.

    Raises
    ------
    APIError
        A check failed.
    UnfinishedError
        What its gateway granted it is too much to look up while others wait.
    """
    return admit(state, headers, authenticate(state, headers, now))


def admit(
    state: State, headers: Mapping[bytes, bytes], principal: Principal, block_budget: int = REQUEST_BLOCK_BUDGET
) -> Caller:
    """Return the caller that ``principal`` is, after the checks of `identify` but for the credential.

    ``block_budget`` and `UnfinishedError` mean what they mean for `State.view`.
    """
    to_openai = is_openai(state, headers)
    if not to_openai:
        check_version(headers, state.options.versions)
    check_betas(headers, state.options.betas)
    workspace = choose_workspace(state, principal, headers.get(b"anthropic-workspace-id"))
    known = (
        *cors.origin_headers(state.options, headers),
        organization_header(state.organization_id),
        workspace_header(workspace.id),
    )
    plain, varying = success_headers(state.options, known)
    return Caller(
        key_id=principal.key_id,
        view=state.view(workspace, openai=to_openai, grant=principal.grant, block_budget=block_budget),
        dialect=Dialect.OPENAI if to_openai else Dialect.ANTHROPIC,
        default_limit=state.options.default_limit,
        known_headers=known,
        headers=plain,
        varying_headers=varying,
        coding=choose_coding(headers.get(b"accept-encoding", b"")),
        if_none_match=headers.get(b"if-none-match"),
        expires=principal.expires,
    )

"""Who is asking, and in which workspace: the credential and the texts of the 401 and 403 (contract, section 4).

`versions` checks the version and the betas, `dialect` distinguishes OpenAI's clients from others.
"""

from collections.abc import Mapping
from typing import Final

from callsheet.api.client_kind import client_of
from callsheet.api.grants import Verdict
from callsheet.api.request import bearer
from callsheet.api.state import State
from callsheet.domain.access.keyring import NEVER, KeyFault, KeyRecord, Principal
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.errors import AuthenticationError, OverloadedError, PermissionDeniedError

_DEACTIVATED: Final = "API key has been deactivated."

_TEXTS: Final = {
    KeyFault.INACTIVE: _DEACTIVATED,
    KeyFault.ARCHIVED_WORKSPACE: _DEACTIVATED,
    KeyFault.EXPIRED: "API key has expired.",
}

#: Who is asking with any other credential, where the operator has every one accepted.
ANY_KEY: Final = Principal("any-key", None, NEVER)


def authenticate(state: State, headers: Mapping[bytes, bytes], now: float) -> Principal:
    """Return who is asking: the owner of ``x-api-key`` if that is valid, else of the Bearer secret.

    A secret that the keyring has, in whatever state, is judged by the keyring alone; any other may be a delegated
    key. A valid key of the keyring comes before a delegated one, whichever header it is in: nothing is asked about
    a request that has one, so what is known of the other credential is chance.

    Parameters
    ----------
    state, headers
        The installation, and the headers of the request as `read_headers` gives them.
    now
        Seconds since the epoch.

    Raises
    ------
    AuthenticationError
        Neither is valid; the message is about ``x-api-key`` if both were sent.
    OverloadedError
        One of them cannot be judged, as the gateway that may know it is away, and the other is not valid.
    """
    failure, away_until, certain_until = "", 0.0, NEVER
    granted: Principal | None = None
    for secret, wrong in (
        (headers.get(b"x-api-key"), "invalid x-api-key"),
        (bearer(headers.get(b"authorization")), "Invalid bearer token"),
    ):
        if not secret:
            continue
        key = state.keyring.find(secret)
        if key is not None:
            fault = find_fault(state, key, now)
            if fault is None:
                return principal_of(key)
            failure = failure or _TEXTS[fault]
            continue
        found, until, is_away = _look_up(state, secret, headers, now)
        certain_until = min(certain_until, until)
        if isinstance(found, Principal):
            granted = granted or found._replace(expires=certain_until)
            continue
        failure = failure or found or wrong
        if is_away:
            away_until = max(away_until, until)
    if granted is not None:
        return granted
    if failure and state.options.any_key:
        return ANY_KEY
    if away_until:
        error = OverloadedError("Overloaded")
        error.retry_after = max(1.0, away_until - now)
        raise error
    raise AuthenticationError(failure or "x-api-key header is required")


def _look_up(
    state: State, secret: bytes, headers: Mapping[bytes, bytes], now: float
) -> tuple[Principal | str, float, bool]:
    """What is known of a secret that the keyring does not have, until when, and whether its gateway is away.

    That is who shows it, or else why not; an empty text if the gateway did not accept it, or was not asked.
    """
    delegation = state.delegation
    if delegation is None:
        return "", NEVER, False
    answered = state.grants.find(secret, now, client_of(headers) if delegation.by_client else b"")
    if answered is None:
        return "", now, False
    if answered.grant is None:
        return "", answered.until, answered.verdict is Verdict.AWAY
    workspace_id = delegation.workspace_id or state.default_workspace_id
    if workspace_id not in state.workspaces:
        return _DEACTIVATED, answered.until, False
    return Principal(answered.grant.tag, workspace_id, answered.until, answered.grant), answered.until, False


def find_fault(state: State, key: KeyRecord, now: float) -> KeyFault | None:
    """Return why a known key may not be used at ``now``, in seconds since the epoch; None if it may."""
    if not key.usable:
        return KeyFault.INACTIVE
    if key.workspace_id is not None and key.workspace_id not in state.workspaces:
        return KeyFault.ARCHIVED_WORKSPACE
    if key.is_expired(now):
        return KeyFault.EXPIRED
    return None


def principal_of(key: KeyRecord) -> Principal:
    """Return who is asking with this key, which may be used."""
    return Principal(key.key_id, key.workspace_id, key.expires)


def choose_workspace(state: State, principal: Principal, wanted: bytes | None) -> Workspace:
    """Return the workspace that the request is about; ``wanted`` is its ``anthropic-workspace-id``, or None.

    Raises
    ------
    PermissionDeniedError
        The header names a workspace that this key cannot use; an unknown one gets the same error.
    """
    if wanted is None:
        return state.workspaces[principal.workspace_id or state.default_workspace_id]
    workspace_id = wanted.decode("latin-1")
    if principal.workspace_id in (None, workspace_id) and workspace_id in state.workspaces:
        return state.workspaces[workspace_id]
    raise PermissionDeniedError("anthropic-workspace-id: not available to this API key")

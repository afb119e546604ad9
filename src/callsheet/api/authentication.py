"""Who is asking, and in which workspace: the credential and the texts of the 401 and 403 (contract, section 4).

`versions` checks the version and the betas, `dialect` distinguishes OpenAI's clients from others.
"""

from collections.abc import Mapping

from callsheet.api.request import bearer
from callsheet.api.state import State
from callsheet.domain.access.keyring import NEVER, KeyRecord, Principal
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.errors import AuthenticationError, PermissionDeniedError


def authenticate(state: State, headers: Mapping[bytes, bytes], now: float) -> Principal:
    """Return who is asking: the owner of ``x-api-key`` if that is valid, else of the Bearer secret.

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
    """
    failure = None
    for secret, wrong in (
        (headers.get(b"x-api-key"), "invalid x-api-key"),
        (bearer(headers.get(b"authorization")), "Invalid bearer token"),
    ):
        if secret:
            key = state.keyring.find(secret)
            problem = wrong if key is None else _problem(state, key, now)
            if key is not None and problem is None:
                return Principal(key.key_id, key.workspace_id, key.expires)
            failure = failure or problem
    if failure is not None and state.options.any_key:
        return Principal("any-key", None, NEVER)
    raise AuthenticationError(failure or "x-api-key header is required")


def _problem(state: State, key: KeyRecord, now: float) -> str | None:
    """Why a known key may not be used, or None."""
    if not key.usable:
        return "API key has been deactivated."
    if key.workspace_id is not None and key.workspace_id not in state.workspaces:
        return "API key has been deactivated."  # its workspace is archived
    if key.is_expired(now):
        return "API key has expired."
    return None


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

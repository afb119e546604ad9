"""Who is asking, and in which workspace (contract, section 4)."""

from collections.abc import Mapping

from callsheet.api.request import QUOTED, bearer
from callsheet.api.state import State
from callsheet.domain.access.keyring import NEVER, KeyRecord, Principal
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.errors import AuthenticationError, InvalidRequestError, PermissionDeniedError

_MOST_BETAS = 100


def is_openai(state: State, headers: Mapping[bytes, bytes]) -> bool:
    """Return whether the caller is an OpenAI client: it sends no ``anthropic-version``, but a Bearer secret alone.

    Where the operator wants that, whoever sends a credential without ``anthropic-version`` is one.
    """
    if not state.options.openai_dialect or b"anthropic-version" in headers:
        return False
    if b"x-api-key" in headers:
        return not state.options.needs_version
    return bearer(headers.get(b"authorization")) is not None


def authenticate(state: State, headers: Mapping[bytes, bytes], now: float) -> Principal:
    """Return who is asking: the owner of ``x-api-key`` if that is valid, else of the Bearer secret.

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
            credential = state.keyring.find(secret)
            problem = wrong if credential is None else _problem(state, credential, now)
            if credential is not None and problem is None:
                return Principal(credential.key_id, credential.workspace_id, credential.expires)
            failure = failure or problem
    if failure is not None and state.options.any_key:
        return Principal("any-key", None, NEVER)
    raise AuthenticationError(failure or "x-api-key header is required")


def _problem(state: State, credential: KeyRecord, now: float) -> str | None:
    """Why a known key may not be used, or None."""
    if not credential.usable:
        return "API key has been deactivated."
    if credential.workspace_id is not None and credential.workspace_id not in state.workspaces:
        return "API key has been deactivated."  # its workspace is archived
    if credential.expires <= now:
        return "API key has expired."
    return None


def choose_workspace(state: State, principal: Principal, wanted: bytes | None) -> Workspace:
    """Return the workspace the request is about.

    Raises
    ------
    PermissionDeniedError
        The header names one that this key cannot use; an unknown one looks the same.
    """
    if wanted is None:
        return state.workspaces[principal.workspace_id or state.default_workspace_id]
    workspace_id = wanted.decode("latin-1")
    if principal.workspace_id in (None, workspace_id) and workspace_id in state.workspaces:
        return state.workspaces[workspace_id]
    raise PermissionDeniedError("anthropic-workspace-id: not available to this API key")


def check_version(state: State, headers: Mapping[bytes, bytes]) -> None:
    """Raise InvalidRequestError unless ``anthropic-version`` is there and one of the accepted."""
    version = headers.get(b"anthropic-version")
    if version is None:
        raise InvalidRequestError("anthropic-version: header is required")
    if version not in state.options.versions:
        shown = version.decode(errors="replace")[:QUOTED]
        raise InvalidRequestError(f'anthropic-version: "{shown}" is not a valid version')


def check_betas(state: State, headers: Mapping[bytes, bytes]) -> None:
    """Raise InvalidRequestError for too many betas, or for unknown ones where the operator wants that."""
    header = headers.get(b"anthropic-beta")
    if header is None:
        return
    if header.count(b",") >= _MOST_BETAS:
        raise InvalidRequestError(f"anthropic-beta: at most {_MOST_BETAS} values are allowed")
    if state.options.betas is None:
        return
    values = [value.strip() for value in header.decode(errors="replace").split(",")]
    unknown = [value for value in values if value and value not in state.options.betas]
    if unknown:
        shown = ", ".join(f"`{value}`" for value in unknown)[:QUOTED]
        raise InvalidRequestError(
            f"Unexpected value(s) {shown} for the `anthropic-beta` header. Please consult our documentation at "
            "platform.claude.com/docs or try again without the header."
        )

"""Refusals of a server as the errors that the services raise, so that the command line words them as its own."""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.domain.errors import (
    CallsheetError,
    ConflictError,
    DoesNotExistError,
    InvalidError,
    SourceError,
    StorageUnavailableError,
)
from callsheet.domain.hints import Hint
from callsheet.remote.failures import RemoteError, not_administered, not_callsheet

_NOT_FOUND: Final = 404

#: What the services raise, by the code of the refusal.
_RAISED: Final[Mapping[str, type[CallsheetError]]] = {
    "does_not_exist": DoesNotExistError,
    "conflict": ConflictError,
    "invalid": InvalidError,
    "invalid_request": InvalidError,
    "source": SourceError,
    "database_unavailable": StorageUnavailableError,
}

#: What to do about the admin key, by the code of the refusal.
_ABOUT_KEYS: Final = {
    "no_credential": "put an admin key into CALLSHEET_ADMIN_KEY.",
    "client_key": "that key lists models; put an admin key (sk-cs-admin-…) into CALLSHEET_ADMIN_KEY.",
    "invalid_credential": "check CALLSHEET_ADMIN_KEY; on its host, callsheet admin-keys list shows what works.",
    "scope_missing": "use an admin key with that scope; callsheet admin-keys create, on its host, makes one.",
}


def error_of(root: str, status: int, answer: Mapping[str, Any]) -> CallsheetError:
    """Return the error that an answer with ``status`` is.

    Parameters
    ----------
    root
        Address of the server, for the sentence.
    answer
        Its body.
    """
    error = answer.get("error")
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return not_callsheet(root)
    details = error.get("details")
    if not isinstance(details, dict):
        return not_administered(root) if status == _NOT_FOUND else _answered(root, status, error["message"])
    code = str(details.get("error_code"))
    if code in _ABOUT_KEYS:
        return RemoteError(f"{root} refuses the admin key ({_clause(error['message'])}); {_ABOUT_KEYS[code]}")
    if code not in _RAISED:
        return _answered(root, status, error["message"])
    return _raised(_RAISED[code], error["message"], details)


def _raised(kind: type[CallsheetError], message: str, details: Mapping[str, Any]) -> CallsheetError:
    hint = Hint.__members__.get(str(details.get("hint")).upper())
    if hint is None:
        return kind(message)
    about = details.get("about")
    return kind(
        str(details.get("problem", message)), hint=hint, hint_about=about if isinstance(about, str) else None
    )


def _answered(root: str, status: int, message: str) -> RemoteError:
    return RemoteError(f"{root} answered {status}: {message.rstrip('.')}.")


def _clause(message: str) -> str:
    return message.rstrip(".")

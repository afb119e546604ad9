"""Refusals of the Admin API: the envelope of the contract, with ``details.error_code`` for programs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from callsheet.api.answer import Response
from callsheet.api.request import MAX_QUOTED_CHARACTERS, Header
from callsheet.domain.errors import (
    APIError,
    CallsheetError,
    ConflictError,
    CorruptDatabaseError,
    DoesNotExistError,
    ForeignDatabaseError,
    InvalidError,
    ManifestError,
    RefusedError,
    SourceError,
    StorageError,
)
from callsheet.http.errors import refuse_outside
from callsheet.wire.status import status_of


class Code(StrEnum):
    """Why a request is refused, for programs. None may ever change."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CURSOR = "invalid_cursor"
    NO_CREDENTIAL = "no_credential"
    CLIENT_KEY = "client_key"
    INVALID_CREDENTIAL = "invalid_credential"
    SCOPE_MISSING = "scope_missing"
    NOT_FOUND = "not_found"
    """No such path."""
    INVALID = "invalid"
    """What is wanted is not valid (`InvalidError`)."""
    DOES_NOT_EXIST = "does_not_exist"
    """What is named does not exist (`DoesNotExistError`)."""
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    """It contradicts what exists (`ConflictError`)."""
    SOURCE = "source"
    """An upstream's answer cannot be used (`SourceError`)."""
    STORAGE = "storage"
    """The database cannot be used (`StorageError`)."""
    CHANGED_CONCURRENTLY = "changed_concurrently"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    RATE_LIMITED = "rate_limited"
    DATABASE_UNAVAILABLE = "database_unavailable"
    OVERLOADED = "overloaded"
    INTERNAL = "internal"


class _Kind(NamedTuple):
    status: int
    type: str


_KINDS: Final = {
    Code.INVALID_REQUEST: _Kind(400, "invalid_request_error"),
    Code.INVALID_CURSOR: _Kind(400, "invalid_request_error"),
    Code.NO_CREDENTIAL: _Kind(401, "authentication_error"),
    Code.CLIENT_KEY: _Kind(401, "authentication_error"),
    Code.INVALID_CREDENTIAL: _Kind(401, "authentication_error"),
    Code.SCOPE_MISSING: _Kind(403, "permission_error"),
    Code.NOT_FOUND: _Kind(404, "not_found_error"),
    Code.METHOD_NOT_ALLOWED: _Kind(405, "invalid_request_error"),
    Code.INVALID: _Kind(400, "invalid_request_error"),
    Code.DOES_NOT_EXIST: _Kind(404, "not_found_error"),
    Code.SOURCE: _Kind(400, "invalid_request_error"),
    Code.STORAGE: _Kind(500, "api_error"),
    Code.CONFLICT: _Kind(409, "invalid_request_error"),
    Code.CHANGED_CONCURRENTLY: _Kind(412, "invalid_request_error"),
    Code.IDEMPOTENCY_KEY_REUSED: _Kind(409, "invalid_request_error"),
    Code.TOO_LARGE: _Kind(413, "request_too_large"),
    Code.UNSUPPORTED_MEDIA_TYPE: _Kind(415, "invalid_request_error"),
    Code.RATE_LIMITED: _Kind(429, "rate_limit_error"),
    Code.DATABASE_UNAVAILABLE: _Kind(529, "overloaded_error"),
    Code.OVERLOADED: _Kind(529, "overloaded_error"),
    Code.INTERNAL: _Kind(500, "api_error"),
}


class ErrorDetails(BaseModel):
    """Why a request is refused, for programs."""

    model_config = ConfigDict(extra="allow")

    error_code: Code
    field: str | None = Field(None, description="The member, parameter or header that is wrong.")
    problem: str | None = Field(None, description="What is wrong, without what to do.")
    hint: str | None = Field(None, description="What to do, as a code.")
    about: str | None = Field(None, description="The id or name that the hint is about.")


class ErrorContent(BaseModel):
    """Why a request is refused."""

    type: str
    message: str
    details: ErrorDetails | None = Field(
        None, description="Absent where the server could not read which path is asked for."
    )


class ErrorEnvelope(BaseModel):
    """Every answer with a status of 400 or more."""

    type: Literal["error"] = "error"
    error: ErrorContent
    request_id: str


#: Of every answer.
COMMON_HEADERS: Final[tuple[Header, ...]] = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)

#: After which a client should repeat its request; the others would fail the same way again.
_RETRIED: Final = frozenset({408, 429, 500, 529})

_RETRY_SECONDS: Final = 1

#: Members that are wrong beside the first, of which it is noted what is wrong.
_MAX_OTHERS: Final = 50

#: Statuses of requests that were not read to their end for another reason than their size.
_MALFORMED: Final = frozenset({400, 408})


class AdminError(Exception):
    """A request that is refused.

    Parameters
    ----------
    code
        Why, for programs; it decides the status.
    message
        One sentence for people: what is wrong, and what to do.
    field
        The member or parameter that is wrong, or None.
    headers
        That the answer carries beside those of every refusal.
    details
        Further members of ``error.details``.
    others
        Of further members that are wrong, what is, for doors in the same process.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        field: str | None = None,
        headers: Sequence[Header] = (),
        details: Mapping[str, Any] | None = None,
        others: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.headers = tuple(headers)
        self.details = details or {}
        self.others = others or {}

    @property
    def status(self) -> int:
        """The HTTP status."""
        return _KINDS[self.code].status

    def all_headers(self) -> list[Header]:
        """Return the headers that only a refusal has."""
        found = list(self.headers)
        if self.status not in _RETRIED:
            found.append((b"x-should-retry", b"false"))
        elif not any(name == b"retry-after" for name, _ in found):
            found.append((b"retry-after", b"%d" % _RETRY_SECONDS))
        return found

    def body(self, request_id: str) -> bytes:
        """Return the envelope."""
        details = {
            "error_code": str(self.code),
            **({} if self.field is None else {"field": self.field}),
            **self.details,
        }
        error = {"type": _KINDS[self.code].type, "message": self.message, "details": details}
        envelope = {"type": "error", "error": error, "request_id": request_id}
        return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def refusal_of(error: CallsheetError) -> AdminError:
    """Return what a caller is sent for an error of the services, without where the database is."""
    if isinstance(error, CorruptDatabaseError | ForeignDatabaseError):
        return AdminError(Code.STORAGE, "The database cannot be used; the log of the server says why.")
    if isinstance(error, StorageError):
        return AdminError(
            Code.DATABASE_UNAVAILABLE,
            "The database cannot be reached now; try again, with the same Idempotency-Key if you sent one.",
        )
    if isinstance(error, APIError):
        code = next((code for code, kind in _KINDS.items() if kind.status == status_of(error)), Code.INTERNAL)
        return AdminError(code, error.message)
    code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), Code.INVALID)
    field = error.field if isinstance(error, RefusedError) else None
    return AdminError(code, str(error), field, details=_details(error))


def refuse_unread(error: APIError) -> Response:
    """Return the answer to a request that was not read to its end: that of every API, with an error code."""
    refusal = refuse_outside(error)
    code = Code.INVALID_REQUEST if refusal.status in _MALFORMED else Code.TOO_LARGE
    envelope = json.loads(refusal.body)
    envelope["error"]["details"] = {"error_code": code}
    body = json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()
    retry = () if refusal.status in _RETRIED else ((b"x-should-retry", b"false"),)
    replaced = {b"content-length", *(name for name, _ in retry)}
    headers = [header for header in refusal.headers if header[0] not in replaced]
    return refusal._replace(headers=[*headers, *retry, (b"content-length", b"%d" % len(body))], body=body)


_CODES: Final[Mapping[type[CallsheetError], Code]] = {
    InvalidError: Code.INVALID,
    DoesNotExistError: Code.DOES_NOT_EXIST,
    ConflictError: Code.CONFLICT,
    SourceError: Code.SOURCE,
}


def _details(error: CallsheetError) -> dict[str, Any]:
    """What a program needs to word the remedy itself."""
    details: dict[str, Any] = {
        "problem": error.problem,
        "hint": None if error.hint is None else error.hint.name.lower(),
        "about": error.hint_about,
    }
    if isinstance(error, ManifestError):
        details["faults"] = [str(fault) for fault in error.faults]
    return details


def invalid(error: ValidationError, wanted: type[BaseModel], *, query: bool = False) -> AdminError:
    """Return the refusal of a body or a query that does not fit ``wanted``; its message is about the first."""
    first, *rest = error.errors(include_url=False, include_context=False, include_input=False)
    if first["type"] == "json_invalid":
        return AdminError(Code.INVALID_REQUEST, "The body is not valid JSON; send one JSON object.")
    place = _place_of(first)
    if not place:
        return AdminError(Code.INVALID_REQUEST, "The body must be one JSON object.")
    others = {_place_of(each): _sentence_of(each, wanted, query=query) for each in rest[:_MAX_OTHERS]}
    return AdminError(Code.INVALID_REQUEST, _sentence_of(first, wanted, query=query), place, others=others)


def _place_of(fault: Mapping[str, Any]) -> str:
    return ".".join(str(part) for part in fault["loc"])[:MAX_QUOTED_CHARACTERS]


def _sentence_of(fault: Mapping[str, Any], wanted: type[BaseModel], *, query: bool) -> str:
    place = _place_of(fault)
    if fault["type"] != "extra_forbidden":
        return f"{place}: {fault['msg'].removeprefix('Value error, ')}"
    what = "parameter" if query else "member"
    near = get_close_matches(str(fault["loc"][-1]).lower(), _members(wanted, fault["loc"][:-1]), 1)
    return f"{place}: unknown {what}; {f'did you mean {near[0]}?' if near else 'leave it out.'}"


def _members(wanted: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """The names of the members that there are at a place of a body, as callers send them."""
    models = [wanted]
    for part in place:
        if isinstance(part, str):
            fields = [model.model_fields.get(part) for model in models]
            models = [each for field in fields if field is not None for each in _models_in(field.annotation)]
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models_in(each)

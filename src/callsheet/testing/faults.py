"""Faults: what a test wants to go wrong, and the responses that go wrong."""

import json
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from callsheet.api.answer import Response, answer, error_response
from callsheet.api.dialect import is_openai
from callsheet.api.request import Request, find_model_id, read_headers
from callsheet.api.state import State
from callsheet.domain.errors import (
    APIError,
    InternalServerError,
    InvalidError,
    InvalidRequestError,
    RequestTooLargeError,
)
from callsheet.testing.handler import Outcome
from callsheet.testing.journal import read_query
from callsheet.wire.status import STATUS, should_not_retry, status_of

Route = Literal["list", "retrieve"]

_CURSORS: Final = ("after_id", "before_id")

#: Headers that could make a response compressed, or a 304.
_SHORTENING: Final = frozenset({b"accept-encoding", b"if-none-match"})

#: Options of a fault that need no value in a text.
_FLAGS: Final = ("cut", "has_more", "loop", "null_ids")

_MESSAGES: Final = {500: "Internal server error", 529: "Overloaded"}
_KINDS: Final = {status: kind for kind, status in STATUS.items()}
_LARGE: Final = {status_of(RequestTooLargeError("", part)): part for part in ("body", "url", "headers")}


class Fault(BaseModel):
    """Something that goes wrong with the next requests that it applies to; `ModelsAPI.fail` makes it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    status: int | None = Field(None, ge=400, le=599, description="Answer with this status.")
    message: str | None = Field(None, min_length=1, description="Message of that error.")
    retry_after: float | None = Field(None, ge=0, description="Seconds in the header retry-after of that error.")
    delay: float = Field(0.0, ge=0, description="Seconds before the answer is sent.")
    cut: bool = Field(False, description="End the connection in the middle of the body.")
    has_more: bool | None = Field(None, description="Value in a page, true or not.")
    loop: bool = Field(False, description="Ignore the cursor: always return the first page, with has_more true.")
    null_ids: bool = Field(False, description="Set first_id and last_id of a page to null.")
    on: Route | None = Field(None, description="Apply to lists only, or to retrieving a model only.")
    times: int | None = Field(1, ge=1, description="How often it happens; null for always.")

    _used: int = PrivateAttr(0)
    _stopped: bool = PrivateAttr(False)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.status is None and (self.message is not None or self.retry_after is not None):
            raise ValueError("message and retry_after need a status")
        if self.status is not None and self._spoils_pages:
            raise ValueError("an error is not a page; give status, or has_more, loop and null_ids")
        if self.loop and self.has_more is False:
            raise ValueError("loop sets has_more to true; leave has_more out")
        if self._spoils_pages and self.on == "retrieve":
            raise ValueError("has_more, loop and null_ids apply to lists only")
        if not (self.status or self.delay or self.cut or self._spoils_pages):
            raise ValueError("nothing would go wrong; give status, delay, cut, has_more, loop or null_ids")
        return self

    @property
    def used(self) -> int:
        """How often it has happened."""
        return self._used

    def stop(self) -> None:
        """Stop the fault; it does not happen again."""
        self._stopped = True

    def happen(self, state: State, request: Request) -> Outcome | None:
        """Return the faulty outcome of ``request``; None if the fault does not apply to it, or is used up."""
        if self._stopped or self.used == self.times or not self._concerns(request):
            return None
        response = self._respond(state, request)
        if response is None:
            return None
        self._used += 1
        return Outcome(response, self.delay, self.cut)

    @property
    def _spoils_pages(self) -> bool:
        return self.has_more is not None or self.loop or self.null_ids

    def _concerns(self, request: Request) -> bool:
        try:
            route = "list" if find_model_id(request.path) is None else "retrieve"
        except APIError:
            return False
        if self.loop and not any(name in _CURSORS for name in read_query(request.query)):
            return False  # without a cursor, the first page is right
        return route == "list" if self._spoils_pages else self.on in (None, route)

    def _respond(self, state: State, request: Request) -> Response | None:
        if self.status is not None:
            return self._refusal(self.status, state, request)
        if not self._spoils_pages:
            return answer(state, request)
        headers = [header for header in request.headers if header[0] not in _SHORTENING]
        query = _without_cursors(request.query) if self.loop else request.query
        return self._spoiled(answer(state, request._replace(headers=headers, query=query)))

    def _refusal(self, status: int, state: State, request: Request) -> Response:
        error = _error(status, self.message or _MESSAGES.get(status, "A test asked for this error."))
        to_openai = is_openai(state, read_headers(request.headers))
        response = error_response(error, request, to_openai=to_openai, options=state.options)
        if self.retry_after is not None:
            response.headers.append((b"retry-after", f"{self.retry_after:.15g}".encode()))
        return response._replace(status=status)

    def _spoiled(self, response: Response) -> Response | None:
        """Return the faulty page; None if the response is not a page: an error, OpenAI's list, one to HEAD."""
        if response.status != 200 or b'"has_more":' not in response.body:
            return None
        page: dict[str, Any] = json.loads(response.body)
        if self.null_ids:
            page |= {"first_id": None, "last_id": None}
        if self.loop or self.has_more is not None:
            page["has_more"] = self.loop or self.has_more
        body = json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()
        kept = [header for header in response.headers if header[0] not in (b"content-length", b"etag")]
        return response._replace(headers=[*kept, (b"content-length", b"%d" % len(body))], body=body)


def make_fault(**fields: Any) -> Fault:
    """Return the fault with these fields.

    Raises
    ------
    InvalidError
        The fields are not valid; the sentence says why.
    """
    try:
        return Fault(**fields)
    except ValidationError as error:
        raise InvalidError(f"The fault is not valid: {explain(error)}") from None


def parse_fault(text: str) -> Fault:
    """Return the fault in a text such as ``status=429,retry_after=2,times=3`` or ``cut``.

    Raises
    ------
    InvalidError
        It is not one; the sentence says why.
    """
    fields: dict[str, Any] = {}
    for part in text.split(","):
        given, equals, value = part.partition("=")
        name = given.strip().replace("-", "_")
        if name not in Fault.model_fields:
            raise InvalidError(f"A fault has no option {name!r}; it has {', '.join(Fault.model_fields)}.")
        if not equals and name not in _FLAGS:
            raise InvalidError(f"The option {name} of a fault needs a value; write {name}=….")
        fields[name] = value.strip() if equals else True
    if fields.get("times") == "always":
        fields["times"] = None
    return make_fault(**fields)


def explain(error: ValidationError) -> str:
    """Return the first problem, in a sentence that begins with the name of the field."""
    problem = error.errors(include_url=False, include_context=False)[0]
    message = problem["msg"].removeprefix("Value error, ")
    place = ".".join(str(each) for each in problem["loc"])
    return f"{place}: {message[:1].lower()}{message[1:]}." if place else f"{message}."


def _error(status: int, message: str) -> APIError:
    """Return an error of the type for ``status``, or of the nearest type if the contract has none."""
    if status in _LARGE:
        return RequestTooLargeError(message, _LARGE[status])
    nearest = InvalidRequestError if should_not_retry(status) else InternalServerError
    return _KINDS.get(status, nearest)(message)


def _without_cursors(query: bytes) -> bytes:
    parts = query.split(b"&")
    return b"&".join(part for part in parts if not any(name in _CURSORS for name in read_query(part)))

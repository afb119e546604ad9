"""OpenAI's shapes: the same models for clients of the other dialect (contract, section 7)."""

import json
from typing import Final, Literal

from pydantic import BaseModel, Field

from callsheet.domain import errors
from callsheet.domain.errors import APIError
from callsheet.domain.model import Model
from callsheet.domain.ordering import CLAUDE_LINES
from callsheet.domain.times import format_instant

_OWNER_OF_CLAUDE_LINES: Final = "anthropic"
_DAY: Final = len("2026-11-29")


class OpenAIModel(BaseModel):
    """A model as OpenAI clients read it; unknown values are absent."""

    id: str
    object: Literal["model"] = "model"
    created: int = Field(description="Time of release in Unix seconds; 0 if unknown.")
    owned_by: str = Field(description="Where the model comes from, else anthropic, the line, or callsheet.")
    context_window: int | None = Field(default=None, description="In tokens, by the name Groq uses.")
    max_completion_tokens: int | None = Field(default=None, description="In tokens, by the name Groq uses.")
    max_model_len: int | None = Field(default=None, description="context_window by the name vLLM uses.")
    context_length: int | None = Field(default=None, description="context_window by the name OpenRouter uses.")
    name: str | None = Field(default=None, description="For people; absent where it is the id.")
    shutdown_date: str | None = Field(
        default=None, json_schema_extra={"format": "date"}, description="The day on which it retires, in UTC."
    )


class OpenAIModelList(BaseModel):
    """All models at once: clients of this dialect never page."""

    object: Literal["list"] = "list"
    data: list[OpenAIModel]


class OpenAIErrorDetail(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIErrorEnvelope(BaseModel):
    """Every answer with a status of 400 or more."""

    error: OpenAIErrorDetail


_CODES: Final[dict[type[APIError], str]] = {
    errors.AuthenticationError: "invalid_api_key",
    errors.RateLimitError: "rate_limit_exceeded",
}


def write_model(model: Model) -> bytes:
    """Return ``model`` as compact JSON."""
    info = OpenAIModel(
        id=model.id,
        created=int(model.created_at.timestamp()),
        owned_by=_owner(model),
        context_window=model.max_input_tokens,
        max_completion_tokens=model.max_tokens,
        max_model_len=model.max_input_tokens,
        context_length=model.max_input_tokens,
        name=None if model.display_name == model.id else model.display_name,
        shutdown_date=None if model.retires_at is None else format_instant(model.retires_at)[:_DAY],
    )
    return info.model_dump_json(exclude_none=True).encode()


def _owner(model: Model) -> str:
    """The ``owned_by`` of a model: its source, else Anthropic for that company's lines, else its line, else us."""
    if model.source is not None:
        return model.source
    return _OWNER_OF_CLAUDE_LINES if model.line in CLAUDE_LINES else model.line or "callsheet"


def write_list(data: bytes) -> bytes:
    """Return the list around ``data``: models as JSON, joined by commas."""
    return b"".join((b'{"object":"list","data":[', data, b"]}"))  # releases the GIL for a long list, unlike %


def write_error(error: APIError) -> bytes:
    """Return OpenAI's error envelope as compact JSON."""
    code, param = _CODES.get(type(error)), None
    kind: str = error.type
    if isinstance(error, errors.AuthenticationError):
        kind = errors.InvalidRequestError.type
    elif isinstance(error, errors.ModelNotFoundError):
        kind, code, param = errors.InvalidRequestError.type, "model_not_found", "model"
    envelope = {"error": {"message": error.message, "type": kind, "param": param, "code": code}}
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()

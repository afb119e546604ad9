"""Anthropic's shapes: a model, a page, an error (contract, sections 2 and 5). `status` has the statuses."""

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from callsheet.domain.access.workspace import Shape
from callsheet.domain.errors import APIError
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import format_instant


class ClassicModelInfo(BaseModel):
    """A model in the shape `classic`: exactly the four fields of 2025."""

    model_config = ConfigDict(extra="allow")

    type: Literal["model"] = "model"
    id: str = Field(min_length=1, max_length=256)
    display_name: str
    created_at: str = Field(
        json_schema_extra={"format": "date-time"},
        description="Time of release; 1970-01-01T00:00:00Z if unknown.",
    )


class ModelInfo(ClassicModelInfo):
    """A model in the shape `current`, its keys in the order of the wire (contract, section 2)."""

    line: str | None = Field(default=None, description="An open list, never derived from the id.")
    max_input_tokens: int | None = Field(default=None, description="Context window, in tokens.")
    max_tokens: int | None = Field(default=None, description="Largest accepted max_tokens, in tokens.")
    capabilities: dict[str, Any] | None = Field(
        default=None, description='Every leaf is {"supported": bool}; new keys appear.'
    )
    lifecycle: Lifecycle = Field(default=Lifecycle.ACTIVE, description="The only signal of retirement.")
    deprecated_at: str | None = Field(default=None, json_schema_extra={"format": "date-time"})
    retires_at: str | None = Field(default=None, json_schema_extra={"format": "date-time"})
    description: str | None = Field(default=None, max_length=1000, description="Absent when not set.")


class ModelPage(BaseModel):
    """A page of models, newest first (contract, section 2)."""

    data: list[ModelInfo | ClassicModelInfo]
    has_more: bool = Field(description="More models follow in the direction that was asked for.")
    first_id: str | None = Field(description="Cursor for before_id; null when data is empty.")
    last_id: str | None = Field(description="Cursor for after_id; null when data is empty.")


class ErrorDetail(BaseModel):
    """What went wrong."""

    type: str
    message: str


class ErrorEnvelope(BaseModel):
    """Every answer with a status of 400 or more."""

    type: Literal["error"] = "error"
    error: ErrorDetail
    request_id: str


def model_info(model: Model, shape: Shape = Shape.CURRENT) -> ClassicModelInfo:
    """Return ``model`` as the wire has it, in ``shape``."""
    classic: dict[str, Any] = {
        "id": model.id,
        "display_name": model.display_name,
        "created_at": format_instant(model.created_at),
    }
    if shape is Shape.CLASSIC:
        return ClassicModelInfo(**classic)
    return ModelInfo(
        **classic,
        line=model.line,
        max_input_tokens=model.max_input_tokens,
        max_tokens=model.max_tokens,
        capabilities=None if model.capabilities is None else dict(model.capabilities),
        lifecycle=model.lifecycle,
        deprecated_at=None if model.deprecated_at is None else format_instant(model.deprecated_at),
        retires_at=None if model.retires_at is None else format_instant(model.retires_at),
        description=model.description,
    )


def write_model(model: Model, shape: Shape) -> bytes:
    """Return ``model`` as compact JSON."""
    info = model_info(model, shape)
    absent = {"description"} if model.description is None else None
    return info.model_dump_json(exclude=absent).encode()


def write_page(data: bytes, *, has_more: bool, first_id: str | None, last_id: str | None) -> bytes:
    """Return a page around ``data``: models as JSON, joined by commas."""
    if first_id is None or last_id is None:
        return b'{"data":[],"has_more":%b,"first_id":null,"last_id":null}' % (b"true" if has_more else b"false")
    more = b'],"has_more":true,"first_id":"' if has_more else b'],"has_more":false,"first_id":"'
    if '"' in (ids := first_id + last_id) or "\\" in ids:
        first_id, last_id = _escape(first_id), _escape(last_id)
    return b"".join((b'{"data":[', data, more, first_id.encode(), b'","last_id":"', last_id.encode(), b'"}'))


def _escape(model_id: str) -> str:
    """An id within a JSON string: of the characters that JSON escapes, ids hold only quotes and backslashes."""
    return model_id.replace("\\", "\\\\").replace('"', '\\"')


def write_error(error: APIError, request_id: str) -> bytes:
    """Return the error envelope as compact JSON."""
    envelope = {
        "type": "error",
        "error": {"type": error.type, "message": error.message},
        "request_id": request_id,
    }
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()

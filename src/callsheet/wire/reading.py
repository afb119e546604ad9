"""Models as any server sends them, read with tolerance: ours, Anthropic's, gateways', and OpenAI's shape.

Our server writes strictly (`wire.anthropic`, `wire.openai`); other servers leave fields out, name them differently
or add their own (contract, sections 2 and 7). Nothing that a server lists is dropped silently: a row that cannot be
read is left out, and reported.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from callsheet.domain.model import Lifecycle
from callsheet.domain.times import EPOCH
from callsheet.wire.field_names import ID_NAMES, read_fields
from callsheet.wire.rows import UnreadableError, parse

#: Of an id that is read; servers that keep to the contract have none of more than 256.
MAX_ID_CHARACTERS: Final = 1024

_INSTANTS: Final = ("created_at", "deprecated_at", "retires_at")

_set = object.__setattr__


class ModelInfo(BaseModel):
    """A model, as any server describes it (contract, section 2).

    A field that a server does not send, or sends with a value that makes no sense, has its default; ``to_dict``
    returns what was sent. Other fields are kept, and can be read as attributes. The names that other servers use
    for these fields are understood, too (`wire.field_names`).

    Attributes
    ----------
    type
        ``model``.
    id
        The name of the model in requests.
    display_name
        For people; the id if the server has no name.
    created_at
        Time of release, with a time zone; 1970 if unknown.
    line
        Such as ``opus``, or None; an open list.
    max_input_tokens, max_tokens
        Context window and largest accepted ``max_tokens``, in tokens; None if unknown.
    capabilities
        Every leaf is ``{"supported": bool}``; None if unknown.
    lifecycle
        A `Lifecycle`; a plain text for a lifecycle this version does not know.
    deprecated_at, retires_at
        The dates of its retirement, with a time zone, or None.
    description
        By the operators of the server, or None.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str = "model"
    id: str = Field(min_length=1, strict=True)
    display_name: str = ""
    created_at: datetime = EPOCH
    line: str | None = None
    max_input_tokens: int | None = None
    max_tokens: int | None = None
    capabilities: dict[str, Any] | None = None
    lifecycle: Annotated[Lifecycle | str, Field(union_mode="left_to_right")] = Lifecycle.ACTIVE
    deprecated_at: datetime | None = None
    retires_at: datetime | None = None
    description: str | None = None

    _sent: dict[str, Any] | None = PrivateAttr(default=None)
    _age: timedelta | None = PrivateAttr(default=None)

    @property
    def stale(self) -> bool:
        """Whether it comes from the client's cache, because the server was away."""
        return self._age is not None

    @property
    def age(self) -> timedelta | None:
        """How long ago the server sent it, if it is stale; else None."""
        return self._age

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object exactly as the server sent it."""
        return self.model_dump(mode="json") if self._sent is None else self._sent

    def aged(self, age: timedelta) -> "ModelInfo":
        """Return this model as one that was sent ``age`` ago."""
        older = self.model_copy()
        older._age = age
        return older

    @model_validator(mode="before")
    @classmethod
    def _read(cls, sent: object) -> object:
        if not isinstance(sent, Mapping):
            return sent
        others = {name: value for name, value in sent.items() if name not in _DEFAULTS}
        made = {name: _aware(at) for name in _INSTANTS if isinstance(at := sent.get(name), datetime)}
        return {**others, "display_name": sent.get("id"), **read_fields(sent), **made}


_DEFAULTS: Final = {
    name: None if each.is_required() else each.default
    for name, each in ModelInfo.model_fields.items()
    if name != "id"
}


def read_model(body: bytes) -> ModelInfo:
    """Return the model in a body.

    Raises
    ------
    UnreadableError
        The body is not a model.
    """
    sent = parse(body)
    reason = why_unreadable(sent, ID_NAMES[:1])
    if reason:
        raise UnreadableError(f"JSON that is not a model: {reason}")
    return make_model(sent)


def read_row(row: bytes, id_names: tuple[str, ...]) -> tuple[Any, str]:
    """Return the JSON value of a row, and why it is not a model; an empty text if it is one."""
    try:
        sent = parse(row)
    except UnreadableError:
        return None, "it is not valid JSON"
    return sent, why_unreadable(sent, id_names)


def why_unreadable(sent: object, id_names: tuple[str, ...]) -> str:
    """Return why a JSON value is not a model; an empty text if it is one."""
    if not isinstance(sent, Mapping):
        return "it is not an object"
    found = find_id(sent, id_names)
    if found is None:
        return "it has no id"
    if not isinstance(found, str):
        return "its id is not text"
    if not found:
        return "its id is empty"
    if len(found) > MAX_ID_CHARACTERS:
        return f"its id has more than {MAX_ID_CHARACTERS:,} characters"
    return ""


def make_model(
    sent: Mapping[str, Any], id_names: tuple[str, ...] = ID_NAMES[:1], age: timedelta | None = None
) -> ModelInfo:
    """Return the model that a JSON object describes, for which `why_unreadable` has no reason.

    The result equals that of ``ModelInfo.model_validate``, but skips the validation, which `read_fields` makes
    superfluous: lists are long.
    """
    model_id = find_id(sent, id_names)
    read = read_fields(sent)
    values = {**_DEFAULTS, "id": model_id, "display_name": model_id, **read}
    model = ModelInfo.__new__(ModelInfo)
    _set(model, "__dict__", {name: values[name] for name in ModelInfo.model_fields})
    _set(model, "__pydantic_extra__", {name: each for name, each in sent.items() if name not in values})
    _set(model, "__pydantic_fields_set__", {"id", "display_name", *read})
    _set(model, "__pydantic_private__", {"_sent": sent, "_age": age})
    return model


def find_id(sent: Mapping[str, Any], id_names: tuple[str, ...]) -> object:
    """Return the id of a JSON object, of whatever type; None if it has none."""
    for name in id_names:
        found = sent.get(name)
        if found is not None:
            return found.removeprefix("models/") if name == "name" and isinstance(found, str) else found
    return None


def shown_id(sent: object) -> str | None:
    """Return the beginning of the id of a JSON value, if it is text; else None."""
    found = sent.get("id") if isinstance(sent, Mapping) else None
    return found[:60] if isinstance(found, str) and found else None


def _aware(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant

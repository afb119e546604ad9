"""What servers list, read with tolerance: ours, Anthropic's, gateways, and those of OpenAI's shape.

The server writes strictly (`wire.anthropic`, `wire.openai`); a client meets servers that leave fields out, name
them otherwise or add their own (contract, sections 2 and 7). Nothing a server lists is dropped on the way: what
cannot be read is refused as a whole.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)
from pydantic_core import from_json

from callsheet.domain.model import Lifecycle
from callsheet.domain.times import EPOCH


class UnreadableError(ValueError):
    """What a server sent is not what was asked for; the text completes "it answered with …"."""


class ModelInfo(BaseModel):
    """A model, as any server describes it (contract, section 2).

    A field that a server does not send, or sends as something else than it is, has its default; ``to_dict`` has
    what was sent. Fields that are not named here are kept, and can be read as attributes. OpenAI's names are
    understood, too (section 7).

    Attributes
    ----------
    type
        ``model``.
    id
        What requests name.
    display_name
        For people; the id, where the server has no name.
    created_at
        Time of release, with a time zone; 1970 if unknown.
    line
        Such as ``opus``, or None; an open list.
    max_input_tokens, max_tokens
        Context window and largest accepted ``max_tokens``, in tokens; None if unknown.
    capabilities
        Every leaf is ``{"supported": bool}``; None if unknown.
    lifecycle
        A `Lifecycle`; a plain text, if it is a stage of tomorrow.
    deprecated_at, retires_at
        The dates of its retirement, with a time zone, or None.
    description
        What the operators of a Callsheet server say of it, or None.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str = "model"
    id: str = Field(min_length=1, strict=True)
    display_name: str = ""
    created_at: datetime = Field(default=EPOCH, validation_alias=AliasChoices("created_at", "created"))
    line: str | None = None
    max_input_tokens: int | None = Field(
        default=None, validation_alias=AliasChoices("max_input_tokens", "context_window", "max_model_len")
    )
    max_tokens: int | None = Field(
        default=None, validation_alias=AliasChoices("max_tokens", "max_completion_tokens")
    )
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
        """Return this model as one that was sent so long ago."""
        older = self.model_copy()
        older._age = age
        return older

    @model_validator(mode="before")
    @classmethod
    def _name(cls, sent: object) -> object:
        if not isinstance(sent, Mapping):
            return sent
        name = sent.get("display_name")
        return sent if isinstance(name, str) and name else {**sent, "display_name": sent.get("id")}

    @field_validator(
        "type", "created_at", "line", "max_input_tokens", "max_tokens", "capabilities", "lifecycle",
        "deprecated_at", "retires_at", "description", mode="wrap",
    )  # fmt: skip
    @classmethod
    def _read_or_default(cls, value: object, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
        try:
            known = read(value)
        except ValidationError:
            return cls.model_fields[str(info.field_name)].default
        if isinstance(known, datetime) and known.tzinfo is None:
            return known.replace(tzinfo=UTC)
        return known


class PageContent(NamedTuple):
    """A page as it was sent; None is what it does not say.

    Parameters
    ----------
    data
        Its models, in the server's order.
    has_more
        Whether the server says that more follow.
    first_id, last_id
        The server's cursors.
    """

    data: list[ModelInfo]
    has_more: bool | None = None
    first_id: str | None = None
    last_id: str | None = None


def parse(body: bytes) -> object:
    """Return the JSON value that ``body`` is.

    Raises
    ------
    UnreadableError
        It is none.
    """
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError:
        raise UnreadableError("what is not JSON") from None


def read_model(sent: object) -> ModelInfo:
    """Return the model that a JSON value is.

    Raises
    ------
    UnreadableError
        It is not one: it has no id.
    """
    try:
        model = ModelInfo.model_validate(sent)
    except ValidationError:
        raise UnreadableError("JSON that is not a model with an id") from None
    model._sent = sent  # type: ignore[assignment]  # nothing but an object is valid
    return model


def read_page(sent: object) -> PageContent:
    """Return the page that a JSON value is, of either dialect or something between.

    Raises
    ------
    UnreadableError
        It is not one, or something in it is no model.
    """
    if not isinstance(sent, Mapping) or "data" not in sent:
        raise UnreadableError("JSON that is not a list of models")
    data = [] if sent["data"] is None else sent["data"]  # null is how programs in Go write an empty list
    if not isinstance(data, list):
        raise UnreadableError("JSON that is not a list of models")
    has_more = sent.get("has_more")
    return PageContent(
        [read_model(each) for each in data],
        has_more if isinstance(has_more, bool) else None,
        _cursor(sent.get("first_id")),
        _cursor(sent.get("last_id")),
    )


def _cursor(value: object) -> str | None:
    return value if isinstance(value, str) and value else None

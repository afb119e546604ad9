"""The types of what the endpoints of the catalogue answer: the records that ``--json`` prints."""

from typing import Any

from pydantic import BaseModel, Field

from callsheet.http.admin.moments import Dated


class ModelAnswer(BaseModel):
    """A model, whether it is listed or not."""

    id: str
    display_name: str
    created_at: str = Field(description="When it was released; the epoch if that is not known.")
    line: str | None
    max_input_tokens: int | None
    max_tokens: int | None
    capabilities: dict[str, Any] | None
    lifecycle: str
    deprecated_at: str | None
    retires_at: str | None
    retirement_precision: str | None = Field(description="exact, or earliest: it does not retire before.")
    retires_itself: bool = Field(description="Whether a server retires it on its date.")
    replacement: str | None = Field(description="The id of the model to move to.")
    description: str | None
    hidden: bool
    source: str | None


class NamedModelAnswer(ModelAnswer):
    """A model with its aliases."""

    aliases: list[str]


class SaidAnswer(BaseModel):
    """A value that a manager claims of a field."""

    manager: str
    value: Any
    of: str | None
    since: int | None
    at: str | None
    actor: str | None


class KnownModelAnswer(NamedModelAnswer, Dated):
    """A model with its aliases, and who says what of it."""

    provenance: dict[str, list[SaidAnswer]]


class CountsAnswer(BaseModel):
    """How many models the catalogue has."""

    listed: int
    retired: int
    hidden: int


class OutcomeAnswer(BaseModel):
    """What became of several models."""

    data: list[NamedModelAnswer]
    changed: list[str] = Field(description="The ids of those that were not as wanted already.")
    counts: CountsAnswer


class SuppressedAnswer(BaseModel):
    """A model or an alias that was removed although others list it."""

    id: str
    kind: str
    provenance: dict[str, list[SaidAnswer]]


class AliasAnswer(BaseModel):
    """Another name for a model."""

    alias: str
    model_id: str


class DatedAliasAnswer(AliasAnswer, Dated):
    """What an alias means at a moment."""


class ReleasedAnswer(BaseModel):
    """What is left of a model or an alias once people say nothing of it: one of the two, or neither."""

    model: NamedModelAnswer | None
    alias: AliasAnswer | None


class IdsAnswer(BaseModel):
    """Ids of models."""

    data: list[str]


class ChangeAnswer(BaseModel):
    """A change that was made."""

    number: int
    revision: int
    at: str
    actor: str
    action: str
    kind: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    manager: str | None
    reason: str | None

"""What servers list, read with tolerance: ours, Anthropic's, gateways, and those of OpenAI's shape.

The server writes strictly (`wire.anthropic`, `wire.openai`); a client meets servers that leave fields out, name
them otherwise or add their own (contract, sections 2 and 7). Nothing a server lists is dropped in silence: a row
that cannot be read is left out, and named.
"""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from callsheet.domain.model import Lifecycle
from callsheet.domain.times import EPOCH
from callsheet.wire.field_names import ID_NAMES, read_fields
from callsheet.wire.rows import Listing, Rows, UnreadableError, parse, take_apart

__all__ = [
    "ModelInfo",
    "PageContent",
    "UnreadableError",
    "UnreadableModel",
    "parse",
    "read_first_page",
    "read_model",
    "read_page",
]

#: The longest id that is read, in characters; servers that keep to the contract have none of more than 256.
MAX_ID_CHARACTERS: Final = 1024

_INSTANTS: Final = ("created_at", "deprecated_at", "retires_at")

_set = object.__setattr__


class ModelInfo(BaseModel):
    """A model, as any server describes it (contract, section 2).

    A field that a server does not send, or sends as something that makes no sense, has its default; ``to_dict`` has
    what was sent. Fields that are not named here are kept, and can be read as attributes. The names that other
    servers have for the fields are understood, too (`wire.field_names`).

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
        What the operators of a server say of it, or None.
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
        """Return this model as one that was sent so long ago."""
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


class UnreadableModel(NamedTuple):
    """An entry of a list that cannot be read, and is left out.

    Attributes
    ----------
    position
        Where it is in the list, from 0.
    id
        Its id, shortened, where it has one that is text.
    reason
        What is wrong with it, such as ``it has no id``.
    """

    position: int
    id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class PageContent:
    """A page as it was sent; None is what it does not say.

    Parameters
    ----------
    rows
        Those that are models, in the server's order; `models` reads them.
    has_more
        Whether the server says that more follow.
    first_id, last_id
        The server's cursors.
    bad_rows, bad_positions
        Those that are not models, and where they are in the list.
    id_names
        What an id may be called.
    age
        How old it is, if a cache gave it; else None.
    """

    rows: Rows = field(default_factory=Rows)
    has_more: bool | None = None
    first_id: str | None = None
    last_id: str | None = None
    bad_rows: Rows = field(default_factory=Rows)
    bad_positions: "array[int]" = field(default_factory=lambda: array("Q"))
    id_names: tuple[str, ...] = ID_NAMES[:1]
    age: timedelta | None = None

    def models(self) -> Iterator[ModelInfo]:
        """Yield its models; each is read when it is reached."""
        for row in self.rows:
            yield _make_model(parse(row), self.id_names, self.age)

    def ids(self) -> Iterator[str]:
        """Yield the ids of its models."""
        for row in self.rows:
            yield str(_find_id(parse(row), self.id_names))

    def unreadable(self) -> Iterator[UnreadableModel]:
        """Yield what is left out of it."""
        for row, position in zip(self.bad_rows, self.bad_positions, strict=True):
            sent, reason = read_row(row, self.id_names)
            yield UnreadableModel(position, shown_id(sent), reason)

    @property
    def is_empty(self) -> bool:
        """Whether it lists nothing, readable or not."""
        return not (self.rows or self.bad_rows)

    def id_at(self, end: int) -> str | None:
        """Return the id of the model at an end: 0 is the first, -1 the last; None if it has no models."""
        if not self.rows:
            return None
        return str(_find_id(parse(self.rows[end % len(self.rows)]), self.id_names))

    def aged(self, age: timedelta) -> "PageContent":
        """Return this page as one that was sent so long ago."""
        return replace(self, age=age)


def read_model(body: bytes) -> ModelInfo:
    """Return the model that a body is.

    Raises
    ------
    UnreadableError
        It is not one.
    """
    sent = parse(body)
    reason = why_unreadable(sent, ID_NAMES[:1])
    if reason:
        raise UnreadableError(f"JSON that is not a model: {reason}")
    return _make_model(sent, ID_NAMES[:1], None)


def read_page(body: bytes) -> PageContent:
    """Return the page that a body is, of either dialect or something between.

    A list is read in an object, as ``data`` or ``models``, and with nothing around it. Programs in Go write an
    empty one as null. Rows that are not models are left out, and named by `PageContent.unreadable`.

    Raises
    ------
    UnreadableError
        It is not a page.
    """
    listing = take_apart(body)
    around = listing.around
    if listing.name is None and not any(name in around and around[name] is None for name in ("data", "models")):
        raise UnreadableError(_describe(body, around))
    if not listing.rows and (around.get("error") or around.get("success") is False):
        raise UnreadableError("an error in the place of a list")
    id_names = id_names_of(listing)
    good, bad = _sort(listing, id_names)
    return PageContent(
        listing.rows if not bad else listing.rows.pick(good),
        _has_more(around),
        _cursor(around.get("first_id")),
        _cursor(around.get("last_id")),
        listing.rows.pick(bad),
        bad,
        id_names,
    )


def read_first_page(body: bytes) -> PageContent:
    """Return the page that a body is, as `read_page` does, of which at least one row is a model if it has any.

    Raises
    ------
    UnreadableError
        It is not such a page. Where no row can be read and more is promised, the next page may have some.
    """
    page = read_page(body)
    if page.bad_rows and not page.rows and not page.has_more:
        count, first = len(page.bad_rows), next(page.unreadable())
        which = "whose only entry is not a model" if count == 1 else f"of whose {count:,} entries none is a model"
        raise UnreadableError(f"a list {which} (in the first, {first.reason})")
    return page


def read_row(row: bytes, id_names: tuple[str, ...]) -> tuple[Any, str]:
    """Return what a row is, and why it is not a model; an empty text, if it is one."""
    try:
        sent = parse(row)
    except UnreadableError:
        return None, "it is not valid JSON"
    return sent, why_unreadable(sent, id_names)


def id_names_of(listing: Listing) -> tuple[str, ...]:
    """Return what an id may be called in a list."""
    return ID_NAMES if listing.name == "models" else ID_NAMES[:1]


def why_unreadable(sent: object, id_names: tuple[str, ...]) -> str:
    """Return why a JSON value is not a model; an empty text, if it is one."""
    if not isinstance(sent, Mapping):
        return "it is not an object"
    found = _find_id(sent, id_names)
    if found is None:
        return "it has no id"
    if not isinstance(found, str):
        return "its id is not text"
    if not found:
        return "its id is empty"
    if len(found) > MAX_ID_CHARACTERS:
        return f"its id has more than {MAX_ID_CHARACTERS:,} characters"
    return ""


def make_model(sent: Mapping[str, Any], id_names: tuple[str, ...]) -> ModelInfo:
    """Return the model that a JSON object is, for which `why_unreadable` has no reason."""
    return _make_model(sent, id_names, None)


def _make_model(sent: Any, id_names: tuple[str, ...], age: timedelta | None) -> ModelInfo:
    """Make a model as its class would: what `read_fields` gives needs no other check, and lists are long."""
    model_id = _find_id(sent, id_names)
    read = read_fields(sent)
    values = {**_DEFAULTS, "id": model_id, "display_name": model_id, **read}
    model = ModelInfo.__new__(ModelInfo)
    _set(model, "__dict__", {name: values[name] for name in ModelInfo.model_fields})
    _set(model, "__pydantic_extra__", {name: each for name, each in sent.items() if name not in values})
    _set(model, "__pydantic_fields_set__", {"id", "display_name", *read})
    _set(model, "__pydantic_private__", {"_sent": sent, "_age": age})
    return model


def _sort(listing: Listing, id_names: tuple[str, ...]) -> "tuple[array[int], array[int]]":
    """The numbers of the rows that are models, and of those that are not."""
    good, bad = array("Q"), array("Q")
    for number, row in enumerate(listing.rows):
        (bad if read_row(row, id_names)[1] else good).append(number)
    return good, bad


def _find_id(sent: Mapping[str, Any], id_names: tuple[str, ...]) -> object:
    for name in id_names:
        found = sent.get(name)
        if found is not None:
            return found.removeprefix("models/") if name == "name" and isinstance(found, str) else found
    return None


def shown_id(sent: object) -> str | None:
    """Return the beginning of the id that a JSON value has, if that is text; else None."""
    found = sent.get("id") if isinstance(sent, Mapping) else None
    return found[:60] if isinstance(found, str) and found else None


def _has_more(around: Mapping[str, Any]) -> bool | None:
    has_more = around.get("has_more")
    if isinstance(has_more, bool):
        return has_more
    links = around.get("links")  # OpenRouter's; the token is Gemini's
    following = around.get("nextPageToken") or (links.get("next") if isinstance(links, Mapping) else None)
    return True if isinstance(following, str) and following else None


def _cursor(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _describe(body: bytes, around: Mapping[str, Any]) -> str:
    """What came in the place of a list."""
    for name in ("data", "models"):
        if name in around:
            return f'JSON whose "{name}" is not a list of models'
    if body.lstrip()[:1] != b"{":
        return "JSON that is not a list of models"
    names = ", ".join(name[:30] for name in list(around)[:5] if name.isprintable())
    return (
        f"JSON that is not a list of models (its members are {names})"
        if names
        else "JSON that is not a list of models"
    )


def _aware(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant

"""Model: one model the API can list, and what a valid one is."""

import re
import unicodedata
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Final

from callsheet.domain.capabilities import Capabilities, parse_capabilities
from callsheet.domain.errors import InvalidError
from callsheet.domain.ordering import sort_key
from callsheet.domain.times import EPOCH, format_instant

MAX_ID_LENGTH: Final = 256
MAX_DESCRIPTION_LENGTH: Final = 1000
MAX_DISPLAY_NAME_LENGTH: Final = 256
_MAX_TOKENS: Final = 2**53 - 1  # the largest integer every JSON reader agrees on

_LINE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_CONTROL: Final = frozenset({"Cc", "Cs"})  # Cs: half a character, which no UTF-8 can carry
_UNASSIGNED: Final = "Cn"
#: The categories of Unicode that no id may hold: control, format (bidi, zero width), private use, surrogates,
#: and separators of lines and paragraphs. Whether a character is assigned is asked apart.
UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


class Lifecycle(StrEnum):
    """Where a model is in its life; the only signal of retirement (contract, section 2)."""

    ACTIVE = "active"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


class RetirementPrecision(StrEnum):
    """What the date of a retirement means. The values are what databases hold."""

    #: The model retires on that day.
    EXACT = "exact"
    #: The model does not retire before that day.
    EARLIEST = "earliest"


#: The lifecycles by name; a look-up takes less time than calling the enumeration.
LIFECYCLES: Final = {lifecycle.value: lifecycle for lifecycle in Lifecycle}

#: What the dates of retirements mean, by name.
PRECISIONS: Final = {precision.value: precision for precision in RetirementPrecision}

_ACTIVE: Final = Lifecycle.ACTIVE  # a name is found ten times quicker than a member


def check_id(text: object, name: str = "A model id", field: str | None = None) -> str:
    """Return ``text`` if a model, alias or replacement may get it as its id (contract, section 1).

    An id has at most 1,024 bytes of UTF-8, as no character takes more than four.

    Raises
    ------
    InvalidError
        Not 1-256 printable characters without blanks at either end, or ``.`` or ``..``; the sentence begins with
        ``name``, and is about ``field``.
    """
    return _check_id(text, name, UNPRINTABLE | {_UNASSIGNED}, field)


def check_known_id(text: object, name: str = "A model id", field: str | None = None) -> str:
    """Return ``text`` if it can be an id that was given before; raise InvalidError as `check_id` does.

    The one difference: a character may be unassigned. The id may have been given by a Python with a newer
    Unicode than this one's, and a database must not become unreadable to an older Python.
    """
    return _check_id(text, name, UNPRINTABLE, field)


def _check_id(text: object, name: str, refused: frozenset[str], field: str | None) -> str:
    if not isinstance(text, str) or not 1 <= len(text) <= MAX_ID_LENGTH or text != text.strip():
        shown = text[:60] if isinstance(text, str) else text
        raise InvalidError(
            f"{name} must be 1 to {MAX_ID_LENGTH} printable characters without blanks at either end, "
            f"not {shown!r}.",
            field=field,
        )
    if text in (".", ".."):
        raise InvalidError(f"{name} must not be {text!r}, which no HTTP client can ask for.", field=field)
    if not text.isprintable():  # or it holds a space other than that of ASCII
        for character in text:
            if unicodedata.category(character) in refused:
                raise InvalidError(
                    f"{name} must hold only printable characters, not U+{ord(character):04X}.", field=field
                )
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model with everything Callsheet knows of it.

    Parameters
    ----------
    id
        1-256 printable characters; see `check_known_id`. Who gives a model its id asks `check_id` as well.
    display_name
        For people; 1-256 printable characters.
    created_at
        Time of release (aware); the epoch if unknown.
    line
        ``haiku``, ``sonnet``, … (an open list) or None; never derived from the id.
    max_input_tokens, max_tokens
        Context window and largest accepted ``max_tokens``, in tokens; None if unknown.
    capabilities
        See `parse_capabilities`; None if unknown.
    lifecycle, deprecated_at, retires_at
        Where it is in its life, and since and until when (aware); an active model has none.
    replacement
        Id of the model to move to; shown to operators, not on the wire.
    description
        At most 1,000 characters; Claude Code shows it in its picker.
    hidden
        Not listed, but can be retrieved.
    source
        Where the model comes from, or None.
    retirement_precision
        What ``retires_at`` means; None if that is not said. Not on the wire.
    retires_itself
        Whether Callsheet retires it on its day, if ``retires_at`` is exact. Not on the wire.
    sort_key
        Derived; see `sort_key`.

    Raises
    ------
    InvalidError
        A value is not valid (contract, sections 1 and 2).
    """

    id: str
    display_name: str
    created_at: datetime = EPOCH
    line: str | None = None
    max_input_tokens: int | None = None
    max_tokens: int | None = None
    capabilities: Capabilities | None = None
    lifecycle: Lifecycle = Lifecycle.ACTIVE
    deprecated_at: datetime | None = None
    retires_at: datetime | None = None
    replacement: str | None = None
    description: str | None = None
    hidden: bool = False
    source: str | None = None
    retirement_precision: RetirementPrecision | None = None
    retires_itself: bool = False
    sort_key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_known_id(self.id, field="id")
        _check_text(self.display_name, "display_name", MAX_DISPLAY_NAME_LENGTH)
        _check_instant(self.created_at, "created_at")
        if self.line is not None:
            _check_line(self.line)
        _check_tokens(self.max_input_tokens, "max_input_tokens")
        _check_tokens(self.max_tokens, "max_tokens")
        _check_lifecycle(self.lifecycle)
        _check_dates(self)
        if self.replacement is not None:
            _check_replacement(self, self.replacement)
        if self.description is not None:
            _check_text(self.description, "description", MAX_DESCRIPTION_LENGTH, lines=True)
        _check_flag(self.hidden, "hidden")
        if self.source is not None:
            _check_text(self.source, "source", 64)
        if self.retirement_precision is not None:
            _check_precision(self)
        if self.retires_itself is not False:
            _check_flag(self.retires_itself, "retires_itself")
        if self.capabilities is not None:
            object.__setattr__(self, "capabilities", parse_capabilities(self.capabilities))
        object.__setattr__(self, "sort_key", sort_key(self.created_at, self.line, self.id))

    def record(self) -> dict[str, object]:
        """Return every field as plain JSON values, in order, for people, programs and the change record."""
        return {name: _plain(getattr(self, name)) for name in MODEL_FIELDS}


#: The names of a model's own fields, in order.
MODEL_FIELDS: Final = tuple(each.name for each in fields(Model) if each.init)


def _plain(value: object) -> object:
    return format_instant(value) if isinstance(value, datetime) else value


def _check_text(text: object, name: str, longest: int, *, lines: bool = False) -> None:
    if not isinstance(text, str) or not text.strip() or len(text) > longest:
        raise InvalidError(f"{name} must be text of 1 to {longest:,} characters.", field=name)
    if text.isprintable():
        return
    for character in text:
        if unicodedata.category(character) in _CONTROL and not (lines and character in "\n\t"):
            raise InvalidError(f"{name} must be text without control characters such as {character!r}.", field=name)


def _check_instant(value: object, name: str) -> None:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidError(f"{name} must be a time with a time zone.", field=name)
    if value < EPOCH:
        raise InvalidError(f"{name} must not be before 1970.", field=name)


def _check_line(line: object) -> None:
    if not (isinstance(line, str) and _LINE.fullmatch(line)):
        raise InvalidError(
            f"line must be 1 to 64 small letters, digits and . _ -, such as opus, not {line!r}.", field="line"
        )


def _check_tokens(value: object, name: str) -> None:
    if value is not None and (type(value) is not int or not 1 <= value <= _MAX_TOKENS):
        raise InvalidError(f"{name} must be a whole number of tokens, at least 1.", field=name)


def _check_flag(value: object, name: str) -> None:
    if not isinstance(value, bool):
        raise InvalidError(f"{name} must be true or false.", field=name)


def _check_lifecycle(value: object) -> None:
    if not isinstance(value, Lifecycle):
        raise InvalidError(
            f"lifecycle must be active, deprecated or retired, not {value!r:.40}.", field="lifecycle"
        )


def _check_dates(model: Model) -> None:
    if model.lifecycle is _ACTIVE and model.deprecated_at is None and model.retires_at is None:
        return  # as nearly all are
    for name in ("deprecated_at", "retires_at"):
        value = getattr(model, name)
        if value is not None:
            _check_instant(value, name)
    if model.lifecycle is _ACTIVE:
        raise InvalidError(
            f"{model.id} is active, so it can have neither deprecated_at nor retires_at.", field="lifecycle"
        )
    if model.deprecated_at is None:
        raise InvalidError(
            f"{model.id} is {model.lifecycle}, so it must have deprecated_at.", field="deprecated_at"
        )
    if model.retires_at is not None and model.retires_at < model.deprecated_at:
        raise InvalidError(
            f"retires_at of {model.id} ({format_instant(model.retires_at)}) must not be before its "
            f"deprecated_at ({format_instant(model.deprecated_at)}).",
            field="retires_at",
        )


def _check_precision(model: Model) -> None:
    precision = model.retirement_precision
    if not isinstance(precision, RetirementPrecision):
        raise InvalidError(
            f"retirement_precision must be exact or earliest, not {precision!r:.40}.", field="retirement_precision"
        )
    if model.retires_at is None:
        raise InvalidError(
            f"{model.id} has no retires_at, so it cannot have a retirement_precision.", field="retirement_precision"
        )


def _check_replacement(model: Model, replacement: str) -> None:
    check_known_id(replacement, "A replacement", "replacement")
    if replacement == model.id:
        raise InvalidError(f"{model.id} cannot be its own replacement.", field="replacement")

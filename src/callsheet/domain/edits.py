"""Edits: what a model becomes when its fields are set, or it is deprecated or retired."""

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Generic, TypeAlias, TypedDict, TypeVar

from callsheet.domain.errors import InvalidError
from callsheet.domain.hints import Hint
from callsheet.domain.model import MODEL_FIELDS, Lifecycle, Model, RetirementPrecision

_UNSEEN: Final = frozenset({"Cf", "Zl", "Zp"})

#: What `with_fields` may set: everything but the id.
CHANGEABLE: Final = frozenset(MODEL_FIELDS) - {"id"}

#: Fields that are valid together only.
LIFECYCLE_FIELDS: Final = ("lifecycle", "deprecated_at", "retires_at", "retirement_precision")

#: How an active model gets to a lifecycle, with its dates.
_WAYS: Final[Mapping[Lifecycle, Hint]] = {
    Lifecycle.DEPRECATED: Hint.DEPRECATE_MODEL,
    Lifecycle.RETIRED: Hint.RETIRE_MODEL,
}

TimeT = TypeVar("TimeT")
LifecycleT = TypeVar("LifecycleT")
PrecisionT = TypeVar("PrecisionT")


class ModelFields(TypedDict, Generic[TimeT, LifecycleT, PrecisionT], total=False):
    """Fields of a model by name, any of them; see `Model`. Those who call the domain decide what is a time."""

    display_name: str
    created_at: TimeT
    line: str | None
    max_input_tokens: int | None
    max_tokens: int | None
    capabilities: Mapping[str, Any] | None
    lifecycle: LifecycleT
    deprecated_at: TimeT | None
    retires_at: TimeT | None
    replacement: str | None
    description: str | None
    hidden: bool
    source: str | None
    retirement_precision: PrecisionT | None
    retires_itself: bool


class ClaimFields(ModelFields[TimeT, LifecycleT, PrecisionT], Generic[TimeT, LifecycleT, PrecisionT], total=False):
    """Fields of a model, and the id of another model that it is the same as, any of them."""

    same_as: str | None


#: What is to change of a model; what is left out stays as it is.
ModelEdit: TypeAlias = ModelFields[datetime, Lifecycle, RetirementPrecision]

#: What people can say of a model; what is left out stays as it is.
ModelChange: TypeAlias = ClaimFields[datetime, Lifecycle, RetirementPrecision]


def with_fields(model: Model, change: ModelEdit) -> Model:
    """Return ``model`` with the fields of ``change`` set, validated as a whole.

    A model that becomes active loses the dates of its retirement, and a date that moves loses its precision, unless
    the change says otherwise.

    Raises
    ------
    InvalidError
        A field that cannot be changed, or a result that is not a valid model.
    """
    for name in change:
        if name not in CHANGEABLE:
            raise InvalidError(f"{name} of a model cannot be changed.", field=name)
    way = next((hint for lifecycle, hint in _WAYS.items() if change.get("lifecycle") is lifecycle), None)
    if way is not None and model.deprecated_at is None and change.get("deprecated_at") is None:
        raise InvalidError(f"{model.id} has no deprecated_at yet", hint=way, hint_about=model.id, field="lifecycle")
    if change.get("lifecycle") is Lifecycle.ACTIVE:
        change = {"deprecated_at": None, "retires_at": None, **change}
    if change.get("retires_at", model.retires_at) != model.retires_at:
        change = {"retirement_precision": None, **change}
    return replace(model, **change)


def as_deprecated(
    model: Model,
    now: datetime,
    retires_at: datetime | None = None,
    replacement: str | None = None,
    retirement_precision: RetirementPrecision | None = None,
    retires_itself: bool | None = None,
    deprecated_at: datetime | None = None,
) -> Model:
    """Return ``model`` deprecated at ``deprecated_at`` or else ``now``; of a deprecated one, what is given changes.

    What the date of retirement means is not known after it has moved, unless ``retirement_precision`` says so.

    Raises
    ------
    InvalidError
        The model is retired, ``retires_at`` is before its deprecation, or there is a precision and no date.
    """
    if model.lifecycle is Lifecycle.RETIRED:
        raise InvalidError(f"{model.id} is retired; a retired model cannot be deprecated.")
    has_moved = retires_at is not None and retires_at != model.retires_at
    return replace(
        model,
        lifecycle=Lifecycle.DEPRECATED,
        deprecated_at=deprecated_at or model.deprecated_at or now,
        retires_at=retires_at or model.retires_at,
        retirement_precision=retirement_precision or (None if has_moved else model.retirement_precision),
        replacement=replacement or model.replacement,
        retires_itself=model.retires_itself if retires_itself is None else retires_itself,
    )


def as_retired(model: Model, now: datetime, retires_at: datetime | None = None) -> Model:
    """Return ``model`` retired at ``retires_at``, or else at its planned date if that has passed, or else ``now``.

    Raises
    ------
    InvalidError
        The model is retired already.
    """
    if model.lifecycle is Lifecycle.RETIRED:
        raise InvalidError(f"{model.id} is retired already.")
    is_due = model.retires_at is not None and model.retires_at <= now
    when = retires_at or (model.retires_at if is_due and model.retires_at is not None else now)
    return replace(
        model,
        lifecycle=Lifecycle.RETIRED,
        deprecated_at=min(model.deprecated_at or when, when),
        retires_at=when,
        retirement_precision=model.retirement_precision if when == model.retires_at else None,
    )


def check_dates(model: Model, now: datetime, before: Model | None = None) -> Model:
    """Return ``model`` if its dates can be true at ``now``: a deprecation or retirement that has happened is past.

    Dates that are the same in ``before`` are not checked.

    Raises
    ------
    InvalidError
        Its deprecation lies in the future, or it is retired and its retirement does.
    """
    if before is not None and all(getattr(model, name) == getattr(before, name) for name in LIFECYCLE_FIELDS):
        return model
    if model.deprecated_at is not None and model.deprecated_at > now:
        raise InvalidError(f"deprecated_at of {model.id} must not lie in the future.", field="deprecated_at")
    if model.lifecycle is Lifecycle.RETIRED and model.retires_at is not None and model.retires_at > now:
        raise InvalidError(
            f"{model.id} is retired, so its retires_at must not lie in the future.", field="retires_at"
        )
    return model


def check_texts(model: Model, before: Model | None = None) -> Model:
    """Return ``model`` if a person can see every character of its texts, and in their order.

    A text that is the same in ``before`` is not checked: rows that exist keep working.

    Raises
    ------
    InvalidError
        A text holds a format character (zero width, bidirectional control) or a line separator.
    """
    for name in ("display_name", "description", "source"):
        text = getattr(model, name)
        if text is None or text.isprintable() or (before is not None and text == getattr(before, name)):
            continue
        for character in text:
            if unicodedata.category(character) in _UNSEEN:
                raise InvalidError(
                    f"{name} must not hold characters that cannot be seen, such as U+{ord(character):04X}.",
                    field=name,
                )
    return model

"""Dates: what is remembered of the date of a retirement, so that calendars notice when it moves."""

from datetime import datetime
from typing import NamedTuple

from callsheet.domain.model import Model


class DateRecord(NamedTuple):
    """The date of a model's retirement, over all that became of it.

    Parameters
    ----------
    model_id
        The model.
    retires_at
        Its date; if that was withdrawn, the last one.
    sequence
        How often it has moved; starts with 0.
    changed_at
        When it last moved.
    is_withdrawn
        Whether the model has no date now, or is gone.
    """

    model_id: str
    retires_at: datetime
    sequence: int
    changed_at: datetime
    is_withdrawn: bool = False


def has_moved(before: Model | None, after: Model | None) -> bool:
    """Return whether the date of a retirement, or what it means, is another after a change."""
    return _date_of(before) != _date_of(after)


def moved(known: DateRecord | None, before: Model | None, after: Model | None, now: datetime) -> DateRecord | None:
    """Return what is to be remembered after a change at ``now`` that `has_moved` is true of; None for nothing.

    ``known`` is what has been remembered so far: nothing of a date that never moved.
    """
    date = None if after is None else after.retires_at
    last = known.retires_at if known is not None else None if before is None else before.retires_at
    if last is None or (date is None and known is not None and known.is_withdrawn):
        return None
    model = after or before
    assert model is not None  # noqa: S101  # one of them is there
    return DateRecord(model.id, date or last, 1 if known is None else known.sequence + 1, now, date is None)


def _date_of(model: Model | None) -> tuple[object, object]:
    return (None, None) if model is None else (model.retires_at, model.retirement_precision)

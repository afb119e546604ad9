"""Stage: whether the retirement of a model is ahead, overdue or done, and in how many days."""

from datetime import datetime
from enum import StrEnum

from callsheet.domain.model import Lifecycle, Model, RetirementPrecision


class Stage(StrEnum):
    """Whether a retirement is still to come, overdue or done."""

    #: Its day has not come.
    UPCOMING = "upcoming"
    #: Its day has come, and the model is not retired.
    OVERDUE = "overdue"
    RETIRED = "retired"


def stage_of(model: Model, now: datetime) -> Stage | None:
    """Return the stage of ``model`` at ``now`` (aware); None if it has no date and is not retired.

    As time passes it only goes from upcoming to overdue; what makes it retired is a change of the model.
    """
    if model.lifecycle is Lifecycle.RETIRED:
        return Stage.RETIRED
    if model.retires_at is None:
        return None
    return Stage.UPCOMING if now < model.retires_at else Stage.OVERDUE


def days_left(model: Model, now: datetime) -> int | None:
    """Return in how many days ``model`` retires, counted in days of UTC; negative after it, None without a date."""
    return None if model.retires_at is None else (model.retires_at.date() - now.date()).days


def is_due(model: Model, now: datetime) -> bool:
    """Return whether ``model`` is to be retired by itself at ``now`` (aware): its date is exact, and has come."""
    return (
        model.retires_itself
        and model.retirement_precision is RetirementPrecision.EXACT
        and stage_of(model, now) is Stage.OVERDUE
    )

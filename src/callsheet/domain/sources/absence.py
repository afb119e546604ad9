"""Absence: a model that a source listed before and no longer does."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Absence:
    """A model that a source no longer lists.

    Parameters
    ----------
    model_id
        The model.
    since
        When the first run without it was (aware).
    runs
        How many good runs have been without it, that one included.
    """

    model_id: str
    since: datetime
    runs: int

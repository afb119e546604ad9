"""Lines: which lines of models, such as opus, a set of rules is left without when models retire."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from callsheet.domain.access.visibility import Visibility
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.query import is_listed


class Standing(NamedTuple):
    """What some models are as far as retirements go: worked out once, while the models stay as they are.

    Parameters
    ----------
    not_active
        Those that are deprecated or retired.
    staying, leaving
        Those that lists show, by line: without a date on which they retire, and with one. Those without a line are
        in neither.
    """

    not_active: tuple[Model, ...]
    staying: Mapping[str, Sequence[Model]]
    leaving: Mapping[str, Sequence[Model]]


def standing_of(models: Iterable[Model]) -> Standing:
    """Return what these models are as far as retirements go."""
    not_active: list[Model] = []
    staying: dict[str, list[Model]] = {}
    leaving: dict[str, list[Model]] = {}
    for model in models:
        if model.lifecycle is not Lifecycle.ACTIVE:
            not_active.append(model)
        if model.line is not None and is_listed(model.lifecycle, hidden=model.hidden):
            (staying if model.retires_at is None else leaving).setdefault(model.line, []).append(model)
    return Standing(tuple(not_active), staying, leaving)


class Lines:
    """The models of each line, for the question when the last of them goes.

    Parameters
    ----------
    standings
        Of all models; those in no list, and those without a line, do not count.
    lines
        The lines that are asked about.
    """

    def __init__(self, standings: Iterable[Standing], lines: Iterable[str]) -> None:
        self._staying: dict[str, list[Sequence[Model]]] = {line: [] for line in lines}
        self._leaving: dict[str, list[Model]] = {line: [] for line in self._staying}
        for each in standings:
            for line in self._staying:
                if line in each.staying:
                    self._staying[line].append(each.staying[line])
                self._leaving[line] += each.leaving.get(line, ())
        for some in self._leaving.values():
            some.sort(key=_longest_first)
        self._last_days: dict[tuple[Visibility, str], datetime | None] = {}

    def is_left_without(self, rules: Visibility, retiring: Model) -> bool:
        """Return whether those who see ``retiring`` by ``rules`` have no listed model of its line once it retires.

        Models count as retired from their date on, however precise that is.
        """
        line, day = retiring.line, retiring.retires_at
        if line is None or day is None or line not in self._staying or retiring.hidden:
            return False
        last_day = self._last_day(rules, line)
        return last_day is not None and last_day <= day

    def _last_day(self, rules: Visibility, line: str) -> datetime | None:
        """When the last model of a line that ``rules`` show retires; None if there is one that does not."""
        key = (rules, line)
        if key not in self._last_days:
            every = chain(chain.from_iterable(self._staying[line]), self._leaving[line])
            last = next((each for each in every if rules.sees(each.id)), None)
            self._last_days[key] = None if last is None else last.retires_at
        return self._last_days[key]


def _longest_first(model: Model) -> float:
    return -(model.retires_at.timestamp() if model.retires_at else 0.0)

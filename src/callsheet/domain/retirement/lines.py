"""Lines: which lines of models, such as opus, a set of rules is left without when models retire."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from callsheet.domain.access.visibility import Visibility
from callsheet.domain.model import Model
from callsheet.domain.query import is_listed


class Lines:
    """The models of each line, for the question when the last of them goes.

    Parameters
    ----------
    models
        All models; those in no list, and those without a line, do not count.
    lines
        The lines that are asked about.
    """

    def __init__(self, models: Iterable[Model], lines: Iterable[str]) -> None:
        self._models: Mapping[str, list[Model]] = {line: [] for line in lines}
        for model in models:
            if model.line in self._models and is_listed(model.lifecycle, hidden=model.hidden):
                self._models[model.line].append(model)
        for some in self._models.values():
            some.sort(key=_longest_first)
        self._last_days: dict[tuple[Visibility, str], datetime | None] = {}

    def is_left_without(self, rules: Visibility, retiring: Model) -> bool:
        """Return whether those who see ``retiring`` by ``rules`` have no listed model of its line once it retires.

        Models count as retired from their date on, however precise that is.
        """
        line, day = retiring.line, retiring.retires_at
        if line is None or day is None or line not in self._models or retiring.hidden:
            return False
        last_day = self._last_day(rules, line)
        return last_day is not None and last_day <= day

    def _last_day(self, rules: Visibility, line: str) -> datetime | None:
        """When the last model of a line that ``rules`` show retires; None if there is one that does not."""
        key = (rules, line)
        if key not in self._last_days:
            last = next((each for each in self._models[line] if rules.sees(each.id)), None)
            self._last_days[key] = None if last is None else last.retires_at
        return self._last_days[key]


def _longest_first(model: Model) -> tuple[bool, float]:
    return model.retires_at is not None, -(model.retires_at.timestamp() if model.retires_at else 0.0)

"""Comparison of two catalogues, as rules show them: which models they list, and what else can be retrieved."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import islice
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeAlias

from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Shape
from callsheet.domain.catalog import Catalog
from callsheet.domain.model import MODEL_FIELDS, Model
from callsheet.domain.plan.impact import MODEL_GROUPS
from callsheet.domain.query import Reach, is_listed, reach_of
from callsheet.wire import openai
from callsheet.wire.anthropic import ClassicModelInfo, ModelInfo


class Rules(NamedTuple):
    """What decides what a caller sees of a catalogue; ``visibility`` knows which of its patterns are ids."""

    visibility: Visibility
    shape: Shape


class Difference(NamedTuple):
    """What is different for those who see by some rules; the fields are those of an `Audience`."""

    groups: tuple[tuple[str, ...], ...]
    lines_lost: tuple[str, ...] = ()
    is_emptied: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether all is as before."""
        return not (any(self.groups) or self.lines_lost)

    def fields(self) -> dict[str, Any]:
        """Return the fields of an `Audience`."""
        groups = dict(zip(MODEL_GROUPS, self.groups, strict=True))
        return {**groups, "lines_lost": self.lines_lost, "is_emptied": self.is_emptied}


_ABSENT, _UNLISTED, _LISTED = Reach.ABSENT, Reach.RETRIEVABLE, Reach.LISTED

#: Which group a model is in, by its reach before and after.
_GROUPS: Final = {
    (_ABSENT, _LISTED): "gains",
    (_UNLISTED, _LISTED): "gains",
    (_LISTED, _ABSENT): "loses",
    (_LISTED, _UNLISTED): "unlists",
    (_ABSENT, _UNLISTED): "gains_unlisted",
    (_UNLISTED, _ABSENT): "loses_unlisted",
}

#: The fields of a model that each shape shows.
_SHOWN: Final[Mapping[Shape, Callable[[Model], object]]] = {
    Shape.CURRENT: attrgetter(*(name for name in MODEL_FIELDS if name in ModelInfo.model_fields)),
    Shape.CLASSIC: attrgetter(*(name for name in MODEL_FIELDS if name in ClassicModelInfo.model_fields)),
}

#: Models that are looked at before all are.
FIRST_MODELS: Final = 1_000

_Grouped: TypeAlias = Mapping[str, Sequence[str]]
_ByLine: TypeAlias = Mapping[str | None, Sequence[str]]


class Comparison:
    """Two catalogues.

    Parameters
    ----------
    before, after
        The catalogues.
    changed
        The ids of all models that are not the same in both.
    to_openai
        Whether OpenAI's clients are answered as well, so that what only they see is a change, too.

    Rules that are the same before and after are only asked about models that changed.
    """

    def __init__(self, before: Catalog, after: Catalog, changed: Iterable[str], *, to_openai: bool) -> None:
        self._before, self._after = before, after
        self._to_openai = to_openai
        self._changed = self._in_order(changed)
        self._changed_set = frozenset(self._changed)
        self._grouped: dict[Shape, _Grouped] = {}

    def difference(self, was: Rules | None, now: Rules | None) -> Difference:
        """Return what is different for a caller with these rules before and after; None sees nothing."""
        if was == now and was is not None:
            seen = was.visibility.seen
            grouped: _Grouped = {name: [*seen(ids)] for name, ids in self._groups(was.shape).items()}
            relined: Iterable[str] = seen(self._relined)
        else:
            grouped = self._grouped_by(was, now)
            relined = was.visibility.seen(self._relined) if was is not None else ()
        groups = tuple(tuple(grouped.get(name, ())) for name in MODEL_GROUPS)
        if now is None:
            return Difference(groups)
        lost = [*grouped.get("loses", ()), *grouped.get("unlists", ())]
        return Difference(groups, self._lines_lost(now, [*lost, *relined]), self._is_emptied(now, grouped, lost))

    def _groups(self, shape: Shape) -> _Grouped:
        """The changed models by group, for those who see all of them in this shape."""
        if shape not in self._grouped:
            grouped: dict[str, list[str]] = {name: [] for name in MODEL_GROUPS}
            for model_id in self._changed:
                old, new = self._before.get(model_id), self._after.get(model_id)
                group = self._group(old, new, shape)
                if group is not None:
                    grouped[group].append(model_id)
            self._grouped[shape] = grouped
        return self._grouped[shape]

    def _grouped_by(self, was: Rules | None, now: Rules | None) -> _Grouped:
        """All models by group, for those whose rules change."""
        grouped: dict[str, list[str]] = {}
        everything = self._everything
        saw, see = (frozenset(rules.visibility.seen(everything) if rules else ()) for rules in (was, now))
        shapes = {rules.shape for rules in (was, now) if rules is not None}
        shape = shapes.pop() if len(shapes) == 1 else None
        candidates = saw | see if shape is None else (saw ^ see) | self._changed_set
        for model_id in filter(candidates.__contains__, everything):
            old = self._before.get(model_id) if model_id in saw else None
            new = self._after.get(model_id) if model_id in see else None
            group = self._group(old, new, shape)
            if group is not None:
                grouped.setdefault(group, []).append(model_id)
        return grouped

    def _group(self, old: Model | None, new: Model | None, shape: Shape | None) -> str | None:
        """The group of a model; ``shape`` is None if it changes."""
        was, now = reach_of(old), reach_of(new)
        if was is not now:
            return _GROUPS[was, now]
        return "changes" if old is not None and new is not None and self._differs(old, new, shape) else None

    def _differs(self, old: Model, new: Model, shape: Shape | None) -> bool:
        """Whether a model is shown with other values."""
        if shape is None:
            return True
        if old is new or old == new:
            return False
        if _SHOWN[shape](old) != _SHOWN[shape](new):
            return True
        return self._to_openai and openai.write_model(old) != openai.write_model(new)

    def _lines_lost(self, now: Rules, lost: Iterable[str]) -> tuple[str, ...]:
        """Those of the lines that these models were of, of which none is listed now."""
        models = filter(None, map(self._before.get, lost))
        lines = {model.line for model in models if model.line is not None}
        return tuple(sorted(line for line in lines if not self._is_any_listed(now, line)))

    def _is_emptied(self, now: Rules, grouped: _Grouped, lost: Sequence[str]) -> bool:
        is_shorter = bool(lost) and not grouped.get("gains")
        if not is_shorter or _sees_any(now, (model_id for ids in self._first_of_line.values() for model_id in ids)):
            return False
        return not any(self._is_any_listed(now, line) for line in self._listed_of_line)

    def _is_any_listed(self, now: Rules, line: str | None) -> bool:
        """Whether any model of this line is listed afterwards for those who see by these rules."""
        return _sees_any(now, self._first_of_line.get(line, ())) or _sees_any(
            now, self._listed_of_line.get(line, ())
        )

    @cached_property
    def _relined(self) -> Sequence[str]:
        """The changed models that are listed before and after, of another line."""
        found = []
        for model_id in self._changed:
            old, new = self._before.get(model_id), self._after.get(model_id)
            is_listed_still = reach_of(old) is reach_of(new) is _LISTED
            if is_listed_still and old is not None and new is not None and old.line != new.line:
                found.append(model_id)
        return found

    @cached_property
    def _first_of_line(self) -> _ByLine:
        """The same as `_listed_of_line`, of the first models alone: most callers see some of them."""
        return _listed_by_line(islice(self._after, FIRST_MODELS))

    @cached_property
    def _listed_of_line(self) -> _ByLine:
        """The ids of all models that are listed afterwards, by line."""
        return _listed_by_line(self._after)

    @cached_property
    def _everything(self) -> Sequence[str]:
        """The ids of all models, in the order of the API."""
        gone = [model_id for model_id in self._changed if self._after.get(model_id) is None]
        ids = [model.id for model in self._after]
        return self._in_order([*ids, *gone]) if gone else ids

    def _in_order(self, ids: Iterable[str]) -> Sequence[str]:
        """Ids in the order of the API, those that are gone where they were; others are left out."""
        found = ((self._after.get(model_id) or self._before.get(model_id)) for model_id in dict.fromkeys(ids))
        models = [model for model in found if model is not None]
        return [model.id for model in sorted(models, key=attrgetter("sort_key"))]


def _sees_any(rules: Rules, model_ids: Iterable[str]) -> bool:
    """Whether those who see by these rules see any of these models."""
    return next(rules.visibility.seen(model_ids), None) is not None


def _listed_by_line(models: Iterable[Model]) -> _ByLine:
    """The ids of those models that are listed, by line."""
    found: dict[str | None, list[str]] = {}
    for model in models:
        if is_listed(model.lifecycle, hidden=model.hidden):
            found.setdefault(model.line, []).append(model.id)
    return found

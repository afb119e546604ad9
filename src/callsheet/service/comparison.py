"""Comparison of two catalogues, as rules show them: which models they list, and what else can be retrieved."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeAlias

from callsheet.domain.access.visibility import SEES_ALL, Visibility
from callsheet.domain.access.workspace import Shape
from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.model import MODEL_FIELDS, Model
from callsheet.domain.plan.ids import Find, ids_of
from callsheet.domain.plan.impact import MODEL_GROUPS
from callsheet.domain.query import Reach, reach_of
from callsheet.service.sight_counts import shift, tally
from callsheet.wire import openai
from callsheet.wire.anthropic import ClassicModelInfo, ModelInfo


class Rules(NamedTuple):
    """What decides what a caller sees of a catalogue; ``visibility`` knows which of its patterns are ids."""

    visibility: Visibility
    shape: Shape


class Difference(NamedTuple):
    """What is different for those who see by some rules; the fields are those of an `Audience`."""

    groups: tuple[Sequence[str], ...]
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

#: Where in the catalogue something is looked for: a block of which no model changes, or the ids of some others.
_Part: TypeAlias = Block | Sequence[str]

_Grouped: TypeAlias = Mapping[str, Sequence[str]]
_NOTHING: Final[Mapping[str, int]] = {}

#: The groups that `Shift` counts, in its order.
_SHIFTED: Final = ("gains", "gains_unlisted", "loses", "loses_unlisted")


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
    blocks
        Those of ``after`` that are looked at, the first of them, if nothing has changed; None for all.

    Rules that are the same before and after are only asked about models that changed. Where rules differ, the other
    models are counted by block, which is remembered, and are found once they are looked at.
    """

    def __init__(
        self,
        before: Catalog,
        after: Catalog,
        changed: Iterable[str],
        *,
        to_openai: bool,
        blocks: Sequence[Block] | None = None,
    ) -> None:
        self._before, self._after = before, after
        self._blocks = after.blocks if blocks is None else blocks
        self._to_openai = to_openai
        self._changed = self._in_order(changed)
        self._grouped: dict[Shape, _Grouped] = {}

    def difference(self, was: Rules | None, now: Rules | None) -> Difference:
        """Return what is different for a caller with these rules before and after; None sees nothing."""
        lines: set[str | None] = set()
        if was == now and was is not None:
            seen = was.visibility.seen
            grouped: _Grouped = {name: [*seen(ids)] for name, ids in self._groups(was.shape).items()}
        else:
            grouped = self._grouped_by(was, now, lines)
        groups = tuple(_as_found(grouped.get(name, ())) for name in MODEL_GROUPS)
        if now is None:
            return Difference(groups)
        if was == now:
            lines |= self._lines_of([*grouped["loses"], *grouped["unlists"]])
        if was is not None:
            lines |= self._lines_of(was.visibility.seen(self._relined))
        has_lost = bool(grouped.get("loses") or grouped.get("unlists"))
        is_emptied = has_lost and not grouped.get("gains") and not self._lists_any(now)
        return Difference(groups, self._lines_lost(now, lines), is_emptied)

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

    def _grouped_by(self, was: Rules | None, now: Rules | None, lines: set[str | None]) -> _Grouped:
        """All models by group, for those whose rules change; adds to ``lines`` those of models no longer listed."""
        parts: dict[str, list[tuple[int, Find]]] = {}
        for part in self._parts:
            if isinstance(part, Block):
                counts, lost = _count(part, was, now)
                lines |= lost
                found = {name: partial(self._find, part, was, now, name) for name, count in counts.items() if count}
            else:
                grouped = self._split(part, was, now)
                counts = {name: len(ids) for name, ids in grouped.items()}
                lines |= self._lines_of([*grouped.get("loses", ()), *grouped.get("unlists", ())])
                found = {name: partial(iter, ids) for name, ids in grouped.items()}
            for name, find in found.items():
                parts.setdefault(name, []).append((counts[name], find))
        return {name: ids_of(some) for name, some in parts.items()}

    def _find(self, block: Block, was: Rules | None, now: Rules | None, group: str) -> Sequence[str]:
        """The models of a block that are in a group."""
        return self._split([model.id for model in block.models], was, now).get(group, ())

    def _split(self, ids: Sequence[str], was: Rules | None, now: Rules | None) -> _Grouped:
        """Models by group, for those whose rules change."""
        grouped: dict[str, list[str]] = {}
        saw, sees = (frozenset(rules.visibility.seen(ids) if rules else ()) for rules in (was, now))
        shapes = {rules.shape for rules in (was, now) if rules is not None}
        shape = shapes.pop() if len(shapes) == 1 else None
        for model_id in filter((saw | sees).__contains__, ids):
            old = self._before.get(model_id) if model_id in saw else None
            new = self._after.get(model_id) if model_id in sees else None
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

    def _lines_of(self, model_ids: Iterable[str]) -> set[str | None]:
        """The lines that these models were of."""
        return {model.line for model in filter(None, map(self._before.get, model_ids))}

    def _lines_lost(self, now: Rules, lines: Iterable[str | None]) -> tuple[str, ...]:
        """Those of ``lines`` of which none is listed now."""
        named = (line for line in lines if line is not None)
        return tuple(sorted(line for line in named if not self._lists_any_of(now, line)))

    def _lists_any(self, now: Rules) -> bool:
        """Whether any model is listed afterwards for those who see by these rules."""
        return any(tally(block, now.visibility).listed for block in self._blocks)

    def _lists_any_of(self, now: Rules, line: str) -> bool:
        """The same of the models of a line."""
        blocks = self._blocks_of_line.get(line, ())
        return any(line in tally(block, now.visibility).lines for block in blocks)

    @cached_property
    def _blocks_of_line(self) -> Mapping[str | None, Sequence[Block]]:
        """The blocks of which models are listed afterwards, by line."""
        found: dict[str | None, list[Block]] = {}
        for block in self._blocks:
            for line in tally(block, SEES_ALL).lines:
                found.setdefault(line, []).append(block)
        return found

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
    def _parts(self) -> Sequence[_Part]:
        """All models of both catalogues, in the order of the API."""
        blocks, starts = self._blocks, self._after.starts
        if not blocks:
            return [self._changed] if self._changed else []
        touched: dict[int, list[str]] = {}
        for model_id in self._changed:
            place = bisect_right(starts, self._sort_key(model_id)) - 1
            touched.setdefault(max(place, 0), []).append(model_id)
        parts: list[_Part] = list(blocks)
        for number, ids in touched.items():
            parts[number] = self._in_order([*(model.id for model in blocks[number].models), *ids])
        return parts

    def _sort_key(self, model_id: str) -> str:
        model = self._after.get(model_id) or self._before.get(model_id)
        return "" if model is None else model.sort_key

    def _in_order(self, ids: Iterable[str]) -> Sequence[str]:
        """Ids in the order of the API, those that are gone where they were; others are left out."""
        found = ((self._after.get(model_id) or self._before.get(model_id)) for model_id in dict.fromkeys(ids))
        models = [model for model in found if model is not None]
        return [model.id for model in sorted(models, key=attrgetter("sort_key"))]


def _as_found(ids: Sequence[str]) -> Sequence[str]:
    return tuple(ids) if isinstance(ids, list) else ids


def _count(block: Block, was: Rules | None, now: Rules | None) -> tuple[Mapping[str, int], frozenset[str | None]]:
    """How many models of a block that stays as it is are in each group; the lines of those no longer listed."""
    rules = was or now
    if rules is None:
        return _NOTHING, frozenset()
    if was is None or now is None:
        seen = tally(block, rules.visibility)
        names = ("gains", "gains_unlisted") if was is None else ("loses", "loses_unlisted")
        return dict(zip(names, seen[:2], strict=True)), frozenset() if was is None else seen.lines
    if was.visibility == now.visibility:
        seen = tally(block, was.visibility)
        return {"changes": seen.listed + seen.unlisted}, frozenset()
    moved = shift(block, was.visibility, now.visibility)
    counts = dict(zip(_SHIFTED, moved[:4], strict=True))
    if was.shape is not now.shape:
        before = tally(block, was.visibility)
        counts["changes"] = before.listed + before.unlisted - moved.loses - moved.loses_unlisted
    return counts, moved.lines_lost

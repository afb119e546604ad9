"""A catalogue that changes while somebody walks through it, and the paging rules once more in ten plain lines."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from callsheet.domain.access.visibility import Visibility
from callsheet.domain.catalog import Catalog
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import EPOCH

Place = tuple[timedelta, int, str]

RANKS = {"mythos": 0, "fable": 1, "opus": 2, "sonnet": 3, "haiku": 4}


def place_of(model: Model) -> Place:
    """Where a model stands: newest first, then by line, then by id."""
    return EPOCH - model.created_at, RANKS.get(model.line or "", 5), model.id


class Page(NamedTuple):
    """What a page says."""

    ids: list[str]
    has_more: bool


def reference_page(places: list[Place], limit: int, after: Place | None, before: Place | None) -> Page:
    """The contract, section 3, on a sorted list."""
    inside = [
        place[-1] for place in places if (after is None or place > after) and (before is None or place < before)
    ]
    page = inside[-limit:] if after is None and before is not None else inside[:limit]
    return Page(page, len(inside) > limit)


class World:
    """Models by id with everything an operator can do to them, kept beside the catalogue it makes."""

    def __init__(self, models: list[Model]) -> None:
        self.born = {model.id: model for model in models}
        self.models: dict[str, Model] = {}
        self.aliases: dict[str, str] = {}
        self.tombstones: dict[str, Model] = {}
        self.catalog = Catalog()

    def listed(self, visibility: Visibility, lifecycles: frozenset[Lifecycle]) -> list[Place]:
        """The places of what is listed, in order."""
        return sorted(
            place_of(model)
            for model in self.models.values()
            if not model.hidden and model.lifecycle in lifecycles and visibility.sees(model.id)
        )

    def locate(self, name: str, visibility: Visibility) -> Place | None:
        """The place a cursor means, for this beholder."""
        model = self.models.get(name) or self.tombstones.get(name) or self.models.get(self.aliases.get(name, ""))
        return None if model is None or not visibility.sees(model.id) else place_of(model)

    def act(self, action: str, model_id: str) -> None:
        """Do one thing to one model, if an operator could; else nothing."""
        model = self.models.get(model_id)
        if model is None:
            if action == "add":
                self._add(model_id)
            elif action == "unalias":
                self._unalias(model_id)
        elif action == "remove":
            self._remove(model_id)
        elif action == "alias":
            self._alias(model_id)
        elif action in EDITS:
            self._set(EDITS[action](model))

    def _add(self, model_id: str) -> None:
        """A model comes back as it once was: with another ``created_at`` it would stand elsewhere."""
        if model_id not in self.aliases:
            self._set(self.born[model_id])

    def _set(self, model: Model) -> None:
        self.models[model.id] = model
        self.tombstones.pop(model.id, None)
        self.catalog = self.catalog.changed({model.id: model}, tombstones={model.id: None})

    def _remove(self, model_id: str) -> None:
        model = self.models.pop(model_id)
        self.tombstones[model_id] = model
        gone = [alias for alias, target in self.aliases.items() if target == model_id]
        for alias in gone:
            del self.aliases[alias]
        self.catalog = self.catalog.changed({model_id: None}, dict.fromkeys(gone), {model_id: model.sort_key})

    def _alias(self, model_id: str) -> None:
        """A removed model's name, or a new one, comes to mean this model."""
        alias = next((name for name in self.tombstones if name not in self.aliases), f"{model_id}-latest")
        if alias not in self.aliases:
            self.aliases[alias] = model_id
            self.catalog = self.catalog.changed(aliases={alias: model_id})

    def _unalias(self, alias: str) -> None:
        if self.aliases.pop(alias, None) is not None:
            self.catalog = self.catalog.changed(aliases={alias: None})


#: Neither ``created_at`` nor ``line`` is edited: both move a model, the line among those of the same time.
EDITS: dict[str, Callable[[Model], Model]] = {
    "rename": lambda model: replace(model, display_name=f"{model.display_name}!"),
    "hide": lambda model: replace(model, hidden=True),
    "unhide": lambda model: replace(model, hidden=False),
    "activate": lambda model: replace(model, lifecycle=Lifecycle.ACTIVE, deprecated_at=None),
    "deprecate": lambda model: replace(model, lifecycle=Lifecycle.DEPRECATED, deprecated_at=EPOCH),
    "retire": lambda model: replace(model, lifecycle=Lifecycle.RETIRED, deprecated_at=EPOCH),
}

ACTIONS = [*EDITS, "add", "add", "remove", "remove", "alias", "unalias"]

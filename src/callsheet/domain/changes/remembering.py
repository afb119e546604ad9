"""Remembering: a reader that reads nothing twice while one change is decided."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from callsheet.domain.changes.reader import CatalogReader
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.model import Model

T = TypeVar("T")


class RememberingReader:
    """What ``reader`` gives, each model, alias and claim read once; for as long as nothing is written.

    To decide on one model, the rules ask four times whether it is there: each time a statement of a database.
    """

    def __init__(self, reader: CatalogReader) -> None:
        self._reader = reader
        self._models: dict[str, Model | None] = {}
        self._aliases: dict[str, str | None] = {}
        self._claims: dict[ClaimKind, dict[str, Sequence[Claims] | None]] = {kind: {} for kind in ClaimKind}
        self._towards: dict[str, list[Claims] | None] = {}
        self._positions: Mapping[str, int] | None = None

    def model(self, model_id: str) -> Model | None:
        """Return the model with this id; an alias is not an id."""
        return next(iter(self.models([model_id])), None)

    def models(self, ids: Iterable[str] | None = None) -> Iterable[Model]:
        """Return the models, all or those with these ids, in any order."""
        if ids is None:
            return self._reader.models()
        return _known(
            self._models, ids, lambda news: {each.id: each for each in self._reader.models(news)}
        ).values()

    def model_ids(self, containing: str = "") -> Iterable[str]:
        """Return the id of every model, in any order; only those that contain this, in small or large letters."""
        return self._reader.model_ids(containing)

    def names(self) -> Iterable[str]:
        """Return every id and every alias, in any order."""
        return self._reader.names()

    def aliases(self, names: Iterable[str] | None = None) -> Mapping[str, str]:
        """Return alias to model id, of all or of these aliases."""
        return self._reader.aliases() if names is None else _known(self._aliases, names, self._reader.aliases)

    def aliases_of(self, model_id: str) -> Sequence[str]:
        """Return the aliases that mean this model, sorted."""
        return self._reader.aliases_of(model_id)

    def replaced_by(self, model_id: str) -> Iterable[Model]:
        """Return the models whose replacement is this one, in any order."""
        return self._reader.replaced_by(model_id)

    def claims_of(
        self, subjects: Iterable[str], kind: ClaimKind = ClaimKind.MODEL
    ) -> Mapping[str, Sequence[Claims]]:
        """Return the stored claims on these models, or aliases, by subject, those of each in any order."""
        return _known(self._claims[kind], subjects, lambda news: self._reader.claims_of(news, kind))

    def claims_by(self, manager: Manager, kind: ClaimKind | None = None) -> Iterable[Claims]:
        """Return the claims of this manager, all or those of one kind, in any order."""
        return self._reader.claims_by(manager, kind)

    def claims_towards(self, targets: Iterable[str]) -> Iterator[Claims]:
        """Yield the stored claims, on models and aliases, whose `Claims.target` is one of these, in any order."""
        for those in _known(self._towards, targets, self._read_towards).values():
            yield from those

    def positions(self) -> Mapping[str, int]:
        """Return the position of every source and enrichment by its name; the lower outranks the higher."""
        if self._positions is None:
            self._positions = self._reader.positions()
        return self._positions

    def tombstones(self, ids: Iterable[str] | None = None) -> Mapping[str, str]:
        """Return id to sort key, of all removed models or of these."""
        return self._reader.tombstones(ids)

    def _read_towards(self, targets: Sequence[str]) -> dict[str, list[Claims]]:
        found: dict[str, list[Claims]] = {}
        for each in self._reader.claims_towards(targets):
            if each.target is not None:
                found.setdefault(each.target, []).append(each)
        return found


def _known(
    known: dict[str, T | None], keys: Iterable[str], read: Callable[[Sequence[str]], Mapping[str, T]]
) -> dict[str, T]:
    """Return what there is of ``keys``, by key; ``read`` is asked for those that are not ``known`` yet."""
    wanted = list(dict.fromkeys(keys))
    news = [key for key in wanted if key not in known]
    if news:
        known.update(dict.fromkeys(news))
        known.update(read(news))
    return {key: value for key in wanted if (value := known[key]) is not None}

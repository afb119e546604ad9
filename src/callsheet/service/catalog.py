"""Changing the catalogue, and reading it as operators do."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from callsheet.domain.errors import ConflictError, DoesNotExistError
from callsheet.domain.model import (
    Lifecycle,
    Model,
    ModelChange,
    change_model,
    check_dates,
    check_id,
    check_texts,
    deprecate_model,
    retire_model,
)
from callsheet.service.choosing import Chosen, choose_models, did_you_mean, find_model
from callsheet.service.counts import Counts, count_models
from callsheet.service.history import read_history
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.rows import Row
from callsheet.storage.transactions.write import WriteTransaction


class Outcome(NamedTuple):
    """What became of the models that a command named.

    Parameters
    ----------
    records
        Of all of them, in the order they were named in.
    changed
        The ids of those that were not as wanted already.
    counts
        How many models there are now.
    """

    records: list[dict[str, object]]
    changed: frozenset[str]
    counts: Counts


class CatalogService:
    """The catalogue of one installation, as its operators change it.

    Parameters
    ----------
    store
        Where it is kept.
    actor
        Who is put down in the change records.
    clock
        Gives the time (aware).

    Every method that changes something raises RefusedError, in one sentence, where it may not, and then has
    changed nothing.
    """

    def __init__(self, store: Store, actor: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._actor = actor
        self._clock = clock

    def history(self, subject: str | None = None, limit: int = 100) -> list[Row]:
        """Return the latest changes, newest first, of everything or of what has or had this id or name.

        UnknownError as for `read_history`.
        """
        with self._store.read() as reading:
            return read_history(reading, subject, limit)

    def list(self) -> list[dict[str, object]]:
        """Return every model with its aliases, in the order of the API, hidden and retired ones too."""
        with self._store.read() as reading:
            models = sorted(reading.models(), key=lambda model: model.sort_key)
            aliases = reading.aliases()
        names: dict[str, list[str]] = {}
        for alias, model_id in sorted(aliases.items()):
            names.setdefault(model_id, []).append(alias)
        return [{**model.record(), "aliases": names.get(model.id, [])} for model in models]

    def show(self, name: str) -> dict[str, object]:
        """Return the model that ``name``, an id or alias, means, with its aliases."""
        with self._store.read() as reading:
            model = _find(reading, name)
            return {**model.record(), "aliases": reading.aliases_of(model.id)}

    def add(self, model: Model) -> dict[str, object]:
        """Add ``model``; one that was removed before may come back."""
        check_id(model.id)
        with self._write() as writing:
            if writing.model(model.id) is not None:
                raise ConflictError(f"{model.id} is in the catalogue already; use `catalog change` to change it.")
            target = writing.aliases([model.id]).get(model.id)
            if target is not None:
                raise ConflictError(f"{model.id} is an alias of {target}; use `catalog unalias {model.id}` first.")
            return self._put(writing, "add", None, check_texts(check_dates(model, writing.now)))

    def change(self, model_id: str, change: ModelChange) -> dict[str, object]:
        """Set the fields of ``change`` on a model."""
        return self._edit("change", model_id, lambda model, _now: change_model(model, change))

    def deprecate(
        self, model_id: str, retires_at: datetime | None = None, replacement: str | None = None
    ) -> dict[str, object]:
        """Deprecate a model; on a deprecated one, move its date or name another replacement."""
        return self._edit(
            "deprecate", model_id, lambda model, now: deprecate_model(model, now, retires_at, replacement)
        )

    def retire(self, model_id: str) -> dict[str, object]:
        """Retire a model, as of now."""
        return self._edit("retire", model_id, retire_model)

    def hide(self, model_id: str) -> dict[str, object]:
        """Leave a model out of lists; it can still be retrieved."""
        return self._edit("hide", model_id, _hidden)

    def unhide(self, model_id: str) -> dict[str, object]:
        """Put a hidden model back into lists."""
        return self._edit("unhide", model_id, _shown)

    def remove(self, model_id: str) -> dict[str, object]:
        """Remove a model and its aliases. Its place stays known, so that walks that stand on it go on."""
        with self._write() as writing:
            return self._remove(writing, find_model(writing, model_id))

    def choose(self, names: Sequence[str]) -> Sequence[str]:
        """Return the ids of the models that ids and globs mean; see `choose_models`."""
        with self._store.read() as reading:
            return [each.model.id for each in choose_models(reading, names)]

    def hide_all(self, names: Sequence[str]) -> Outcome:
        """Hide the models that ids and globs mean, all of them or none, in one revision."""
        return self._edit_all("hide", names, _hidden)

    def unhide_all(self, names: Sequence[str]) -> Outcome:
        """Put the models that ids and globs mean back into lists, all or none, in one revision."""
        return self._edit_all("unhide", names, _shown)

    def retire_all(self, names: Sequence[str]) -> Outcome:
        """Retire the models that ids and globs mean, all or none, in one revision.

        One that is retired already is refused if its id was given; a glob passes over it.
        """
        return self._edit_all("retire", names, retire_model, _is_retired)

    def deprecate_all(
        self, names: Sequence[str], retires_at: datetime | None = None, replacement: str | None = None
    ) -> Outcome:
        """Deprecate the models that ids and globs mean, all or none, in one revision.

        One that is retired is refused if its id was given; a glob passes over it, and over the replacement.
        """

        def passes_over(chosen: Chosen) -> bool:
            return _is_retired(chosen) or (chosen.by_pattern and chosen.model.id == replacement)

        def decide(model: Model, now: datetime) -> Model:
            return deprecate_model(model, now, retires_at, replacement)

        return self._edit_all("deprecate", names, decide, passes_over)

    def remove_all(self, names: Sequence[str], *, globs: bool = True) -> Outcome:
        """Remove the models that ids and globs mean, with their aliases, all or none, in one revision.

        Without ``globs`` every name is an id, also one that can be read as a glob.
        """
        with self._write() as writing:
            chosen = [each.model.id for each in choose_models(writing, names, globs=globs)]
            removed = [self._remove(writing, find_model(writing, model_id)) for model_id in chosen]
            return Outcome(removed, frozenset(chosen), count_models(writing))

    def alias(self, alias: str, model_id: str) -> dict[str, object]:
        """Let ``alias`` mean a model."""
        check_id(alias, "An alias")
        with self._write() as writing:
            if writing.model(alias) is not None:
                raise ConflictError(f"{alias} is a model; an alias cannot have the name of a model.")
            present = writing.aliases([alias]).get(alias)
            if present is not None:
                raise ConflictError(
                    f"{alias} is an alias of {present} already; use `catalog unalias {alias}` first."
                )
            model = find_model(writing, model_id)
            writing.put_alias(alias, model.id)
            after: dict[str, object] = {"alias": alias, "model_id": model.id}
            writing.record("alias", "alias", alias, None, after)
            return after

    def unalias(self, alias: str) -> dict[str, object]:
        """Drop an alias."""
        with self._write() as writing:
            model_id = writing.aliases([alias]).get(alias)
            if model_id is None:
                raise DoesNotExistError(f"There is no alias {alias!r}.")
            return self._drop_alias(writing, alias, model_id)

    @contextmanager
    def _write(self) -> Iterator[WriteTransaction]:
        with self._store.write(self._actor, self._clock()) as writing:
            yield writing

    def _edit(self, action: str, model_id: str, decide: Callable[[Model, datetime], Model]) -> dict[str, object]:
        with self._write() as writing:
            return self._put(writing, action, *_decided(decide, find_model(writing, model_id), writing.now))

    def _edit_all(
        self,
        action: str,
        names: Sequence[str],
        decide: Callable[[Model, datetime], Model],
        passes_over: Callable[[Chosen], bool] = lambda _chosen: False,
    ) -> Outcome:
        with self._write() as writing:
            chosen = choose_models(writing, names)
            steps = [
                (each.model, each.model) if passes_over(each) else _decided(decide, each.model, writing.now)
                for each in chosen
            ]
            records = [self._put(writing, action, before, after) for before, after in steps]
            changed = frozenset(after.id for before, after in steps if before != after)
            return Outcome(records, changed, count_models(writing))

    def _remove(self, writing: WriteTransaction, model: Model) -> dict[str, object]:
        for alias in writing.aliases_of(model.id):
            self._drop_alias(writing, alias, model.id)
        for other in writing.replaced_by(model.id):
            self._put(writing, "change", other, replace(other, replacement=None))
        writing.remove_model(model)
        writing.record("remove", "model", model.id, model.record(), None)
        return model.record()

    def _put(self, writing: WriteTransaction, action: str, before: Model | None, after: Model) -> dict[str, object]:
        if after.replacement is not None and writing.model(after.replacement) is None:
            raise DoesNotExistError(f"There is no model {after.replacement!r} to be the replacement.")
        if after != before:  # what changes nothing leaves no record
            writing.put_model(after)
            writing.record(action, "model", after.id, None if before is None else before.record(), after.record())
        return {**after.record(), "aliases": writing.aliases_of(after.id)}

    def _drop_alias(self, writing: WriteTransaction, alias: str, model_id: str) -> dict[str, object]:
        before: dict[str, object] = {"alias": alias, "model_id": model_id}
        writing.remove_alias(alias)
        writing.record("unalias", "alias", alias, before, None)
        return before


def _find(reading: ReadTransaction, name: str) -> Model:
    model = reading.model(name) or reading.model(reading.aliases([name]).get(name, ""))
    if model is None:
        raise DoesNotExistError(f"There is no model or alias {name!r}{did_you_mean(reading, name)}")
    return model


def _decided(decide: Callable[[Model, datetime], Model], before: Model, now: datetime) -> tuple[Model, Model]:
    return before, check_texts(check_dates(decide(before, now), now, before), before)


def _hidden(model: Model, _now: datetime) -> Model:
    return replace(model, hidden=True)


def _shown(model: Model, _now: datetime) -> Model:
    return replace(model, hidden=False)


def _is_retired(chosen: Chosen) -> bool:
    return chosen.by_pattern and chosen.model.lifecycle is Lifecycle.RETIRED

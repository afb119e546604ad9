"""Changing the catalogue, and reading it as operators do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from callsheet.domain.errors import ConflictError, UnknownError
from callsheet.domain.model import (
    Model,
    ModelChange,
    change_model,
    check_dates,
    check_id,
    deprecate_model,
    retire_model,
)
from callsheet.service.history import read_history
from callsheet.storage.reading import Reading
from callsheet.storage.rows import Row
from callsheet.storage.store import Store
from callsheet.storage.writing import Writing


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
        with self._write() as writing:
            if writing.model(model.id) is not None:
                raise ConflictError(f"{model.id} is in the catalogue already.")
            target = writing.aliases([model.id]).get(model.id)
            if target is not None:
                raise ConflictError(
                    f"{model.id} is an alias of {target}; a model cannot have the name of an alias."
                )
            return self._put(writing, "add", None, check_dates(model, writing.now))

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
        return self._edit("hide", model_id, lambda model, _now: replace(model, hidden=True))

    def unhide(self, model_id: str) -> dict[str, object]:
        """Put a hidden model back into lists."""
        return self._edit("unhide", model_id, lambda model, _now: replace(model, hidden=False))

    def remove(self, model_id: str) -> dict[str, object]:
        """Remove a model and its aliases. Its place stays known, so that walks that stand on it go on."""
        with self._write() as writing:
            model = _exactly(writing, model_id)
            for alias in writing.aliases_of(model.id):
                self._drop_alias(writing, alias, model.id)
            for other in writing.replaced_by(model.id):
                self._put(writing, "change", other, replace(other, replacement=None))
            writing.remove_model(model)
            writing.record("remove", "model", model.id, model.record(), None)
            return model.record()

    def alias(self, alias: str, model_id: str) -> dict[str, object]:
        """Let ``alias`` mean a model."""
        check_id(alias, "An alias")
        with self._write() as writing:
            if writing.model(alias) is not None:
                raise ConflictError(f"{alias} is a model; an alias cannot have the name of a model.")
            present = writing.aliases([alias]).get(alias)
            if present is not None:
                raise ConflictError(f"{alias} is an alias of {present} already; unalias it first.")
            model = _exactly(writing, model_id)
            writing.put_alias(alias, model.id)
            after: dict[str, object] = {"alias": alias, "model_id": model.id}
            writing.record("alias", "alias", alias, None, after)
            return after

    def unalias(self, alias: str) -> dict[str, object]:
        """Drop an alias."""
        with self._write() as writing:
            model_id = writing.aliases([alias]).get(alias)
            if model_id is None:
                raise UnknownError(f"There is no alias {alias!r}.")
            return self._drop_alias(writing, alias, model_id)

    @contextmanager
    def _write(self) -> Iterator[Writing]:
        with self._store.write(self._actor, self._clock()) as writing:
            yield writing

    def _edit(self, action: str, model_id: str, decide: Callable[[Model, datetime], Model]) -> dict[str, object]:
        with self._write() as writing:
            before = _exactly(writing, model_id)
            after = check_dates(decide(before, writing.now), writing.now, before)
            return self._put(writing, action, before, after)

    def _put(self, writing: Writing, action: str, before: Model | None, after: Model) -> dict[str, object]:
        if after.replacement is not None and writing.model(after.replacement) is None:
            raise UnknownError(f"There is no model {after.replacement!r} to be the replacement.")
        if after != before:  # what changes nothing leaves no record
            writing.put_model(after)
            writing.record(action, "model", after.id, None if before is None else before.record(), after.record())
        return {**after.record(), "aliases": writing.aliases_of(after.id)}

    def _drop_alias(self, writing: Writing, alias: str, model_id: str) -> dict[str, object]:
        before: dict[str, object] = {"alias": alias, "model_id": model_id}
        writing.remove_alias(alias)
        writing.record("unalias", "alias", alias, before, None)
        return before


def _find(reading: Reading, name: str) -> Model:
    model = reading.model(name) or reading.model(reading.aliases([name]).get(name, ""))
    if model is None:
        raise UnknownError(f"There is no model or alias {name!r}.")
    return model


def _exactly(reading: Reading, model_id: str) -> Model:
    """The model with this id. Changing one through its alias is refused: it may mean another tomorrow."""
    model = reading.model(model_id)
    if model is not None:
        return model
    target = reading.aliases([model_id]).get(model_id)
    if target is not None:
        raise ConflictError(f"{model_id} is an alias; name the model it means, {target}.")
    raise UnknownError(f"There is no model {model_id!r}.")

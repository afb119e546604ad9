"""Changing the catalogue, and reading it as operators do."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NamedTuple, TypeAlias

from callsheet.domain.alias import Alias
from callsheet.domain.changes import aliases, models
from callsheet.domain.changes.change import AnyChange
from callsheet.domain.changes.choosing import Chosen, choose_models, find_model, resolve_model
from callsheet.domain.changes.releasing import release
from callsheet.domain.edits import ModelChange
from callsheet.domain.errors import DoesNotExistError
from callsheet.domain.hints import Hint
from callsheet.domain.model import Model, RetirementPrecision, check_id
from callsheet.service.counts import Counts, count_models
from callsheet.service.provenance import CATALOGUED, Suppressed, WhoSays, suppressed, who_lists, who_says
from callsheet.storage.reading import Reading
from callsheet.storage.store import Readings
from callsheet.storage.transactions.rehearse import RehearsalTransaction
from callsheet.storage.transactions.write import WriteTransaction

_Writing: TypeAlias = WriteTransaction | RehearsalTransaction


class ModelWithAliases(NamedTuple):
    """A model and its aliases, sorted."""

    model: Model
    aliases: list[str]


class Outcome(NamedTuple):
    """What became of the models that a command named.

    Parameters
    ----------
    models
        All of them as they are now, in the order they were named in; those removed as they were, without aliases.
    changed
        The ids of those that were not as wanted already.
    counts
        How many models there are now; None if they were not counted.
    """

    models: list[ModelWithAliases]
    changed: frozenset[str]
    counts: Counts | None


class CatalogService:
    """The catalogue of one installation, as its operators change it.

    Parameters
    ----------
    store
        Where it is kept; with a `Rehearsal` of it, the methods return as they would, and change nothing.
    actor
        Who is put down in the change records.
    clock
        Gives the time (aware).
    counts
        Whether models are counted after a change, for its `Outcome`; of a million, that takes a third of a second.

    A method that raises has changed nothing. Each may also raise StorageError: the database cannot be used.
    """

    def __init__(self, store: Readings, actor: str, clock: Callable[[], datetime], *, counts: bool = True) -> None:
        self._store = store
        self._actor = actor
        self._clock = clock
        self._counts = counts

    def list(self) -> Sequence[ModelWithAliases]:
        """Return every model in the order of the API, hidden and retired ones too."""
        with self._store.read() as reading:
            listed = sorted(reading.models(), key=lambda model: model.sort_key)
            names: dict[str, list[str]] = {model.id: [] for model in listed}
            for alias, model_id in sorted(reading.aliases().items()):
                if model_id in names:  # else the alias dangles, which a check of the database reports
                    names[model_id].append(alias)
        return [ModelWithAliases(model, names[model.id]) for model in listed]

    def show(self, name: str) -> ModelWithAliases:
        """Return the model that ``name``, an id or alias, means.

        Raises
        ------
        DoesNotExistError
            There is none; the sentence says so if one was removed that others list.
        """
        with self._store.read() as reading:
            return _with_aliases(reading, _resolve(reading, name))

    def who_says(self, name: str) -> WhoSays:
        """Return who says what of the model that ``name``, an id or alias, means, and what that shadows.

        Raises
        ------
        DoesNotExistError
            There is none.
        """
        with self._store.read() as reading:
            return who_says(reading, _resolve(reading, name).id)

    def suppressed(self) -> Sequence[Suppressed]:
        """Return the models, and then the aliases, that were removed although others list them, by name."""
        with self._store.read() as reading:
            return suppressed(reading)

    def choose(self, *names: str) -> Sequence[str]:
        """Return the ids of the models that ids and globs mean.

        Raises
        ------
        DoesNotExistError, ConflictError
            As for `choose_models`.
        """
        with self._store.read() as reading:
            return [model.id for model, _ in choose_models(reading, names)]

    def add(self, model: Model, same_as: str | None = None) -> ModelWithAliases:
        """Add ``model``, the same as another if one is named; one that was removed before may come back.

        An id that is the name of a built-in model on another platform gets the facts of that, where ``model`` has
        none.

        Raises
        ------
        InvalidError, ConflictError, DoesNotExistError
            As for `callsheet.domain.changes.models.add_model`.
        """
        check_id(model.id, field="id")  # before the database is waited for
        with self._write() as writing:
            changes = models.add_model(writing, model, writing.now, same_as)
            writing.apply(changes)
            return _with_aliases(writing, _models_after(changes)[model.id])

    def change(self, model_id: str, change: ModelChange) -> ModelWithAliases:
        """Set the fields of ``change`` on a model.

        Raises
        ------
        InvalidError, DoesNotExistError
            As for `callsheet.domain.changes.models.change_model`; or there is no such model.
        ConflictError
            ``model_id`` is an alias.
        """
        with self._write() as writing:
            model = find_model(writing, model_id)
            changes = models.change_model(writing, model, change, writing.now)
            writing.apply(changes)
            return _with_aliases(writing, _models_after(changes).get(model_id, model))

    def deprecate(
        self,
        *names: str,
        retires_at: datetime | None = None,
        replacement: str | None = None,
        retirement_precision: RetirementPrecision | None = None,
        retires_itself: bool | None = None,
        deprecated_at: datetime | None = None,
    ) -> Outcome:
        """Deprecate the models that ids and globs mean, all or none, in one revision.

        They are deprecated as of ``deprecated_at``, or else as of now. Of deprecated ones, what is given changes.

        Raises
        ------
        InvalidError, DoesNotExistError, ConflictError
            As for `callsheet.domain.changes.models.deprecate_models` and `choose_models`.
        """
        return self._edit(
            names,
            lambda writing, chosen: models.deprecate_models(
                writing,
                chosen,
                writing.now,
                retires_at,
                replacement,
                retirement_precision,
                retires_itself,
                deprecated_at,
            ),
        )

    def retire(self, *names: str, retires_at: datetime | None = None) -> Outcome:
        """Retire the models that ids and globs mean, all or none, in one revision.

        They are retired as of ``retires_at``, or else of their planned date if that has passed, or else of now.

        Raises
        ------
        InvalidError, DoesNotExistError, ConflictError
            As for `callsheet.domain.changes.models.retire_models` and `choose_models`.
        """
        return self._edit(
            names, lambda writing, chosen: models.retire_models(writing, chosen, writing.now, retires_at)
        )

    def hide(self, *names: str) -> Outcome:
        """Leave the models that ids and globs mean out of lists, in one revision; they can still be retrieved.

        Raises
        ------
        DoesNotExistError, ConflictError
            As for `choose_models`.
        """
        return self._edit(names, models.hide_models)

    def unhide(self, *names: str) -> Outcome:
        """Put the models that ids and globs mean back into lists, in one revision.

        Raises
        ------
        DoesNotExistError, ConflictError
            As for `choose_models`.
        """
        return self._edit(names, models.unhide_models)

    def remove(self, *names: str, globs: bool = True) -> Outcome:
        """Remove the models that ids and globs mean, with their aliases, all or none, in one revision.

        The place of each stays known, so that it still works as a cursor. Without ``globs`` every name is an id,
        also one that can be read as a glob.

        Raises
        ------
        DoesNotExistError, ConflictError
            As for `choose_models`.
        """
        with self._write() as writing:
            chosen = choose_models(writing, names, globs=globs)
            writing.apply(models.remove_models(writing, chosen))
            removed = [ModelWithAliases(model, []) for model, _ in chosen]
            return Outcome(removed, frozenset(model.id for model, _ in chosen), self._count(writing))

    def release(self, name: str, fields: Sequence[str] = ()) -> ModelWithAliases | Alias | None:
        """Drop what people said of a model, of all or these fields, or of an alias.

        Return the model or alias as it is then, or None if there is none.

        Raises
        ------
        DoesNotExistError, ConflictError
            As for `callsheet.domain.changes.releasing.release`.
        """
        with self._write() as writing:
            writing.apply(release(writing, name, fields))
            model = writing.model(name)
            if model is not None:
                return _with_aliases(writing, model)
            return next((Alias(*each) for each in writing.aliases([name]).items()), None)

    def alias(self, alias: str, model_id: str) -> Alias:
        """Let ``alias`` mean a model.

        Raises
        ------
        InvalidError, ConflictError, DoesNotExistError
            As for `callsheet.domain.changes.aliases.add_alias`.
        """
        check_id(alias, "An alias", "alias")  # before the database is waited for
        with self._write() as writing:
            writing.apply(aliases.add_alias(writing, alias, model_id))
            return Alias(alias, model_id)

    def unalias(self, alias: str) -> Alias:
        """Drop an alias, and return it.

        Raises
        ------
        DoesNotExistError
            There is no such alias.
        """
        with self._write() as writing:
            model_id = writing.aliases([alias]).get(alias, "")
            writing.apply(aliases.remove_alias(writing, alias))
            return Alias(alias, model_id)

    def _write(self) -> AbstractContextManager[_Writing]:
        return self._store.write(self._actor, self._clock())

    def _edit(
        self,
        names: Sequence[str],
        decide: Callable[[_Writing, Sequence[Chosen]], Sequence[AnyChange]],
    ) -> Outcome:
        with self._write() as writing:
            chosen = choose_models(writing, names)
            changes = decide(writing, chosen)
            writing.apply(changes)
            after = _models_after(changes)
            present = [_with_aliases(writing, after.get(model.id, model)) for model, _ in chosen]
            changed = frozenset(model.id for model, _ in chosen if model.id in after)
            return Outcome(present, changed, self._count(writing))

    def _count(self, writing: _Writing) -> Counts | None:
        return count_models(writing) if self._counts else None


def _models_after(changes: Sequence[AnyChange]) -> dict[str, Model]:
    """The models that change and stay, by id."""
    return {change.subject: change.after for change in changes if isinstance(change.after, Model)}


def _resolve(reading: Reading, name: str) -> Model:
    """The model that a name means; the refusal says of a suppressed one who removed it."""
    try:
        return resolve_model(reading, name)
    except DoesNotExistError:
        said = next(filter(None, (who_lists(reading, name, kind) for kind in CATALOGUED)), ())
        if not said or said[0].value is not False:
            raise
        lists = next((each.manager for each in said if each.value), None)
        raise DoesNotExistError(
            f"{name} was removed by {said[0].actor or said[0].manager}"
            f"{f' in revision {said[0].since}' if said[0].since else ''}"
            f"{f', although {lists} lists it' if lists else ''}",
            hint=Hint.RELEASE_MODEL,
            hint_about=name,
        ) from None


def _with_aliases(reading: Reading, model: Model) -> ModelWithAliases:
    return ModelWithAliases(model, list(reading.aliases_of(model.id)))

"""Models: what may be added, changed, deprecated, retired, hidden and removed."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain

from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Action, Change, change_of
from callsheet.domain.changes.choosing import Chosen
from callsheet.domain.changes.reader import CatalogReader
from callsheet.domain.edits import ModelChange, as_deprecated, as_retired, check_dates, check_texts, with_fields
from callsheet.domain.errors import ConflictError, DoesNotExistError
from callsheet.domain.hints import Hint
from callsheet.domain.model import Lifecycle, Model, check_id


def add_model(reader: CatalogReader, model: Model, now: datetime) -> list[Change[Model]]:
    """Add ``model``; one that was removed before may come back.

    Raises
    ------
    InvalidError
        Its id may not be given, a date lies in the future that cannot, or a text cannot be seen.
    ConflictError
        There is a model or an alias of this name.
    DoesNotExistError
        Its replacement is not a model.
    """
    check_id(model.id)
    if reader.model(model.id) is not None:
        raise ConflictError(f"{model.id} is in the catalogue already", hint=Hint.CHANGE_MODEL)
    check_alias_is_free(reader, model.id)
    _check_values(reader, model, now)
    return [Change(Action.ADD, None, model)]


def change_model(reader: CatalogReader, model: Model, change: ModelChange, now: datetime) -> list[Change[Model]]:
    """Set the fields of ``change`` on ``model``.

    Raises
    ------
    InvalidError
        As for `with_fields`, `check_dates` and `check_texts`.
    DoesNotExistError
        Its replacement is not a model.
    """
    return _edit(reader, Action.CHANGE, model, with_fields(model, change), now)


def deprecate_models(
    reader: CatalogReader,
    chosen: Iterable[Chosen],
    now: datetime,
    retires_at: datetime | None = None,
    replacement: str | None = None,
) -> list[Change[Model]]:
    """Deprecate models as of ``now``; of deprecated ones, the date and the replacement given move.

    What is retired, or is the replacement, is passed over if only a glob named it.

    Raises
    ------
    InvalidError
        One is retired, would be its own replacement, or would retire before its deprecation.
    DoesNotExistError
        The replacement is not a model.
    """
    changes: list[Change[Model]] = []
    for model, by_pattern in chosen:
        if by_pattern and (model.lifecycle is Lifecycle.RETIRED or model.id == replacement):
            continue
        after = as_deprecated(model, now, retires_at, replacement)
        changes += _edit(reader, Action.DEPRECATE, model, after, now)
    return changes


def retire_models(reader: CatalogReader, chosen: Iterable[Chosen], now: datetime) -> list[Change[Model]]:
    """Retire models as of ``now``; what is retired already is passed over if only a glob named it.

    Raises
    ------
    InvalidError
        One that its id named is retired already.
    """
    changes: list[Change[Model]] = []
    for model, by_pattern in chosen:
        if not (by_pattern and model.lifecycle is Lifecycle.RETIRED):
            changes += _edit(reader, Action.RETIRE, model, as_retired(model, now), now)
    return changes


def hide_models(chosen: Iterable[Chosen]) -> list[Change[Model]]:
    """Leave models out of lists; they can still be retrieved."""
    return _set_hidden(Action.HIDE, chosen, hidden=True)


def unhide_models(chosen: Iterable[Chosen]) -> list[Change[Model]]:
    """Put hidden models back into lists."""
    return _set_hidden(Action.UNHIDE, chosen, hidden=False)


def remove_models(reader: CatalogReader, chosen: Iterable[Chosen]) -> list[Change[Model] | Change[Alias]]:
    """Remove models and their aliases; those that they were to replace lose their replacement."""
    changes: list[Change[Model] | Change[Alias]] = []
    edited: dict[str, Model] = {}  # by an earlier step
    removed: set[str] = set()
    for model, _ in chosen:
        changes += (Change(Action.UNALIAS, Alias(alias, model.id), None) for alias in reader.aliases_of(model.id))
        for other in _replaced_by(reader, model, removed):
            before = edited.get(other.id, other)
            edited[other.id] = replace(before, replacement=None)
            changes.append(Change(Action.CHANGE, before, edited[other.id]))
        changes.append(Change(Action.REMOVE, edited.get(model.id, model), None))
        removed.add(model.id)
    return changes


def check_alias_is_free(reader: CatalogReader, name: str) -> None:
    """Raise ConflictError if ``name`` is an alias."""
    model_id = reader.aliases([name]).get(name)
    if model_id is not None:
        raise ConflictError(f"{name} is an alias of {model_id}", hint=Hint.REMOVE_ALIAS, hint_about=name)


def _replaced_by(reader: CatalogReader, model: Model, removed: set[str]) -> Sequence[Model]:
    others = (each for each in reader.replaced_by(model.id) if each.id not in removed)
    return sorted(others, key=lambda each: each.id)


def _set_hidden(action: Action, chosen: Iterable[Chosen], *, hidden: bool) -> list[Change[Model]]:
    edits = (change_of(action, model, replace(model, hidden=hidden)) for model, _ in chosen)
    return list(chain.from_iterable(edits))


def _edit(reader: CatalogReader, action: Action, before: Model, after: Model, now: datetime) -> list[Change[Model]]:
    _check_values(reader, after, now, before)
    return change_of(action, before, after)


def _check_values(reader: CatalogReader, model: Model, now: datetime, before: Model | None = None) -> None:
    check_texts(check_dates(model, now, before), before)
    if model.replacement is not None and reader.model(model.replacement) is None:
        raise DoesNotExistError(f"There is no model {model.replacement!r} to be the replacement.")

"""Renewal: a database that an earlier release filled is brought up to today's built-in facts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Action, AnyChange, Change, ChangeRecord, Subject, change_of
from callsheet.domain.errors import InvalidError
from callsheet.domain.model import Model
from callsheet.service.builtin import builtin_catalog, earlier_facts
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction

#: The actor of what the program itself changes.
ACTOR: Final = "callsheet"

#: Fields that are renewed together or not at all, as they say one thing.
_TOGETHER: Final = (("lifecycle", "deprecated_at", "retires_at"),)

_ALL: Final = 1_000_000  # change records of one model


class Facts(NamedTuple):
    """What the program knows of models.

    Parameters
    ----------
    models, aliases
        As it is known today.
    earlier
        By model id, what earlier releases shipped instead.
    """

    models: list[Model]
    aliases: dict[str, str]
    earlier: Mapping[str, list[dict[str, object]]]

    @classmethod
    def built_in(cls) -> "Facts":
        """Return those that this release ships."""
        return cls(*builtin_catalog(), earlier_facts())


def renew_builtin(store: Store, clock: Callable[[], datetime], facts: Facts | None = None) -> list[str]:
    """Bring the built-in models of ``store`` up to ``facts``, in one revision; return the ids of what changed.

    A field is renewed if it still holds what an earlier release shipped, and no person ever set it: their
    changes and removals stay as they are. A model or alias that earlier releases did not have is added, unless
    it was removed, its name is taken, or none of the built-in models is left. Values that this release does
    not know, such as those of a later one, stay too. Where there is nothing to do, nothing is written.

    Raises
    ------
    StorageError
        The database cannot be used.
    """
    known = facts or Facts.built_in()
    with store.read() as reading:
        if not _changes(reading, known):
            return []
    with store.write(ACTOR, clock()) as writing:
        changes = _changes(writing, known)
        writing.apply(changes)
        return [change.subject for change in changes if change.kind is Subject.MODEL]


def _changes(reading: ReadTransaction, facts: Facts) -> list[AnyChange]:
    present = {model.id: model for model in reading.models([model.id for model in facts.models])}
    if not present:
        return []
    return [*_renewed(reading, present, facts), *_missing(reading, present, facts)]


def _renewed(reading: ReadTransaction, present: Mapping[str, Model], facts: Facts) -> Iterator[Change[Model]]:
    for fact in facts.models:
        model = present.get(fact.id)
        names = [] if model is None else _outdated(model, fact, facts.earlier.get(fact.id, []))
        if model is None or not names:
            continue
        ours = _ours(reading, model)
        for group in _TOGETHER:
            if not ours.issuperset(group):
                names = [name for name in names if name not in group]
        renewed = _with(model, {name: getattr(fact, name) for name in names if name in ours})
        yield from change_of(Action.CHANGE, model, renewed)


def _outdated(model: Model, fact: Model, earlier: list[dict[str, object]]) -> list[str]:
    """The fields that hold what an earlier release shipped, and no longer holds for true."""
    return [
        name
        for name in {name: None for shipped in earlier for name in shipped}
        if getattr(model, name) != getattr(fact, name)
        and any(name in shipped and shipped[name] == getattr(model, name) for shipped in earlier)
    ]


def _ours(reading: ReadTransaction, model: Model) -> set[str]:
    """The fields that only the program ever set, by the change records, and that still are as it set them."""
    records = [each for each in reversed(reading.changes(model.id, _ALL)) if each.kind == Subject.MODEL]
    ours: set[str] = set()
    for record in records:
        for name in _set_by(record):
            (ours.add if record.actor == ACTOR else ours.discard)(name)
    last: Mapping[str, Any] = (records[-1].after or {}) if records else {}
    return {name for name in ours if name in last and last[name] == model.record()[name]}


def _set_by(record: ChangeRecord) -> Iterator[str]:
    before, after = record.before or {}, record.after or {}
    return (name for name, value in after.items() if name not in before or before[name] != value)


def _with(model: Model, values: Mapping[str, Any]) -> Model:
    try:
        return replace(model, **values)
    except InvalidError:  # with what a person set beside it, it would not be a valid model
        return model


def _missing(reading: ReadTransaction, present: Mapping[str, Model], facts: Facts) -> list[AnyChange]:
    ids = [model.id for model in facts.models if model.id not in present]
    aliases = reading.aliases([*ids, *facts.aliases])
    removed = reading.tombstones(ids)
    added = [model for model in facts.models if model.id in ids and model.id not in (removed.keys() | aliases)]
    there = present.keys() | {model.id for model in added}
    named = [
        Alias(alias, model_id)
        for alias, model_id in facts.aliases.items()
        if alias not in aliases and model_id in there and not _was_known(reading, alias)
    ]
    return [
        *(Change(Action.ADD, None, model) for model in added),
        *(Change(Action.ALIAS, None, alias) for alias in named),
    ]


def _was_known(reading: ReadTransaction, name: str) -> bool:
    """Whether something with this name is there, or was."""
    return bool(reading.changes(name, 1))

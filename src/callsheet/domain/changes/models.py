"""Models: what people may add, change, deprecate, retire, hide and remove.

What they say are claims of theirs; `claim` decides what the catalogue becomes by it.
"""

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import replace
from datetime import datetime
from typing import Any

from callsheet.domain.changes.change import Action, AnyChange
from callsheet.domain.changes.choosing import Chosen
from callsheet.domain.changes.claimed import MAX_SAME_AS_STEPS, Claimed
from callsheet.domain.changes.claiming import claim
from callsheet.domain.changes.reader import CatalogReader
from callsheet.domain.changes.remembering import RememberingReader
from callsheet.domain.claims.claims import SAME_AS, ClaimKind, Claims
from callsheet.domain.claims.manager import PERSON
from callsheet.domain.claims.values import claimed_by, plain
from callsheet.domain.edits import (
    LIFECYCLE_FIELDS,
    ModelChange,
    as_deprecated,
    as_retired,
    check_dates,
    check_texts,
    with_fields,
)
from callsheet.domain.errors import ConflictError, DoesNotExistError, InvalidError
from callsheet.domain.hints import Hint
from callsheet.domain.model import MODEL_FIELDS, Lifecycle, Model, RetirementPrecision, check_id


def add_model(reader: CatalogReader, model: Model, now: datetime, same_as: str | None = None) -> list[AnyChange]:
    """Add ``model``; one that was removed before may come back.

    What of it differs from a bare model is claimed, beside the fields that people set while others listed it; the
    rest shows what others say of the model.

    Raises
    ------
    InvalidError
        Its id may not be given, a date lies in the future that cannot, or a text cannot be seen.
    ConflictError
        There is a model or an alias of this name.
    DoesNotExistError
        Its replacement, or what it is the same as, is not a model.
    """
    check_id(model.id, field="id")
    reader = RememberingReader(reader)
    if reader.model(model.id) is not None:
        raise ConflictError(f"{model.id} is in the catalogue already", hint=Hint.CHANGE_MODEL, field="id")
    check_alias_is_free(reader, model.id, "id")
    _check_values(reader, model, now)
    fields = claimed_by(model)
    if same_as is not None:
        fields[SAME_AS] = _check_same_as(reader, model.id, same_as)
    said = _with(Claimed(reader), model.id, fields)
    return claim(reader, [replace(said, lists=True)])


def change_model(reader: CatalogReader, model: Model, change: ModelChange, now: datetime) -> list[AnyChange]:
    """Claim the fields of ``change`` of ``model``, also those that show the same already: they stay as they are.

    Raises
    ------
    InvalidError
        As for `with_fields`, `check_dates` and `check_texts`; or it would be the same as itself.
    DoesNotExistError
        Its replacement, or what it is the same as, is not a model.
    """
    reader = RememberingReader(reader)
    fields: dict[str, Any] = dict(change)
    same_as = {SAME_AS: fields.pop(SAME_AS)} if SAME_AS in fields else {}
    if same_as.get(SAME_AS) is not None:
        _check_same_as(reader, model.id, same_as[SAME_AS])
    after = with_fields(model, fields)  # type: ignore[arg-type]
    _check_values(reader, after, now, model)
    said = {name: plain(getattr(after, name)) for name in (*fields, *_differing(model, after))}
    return claim(reader, [_with(Claimed(reader), model.id, {**said, **same_as})])


def deprecate_models(
    reader: CatalogReader,
    chosen: Iterable[Chosen],
    now: datetime,
    retires_at: datetime | None = None,
    replacement: str | None = None,
    retirement_precision: RetirementPrecision | None = None,
    retires_itself: bool | None = None,
    deprecated_at: datetime | None = None,
) -> list[AnyChange]:
    """Deprecate models as of ``deprecated_at``, or else ``now``; of deprecated ones, what is given changes.

    What is given is claimed also of models that show it already: it stays when others no longer say so.

    What is retired, or is the replacement, is passed over if only a glob named it.

    Raises
    ------
    InvalidError
        One is retired, would be its own replacement, would retire before its deprecation, or would have a precision
        and no date; or ``deprecated_at`` lies in the future.
    DoesNotExistError
        The replacement is not a model.
    """
    given: dict[str, Any] = {
        "retires_at": retires_at,
        "replacement": replacement,
        "retirement_precision": retirement_precision,
        "retires_itself": retires_itself,
        "deprecated_at": deprecated_at,
    }
    afters: list[tuple[Model, Model]] = []
    for model, by_pattern in chosen:
        if not (by_pattern and (model.lifecycle is Lifecycle.RETIRED or model.id == replacement)):
            afters.append((model, as_deprecated(model, now, **given)))
    return _edit(
        reader, Action.DEPRECATE, afters, now, {name for name, value in given.items() if value is not None}
    )


def retire_models(
    reader: CatalogReader, chosen: Iterable[Chosen], now: datetime, retires_at: datetime | None = None
) -> list[AnyChange]:
    """Retire models as of ``retires_at``, or else ``now`` (see `as_retired`).

    What is retired already is passed over if only a glob named it.

    Raises
    ------
    InvalidError
        One that its id named is retired already, or ``retires_at`` lies in the future.
    """
    afters = [
        (model, as_retired(model, now, retires_at))
        for model, by_pattern in chosen
        if not (by_pattern and model.lifecycle is Lifecycle.RETIRED)
    ]
    return _edit(reader, Action.RETIRE, afters, now)


def hide_models(reader: CatalogReader, chosen: Iterable[Chosen]) -> list[AnyChange]:
    """Leave models out of lists; they can still be retrieved.

    What others hide is claimed as well: it stays hidden when they no longer say so.
    """
    reader = RememberingReader(reader)
    claimed = Claimed(reader)
    ids = [model.id for model, _ in chosen]
    claimed.load(ids)
    return claim(reader, [_with(claimed, model_id, {"hidden": True}) for model_id in ids], Action.HIDE)


def unhide_models(reader: CatalogReader, chosen: Iterable[Chosen]) -> list[AnyChange]:
    """Put hidden models back into lists."""
    reader = RememberingReader(reader)
    claimed = Claimed(reader)
    ids = [model.id for model, _ in chosen if model.hidden]
    claimed.load(ids)
    return claim(reader, [_with(claimed, model_id, {"hidden": False}) for model_id in ids], Action.UNHIDE)


def remove_models(reader: CatalogReader, chosen: Iterable[Chosen]) -> list[AnyChange]:
    """Remove models and their aliases.

    A model that only people list is gone, with the aliases that they gave it. One that others list is suppressed:
    it comes back, aliases included, when it is released.
    """
    reader = RememberingReader(reader)
    claimed = Claimed(reader)
    ids = [model.id for model, _ in chosen]
    claimed.load(ids)
    suppressed = {model_id for model_id in ids if claimed.is_listed_by_others(model_id)}
    gone = [model_id for model_id in ids if model_id not in suppressed]
    wanted = [Claims(model_id, PERSON, lists=False if model_id in suppressed else None) for model_id in ids]
    return claim(reader, [*wanted, *_without_aliases(reader, gone)])


def check_alias_is_free(reader: CatalogReader, name: str, field: str) -> None:
    """Raise ConflictError, about ``field``, if ``name`` is an alias."""
    model_id = reader.aliases([name]).get(name)
    if model_id is not None:
        raise ConflictError(
            f"{name} is an alias of {model_id}", hint=Hint.REMOVE_ALIAS, hint_about=name, field=field
        )


def _edit(
    reader: CatalogReader,
    action: Action,
    edits: Iterable[tuple[Model, Model]],
    now: datetime,
    given: Set[str] = frozenset(),
) -> list[AnyChange]:
    """Claim of each model what differs from what it was, and the fields that were ``given``."""
    reader = RememberingReader(reader)
    changed = [(before, after) for before, after in edits if given or before != after]
    claimed = Claimed(reader)
    claimed.load(before.id for before, _ in changed)
    wanted: list[Claims] = []
    for before, after in changed:
        _check_values(reader, after, now, before)
        said = {name: plain(getattr(after, name)) for name in _differing(before, after, given)}
        wanted.append(_with(claimed, before.id, said))
    return claim(reader, wanted, action)


def _differing(before: Model, after: Model, given: Set[str] = frozenset()) -> list[str]:
    """The names of the fields that differ or were ``given``.

    If one of the lifecycle is among them, so are the others: they are valid together only.
    """
    names = [name for name in MODEL_FIELDS if name in given or getattr(before, name) != getattr(after, name)]
    return [*dict.fromkeys([*names, *LIFECYCLE_FIELDS])] if set(names) & set(LIFECYCLE_FIELDS) else names


def _with(claimed: Claimed, model_id: str, said: Mapping[str, Any]) -> Claims:
    """The claims of people on a model with these fields as well."""
    present = claimed.by_manager(model_id).get(PERSON)
    if present is None:
        return Claims(model_id, PERSON, fields=said)
    return Claims(model_id, PERSON, present.lists, {**present.fields, **said})


def _without_aliases(reader: CatalogReader, model_ids: Collection[str]) -> list[Claims]:
    """Claims that drop the aliases that people gave these models, whether those claims are stored or implied."""
    stored = {
        each.subject
        for each in reader.claims_towards(model_ids)
        if each.kind is ClaimKind.ALIAS and each.manager == PERSON
    }
    present = {alias for model_id in model_ids for alias in reader.aliases_of(model_id)}
    return [Claims(alias, PERSON, kind=ClaimKind.ALIAS) for alias in sorted(stored | present)]


def _check_values(reader: CatalogReader, model: Model, now: datetime, before: Model | None = None) -> None:
    check_texts(check_dates(model, now, before), before)
    if model.replacement is None or (before is not None and model.replacement == before.replacement):
        return  # one that is as it was may have gone since
    if reader.model(model.replacement) is None:
        raise DoesNotExistError(
            f"There is no model {model.replacement!r} to be the replacement.", field="replacement"
        )


def _check_same_as(reader: CatalogReader, model_id: str, other: str) -> str:
    claimed = Claimed(reader)
    if other == model_id or model_id in claimed.chain(other):
        raise InvalidError(
            f"{model_id} cannot be the same as {other}, which is the same as {model_id}.", field=SAME_AS
        )
    if not claimed.by_manager(other):
        raise DoesNotExistError(f"There is no model {other!r} that {model_id} could be the same as.", field=SAME_AS)
    if len(claimed.chain(other)) >= MAX_SAME_AS_STEPS:
        raise InvalidError(
            f"{other} is the same as another over {MAX_SAME_AS_STEPS} steps; name the last of them.", field=SAME_AS
        )
    return other

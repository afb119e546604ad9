"""Setting: which changes gave the fields of a model the values that they had, from its change records."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from callsheet.domain.changes.change import ChangeRecord, Subject
from callsheet.domain.claims.values import bare_model
from callsheet.domain.model import MODEL_FIELDS

#: In place of a field: whether the model is there.
LISTED: Final = "listed"

#: The fields that are followed.
FIELDS: Final = (LISTED, *(name for name in MODEL_FIELDS if name != "id"))


class Setting(NamedTuple):
    """A value that a field of a model got.

    Parameters
    ----------
    field
        Which field; `LISTED` for whether the model is there.
    value
        As a plain JSON value; None if it was not known.
    record
        The change that gave it.
    """

    field: str
    value: Any
    record: ChangeRecord


def settings_of(model_id: str, records: Iterable[ChangeRecord]) -> Mapping[str, list[Setting]]:
    """Return field to the values that it got, the latest first.

    A field that no record ever gave anything but its usual value is absent. A removal ends all fields: a model that
    is added once more begins with those that it is added with.

    Parameters
    ----------
    model_id
        The model.
    records
        Change records about it, in any order; those of other kinds are passed over.

    Raises
    ------
    StorageError
        A record is damaged.
    """
    usual = {**bare_model(model_id).record(), LISTED: False}
    found: dict[str, list[Setting]] = {}
    state: Mapping[str, Any] = usual
    for record in sorted(records, key=lambda each: each.number):
        if record.kind != Subject.MODEL:
            continue
        is_there = record.after is not None
        after = {**usual, **record.sides[1], LISTED: is_there}
        for name in FIELDS if is_there else (LISTED,):
            if after.get(name) != state.get(name):
                found.setdefault(name, []).append(Setting(name, after.get(name), record))
        state = after
    return {name: given[::-1] for name, given in found.items()}

"""Blaming: for each field of a model, who says what since when, and every value that it had before."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from callsheet.domain.changes.change import Action, ChangeRecord
from callsheet.domain.claims.manager import PERSON
from callsheet.domain.errors import DoesNotExistError
from callsheet.domain.hints import Hint
from callsheet.domain.history.setting import FIELDS, Setting, settings_of
from callsheet.service.provenance import who_says
from callsheet.storage.reading import Reading


class Blamed(NamedTuple):
    """A value that a field of a model has or had.

    Parameters
    ----------
    value
        As a plain JSON value; None if it was not known.
    manager
        Who said so: ``person``, ``source:NAME``, …; None if the records do not show it: people took back what they
        had said, and the value is that of another.
    revision, at, actor, action, reason
        Of the change that gave the field this value.
    """

    value: Any
    manager: str | None
    revision: int
    at: str
    actor: str
    action: str
    reason: str | None

    def record(self) -> dict[str, object]:
        """Return every field as plain JSON values."""
        return self._asdict()


class Blame(NamedTuple):
    """A model, and the values of its fields, of each the present one first."""

    model_id: str
    fields: Mapping[str, Sequence[Blamed]]

    def record(self) -> dict[str, object]:
        """Return both as plain JSON values."""
        return {
            "id": self.model_id,
            "fields": {name: [each.record() for each in values] for name, values in self.fields.items()},
        }


def blame(reading: Reading, name: str, field: str | None = None) -> Blame:
    """Return who says what of the model that ``name``, an id or alias, means, and each earlier value.

    Parameters
    ----------
    reading
        What there is.
    name
        Also the id of a model that was removed.
    field
        Only this one of `FIELDS`; None for all that any change record says something of.

    Raises
    ------
    DoesNotExistError
        There is and was no such model, or no record says anything of the field.
    """
    model_id = name if reading.model(name) is not None else reading.aliases([name]).get(name, name)
    settings = settings_of(model_id, reading.changes_of([model_id]))
    if not settings:
        raise DoesNotExistError(f"There is no model {name!r}, and there was none", hint=Hint.LIST_NAMES)
    if field is not None and field not in settings:
        raise DoesNotExistError(f"No change ever set {field} of {model_id}.")
    present = {each: said[0] for each, said in who_says(reading, model_id).items() if said}
    wanted = [each for each in FIELDS if each in settings and field in (None, each)]
    return Blame(model_id, {each: _blamed(settings[each], present.get(each)) for each in wanted})


def _blamed(settings: Sequence[Setting], said: Any) -> list[Blamed]:
    found = [_of(each, _manager(each, settings[number + 1 :])) for number, each in enumerate(settings)]
    if said is not None and said.value == found[0].value:
        found[0] = found[0]._replace(manager=said.manager)
    return found


def _of(setting: Setting, manager: str | None) -> Blamed:
    record = setting.record
    return Blamed(setting.value, manager, record.revision, record.at, record.actor, record.action, record.reason)


def _manager(setting: Setting, earlier: Sequence[Setting]) -> str | None:
    """Whose claim a value was: of one that shows because people took theirs back, who had given it before."""
    if setting.record.action != Action.RELEASE:
        return _claimed_by(setting.record)
    return next((_claimed_by(each.record) for each in earlier if each.value == setting.value), None)


def _claimed_by(record: ChangeRecord) -> str:
    return record.manager or str(PERSON)

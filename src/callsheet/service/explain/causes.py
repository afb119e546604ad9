"""Causes: since which change, and by whom, what decides about a model is as it is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from callsheet.domain.changes.change import Action, ChangeRecord
from callsheet.domain.claims.claims import ClaimKind
from callsheet.domain.explain import Check, Explanation, Reason, Step
from callsheet.service.provenance import Said, who_lists, who_says
from callsheet.storage.reading import Reading


class Cause(NamedTuple):
    """Who brought about what decides, and when.

    Parameters
    ----------
    manager
        Whose claim it is: ``person``, ``source:NAME``, …; None if nothing is claimed of such a thing.
    actor
        By whose hand; None if the change records do not say.
    revision, at
        Of the change, and when it was (RFC 3339); None likewise.
    place
        File and line where a catalogue file says so at present, as ``FILE:LINE``; None if that was not looked up or
        is not there.
    """

    manager: str | None
    actor: str | None
    revision: int | None
    at: str | None
    place: str | None = None

    def record(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return self._asdict()


#: Whether a change record is the one that is looked for, by the fields before and after.
_Sets = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]

_FIELDS: Final = {Check.HIDDEN: "hidden", Check.LIFECYCLE: "lifecycle"}


def causes_of(reading: Reading, explanation: Explanation) -> Mapping[Check, Cause]:
    """Return the causes of the steps of ``explanation``, as far as anything was ever said or changed for them."""
    found = ((step.check, _cause(reading, explanation, step)) for step in explanation.steps)
    return {check: cause for check, cause in found if cause is not None}


def _cause(reading: Reading, explanation: Explanation, step: Step) -> Cause | None:
    match step.check:
        case Check.GRANT:
            return None
        case Check.KEY | Check.WORKSPACE:
            return _last(reading, step.subject, _SETTERS[step.reason]) if step.reason in _SETTERS else None
        case Check.NAME:
            return _cause_of_name(reading, explanation, step)
        case Check.RULES:
            return _cause_of_rules(reading, step)
        case Check.HIDDEN | Check.LIFECYCLE:
            said = who_says(reading, step.subject).get(_FIELDS[step.check], ())
            return _by(said)
        case _:
            return None


_SETTERS: Final[Mapping[Reason, _Sets]] = {
    Reason.INACTIVE: lambda before, after: before.get("status") != after.get("status"),
    Reason.EXPIRED: lambda before, after: before.get("expires_at") != after.get("expires_at"),
    Reason.ARCHIVED: lambda before, after: before.get("archived_at") != after.get("archived_at"),
    Reason.NO_RULES: lambda before, after: bool(before.get("allow")) and not after.get("allow"),
    Reason.NOT_ALLOWED: lambda before, after: before.get("allow", []) != after.get("allow"),
}


def _cause_of_name(reading: Reading, explanation: Explanation, step: Step) -> Cause | None:
    if step.reason is Reason.ID:
        return _by(who_lists(reading, step.subject))
    if step.reason in (Reason.ALIAS, Reason.ORPHAN_ALIAS):
        return _by(who_lists(reading, explanation.name, ClaimKind.ALIAS))
    for kind in (ClaimKind.MODEL, ClaimKind.ALIAS):  # who suppressed it
        said = who_lists(reading, explanation.name, kind)
        if said and said[0].value is False:
            return _by(said)
    removals = (each for each in _records(reading, explanation.name) if each.action == Action.REMOVE)
    removal = next(removals, None)
    return None if removal is None else _of(removal)


def _cause_of_rules(reading: Reading, step: Step) -> Cause | None:
    if step.reason in _SETTERS:
        return _last(reading, step.subject, _SETTERS[step.reason])
    if not step.patterns:
        return None
    field = "deny" if step.reason is Reason.DENIED else "allow"
    pattern = step.patterns[0]
    return _last(
        reading,
        step.subject,
        lambda before, after: pattern in after.get(field, ()) and pattern not in before.get(field, ()),
    )


def _last(reading: Reading, subject: str, sets: _Sets) -> Cause | None:
    """The last change of ``subject`` that did what is looked for."""
    records = (each for each in _records(reading, subject) if sets(*each.sides))
    record = next(records, None)
    return None if record is None else _of(record)


def _records(reading: Reading, subject: str) -> list[ChangeRecord]:
    return sorted(reading.changes_of([subject]), key=lambda each: each.number, reverse=True)


def _of(record: ChangeRecord) -> Cause:
    return Cause(record.manager, record.actor, record.revision, record.at)


def _by(said: Sequence[Said]) -> Cause | None:
    return Cause(said[0].manager, said[0].actor, said[0].since, said[0].at) if said else None

"""Check the change records: whether they lead, one after the other, to the present rows."""

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from callsheet.domain.changes.change import Subject
from callsheet.domain.errors import CallsheetError
from callsheet.domain.times import parse_instant
from callsheet.service.maintenance.problem import Problem
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.read import Installation
from callsheet.storage.transactions.rows import Row
from callsheet.storage.whole.integrity import INVALID_JSON, KINDS, Integrity
from callsheet.storage.whole.transfer import RESTORE


def check_history(integrity: Integrity, installation: Installation) -> Iterator[Problem]:
    """Yield change records that are out of order, or do not fit the record before or the present row."""
    yield from _check_revisions(integrity, installation)
    for kind in KINDS:
        for subject in integrity.rows_without_history(kind):
            yield Problem(kind, subject, f"The {kind} {subject} has no change record.")
        histories = groupby(integrity.change_histories(kind), key=lambda each: str(each[0]["subject"]))
        for subject, history in histories:
            yield from _check_chain(kind, subject, history)
    for model_id in integrity.models_without_tombstone():
        yield Problem("tombstone", model_id, f"The model {model_id} was removed and has no tombstone.")
    for tombstone, last in integrity.tombstones_with_last_change():
        yield from _check_tombstone(tombstone, last)


def _check_revisions(integrity: Integrity, installation: Installation) -> Iterator[Problem]:
    last = 0
    for change in integrity.changes():
        number, revision, kind = str(change["number"]), change["revision"], change["kind"]
        restored = (change["action"], kind) == RESTORE
        if kind not in _RECORDED:
            yield Problem("change", number, f"Change {number} is of an unknown kind, {kind!r}.")
        if revision not in (max(last, 1), last + 1) and not (restored and revision > last):
            yield Problem("change", number, f"Change {number} has revision {revision} after revision {last}.")
        last = max(last, revision) if isinstance(revision, int) else last
        try:
            parse_instant(change["at"])
        except (CallsheetError, TypeError):
            yield Problem("change", number, f"Change {number} has an invalid time: {change['at']!r}.")
    if last != installation.revision:
        message = f"The revision is {installation.revision}, but the change records lead to {last}."
        yield Problem(Subject.INSTALLATION, installation.organization_id, message)


def _check_chain(kind: str, subject: str, history: Iterator[tuple[Row, Row | None]]) -> Iterator[Problem]:
    records = list(history)
    past: object = None
    for change, _ in records:
        number, before, after = str(change["number"]), change["before"], change["after"]
        if INVALID_JSON in (before, after):
            yield Problem("change", number, f"Change {number} of the {kind} {subject} is not valid JSON.")
        elif not _agree(past, before):
            message = f"Change {number} of the {kind} {subject} does not begin where the one before it ended."
            yield Problem("change", number, message)
        past = after
    _, present = records[-1]
    try:
        record = None if present is None else _RECORDS[kind](present)
    except CallsheetError:
        return  # an invalid row has been reported
    if not _agree(past, record):
        yield Problem(kind, subject, f"The {kind} {subject} differs from its last change record.")


def _check_tombstone(tombstone: Row, last: Row | None) -> Iterator[Problem]:
    subject = str(tombstone["id"])
    try:
        rows.read_tombstone(tombstone)
    except CallsheetError:
        return  # has been reported as well
    if last is None or not _agree(last["after"], None):
        yield Problem("tombstone", subject, f"The tombstone {subject} does not belong to a removed model.")
    elif not _agree(last["before"], tombstone):
        yield Problem("tombstone", subject, f"The tombstone {subject} differs from the model that was removed.")


#: The kinds of subjects that change records have.
_RECORDED: Final = frozenset(Subject)

#: The record of a row, as change records hold it, by its kind.
_RECORDS: Final[Mapping[str, Callable[[Row], Mapping[str, object]]]] = {
    Subject.MODEL: lambda row: rows.read_model(row).record(),
    Subject.ALIAS: dict,
    Subject.WORKSPACE: lambda row: rows.read_workspace(row).record(),
    Subject.KEY: lambda row: rows.read_key(row).record(),
    Subject.SOURCE: lambda row: rows.read_source(row).record(),
    Subject.WEBHOOK: lambda row: rows.read_webhook(row).record(),
    Subject.ADMIN_KEY: lambda row: rows.read_admin_key(row).record(),
    Subject.CALENDAR: lambda row: rows.read_calendar(row).record(),
}


def _agree(one: Any, other: Any) -> bool:
    """Whether two records are equal, as far as they can be read.

    One may have fewer fields, as an earlier version did not have all of today's.
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(one[name] == other[name] for name in one.keys() & other.keys())
    return one is other is None or INVALID_JSON in (one, other)

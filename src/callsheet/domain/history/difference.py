"""Difference: what is other at one moment than at another."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from callsheet.domain.changes.change import ChangeRecord, Subject

#: Things of one kind by id, with their fields as plain JSON values.
Things = Mapping[str, Mapping[str, Any]]


class Kind(StrEnum):
    """What became of a thing between two moments."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Difference(NamedTuple):
    """One thing that is other at the second moment than at the first.

    Parameters
    ----------
    what
        What became of it.
    kind, subject
        What kind of thing it is, and its id; of an alias, the alias.
    before, after
        Its fields at the two moments; None if it was not there.
    last
        The last change of it between the two; None if only a date that passed brought it about.
    """

    what: Kind
    kind: Subject
    subject: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    last: ChangeRecord | None = None

    def record(self) -> dict[str, object]:
        """Return it as plain JSON values."""
        last = self.last
        by = None if last is None else {name: getattr(last, name) for name in _BY}
        return {
            "what": self.what,
            "kind": self.kind,
            "subject": self.subject,
            "before": self.before,
            "after": self.after,
            "by": by,
        }


_BY = ("revision", "at", "actor", "action", "manager", "reason")


def differences(kind: Subject, first: Things, second: Things) -> Iterator[Difference]:
    """Yield what is other in ``second`` than in ``first``, by id; both have the things of one ``kind``."""
    for subject in sorted({**first, **second}):
        before, after = first.get(subject), second.get(subject)
        if before != after:
            what = Kind.ADDED if before is None else Kind.REMOVED if after is None else Kind.CHANGED
            yield Difference(what, kind, subject, before, after)

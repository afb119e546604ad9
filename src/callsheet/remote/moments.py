"""Other moments over the administration API: which they are, what is other at them, and back to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from callsheet.domain.changes.change import ChangeRecord, Subject
from callsheet.domain.history.difference import Difference, Kind
from callsheet.domain.history.moment import AsOf, Moment
from callsheet.domain.times import format_instant, parse_instant
from callsheet.remote.connection import Connection
from callsheet.remote.doing import Sender
from callsheet.service.moments.blaming import Blame, Blamed
from callsheet.service.moments.comparing import Compared
from callsheet.service.moments.reverting import REVERTED, Reverted

_CATALOG = "catalog"


class RemoteMoments:
    """The twin of what compares moments and blames.

    Parameters
    ----------
    connection
        To the server.
    now
        The time here (aware), which stands for that of the server.
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def locate(self, moment: Moment) -> AsOf:
        """Return which time and revision a moment is; errors as of `Connection.get`."""
        return _as_of(self._connection.get(_CATALOG, "moment", as_of=text_of(moment, self._now)))

    def compare(self, first: Moment, second: Moment) -> Compared:
        """Return what is other at the second moment; errors as of `Connection.get`."""
        sides = {"from": text_of(first, self._now), "to": text_of(second, self._now)}
        found = self._connection.get(_CATALOG, "diff", **sides)
        return Compared(_as_of(found["from"]), _as_of(found["to"]), list(map(_difference, found["differences"])))

    def blame(self, name: str, field: str | None) -> Blame:
        """Return who says what of a model, and each earlier value; errors as of `Connection.get`."""
        found = self._connection.get(_CATALOG, "models", name, "blame", field=field)
        fields = {
            each: [Blamed(**{member: value[member] for member in Blamed._fields}) for value in values]
            for each, values in found["fields"].items()
        }
        return Blame(found["id"], fields)


class RemoteReverts:
    """The twin of `callsheet.service.moments.reverting.RevertService`."""

    def __init__(self, sender: Sender, now: datetime) -> None:
        self._sender = sender
        self._now = now

    def models(self, moment: Moment, names: Sequence[str] = ()) -> Reverted:
        return self._revert(moment, _CATALOG, {"models": list(names)})

    def workspaces(self, moment: Moment, names: Sequence[str]) -> Reverted:
        return self._revert(moment, "access", {"workspaces": list(names)})

    def _revert(self, moment: Moment, room: str, what: Mapping[str, Any]) -> Reverted:
        done = self._sender.post(room, "revert", body={"to": text_of(moment, self._now), **what})
        return Reverted(_as_of(done["as_of"]), {kind: done["changed"][kind] for kind in REVERTED})


def text_of(moment: Moment, now: datetime) -> str:
    """Return what a server takes for ``moment``; the present of here is its own, whatever the clocks say."""
    if moment.at is None:
        return str(moment.revision)
    return "now" if moment.at == now else format_instant(moment.at)


def _as_of(record: Mapping[str, Any]) -> AsOf:
    return AsOf(parse_instant(record["at"]), record["revision"], record["is_future"])


def _difference(record: Mapping[str, Any]) -> Difference:
    by = record["by"]
    kind = Subject(record["kind"])
    last = None
    if by is not None:
        last = ChangeRecord(
            number=0,
            revision=by["revision"],
            at=by["at"],
            actor=by["actor"],
            action=by["action"],
            kind=kind,
            subject=record["subject"],
            before=record["before"],
            after=record["after"],
            manager=by["manager"],
            reason=by["reason"],
        )
    return Difference(Kind(record["what"]), kind, record["subject"], record["before"], record["after"], last)

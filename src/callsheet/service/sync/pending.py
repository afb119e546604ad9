"""Pending: a list, or the new models of one, that waits for a person."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.sources.absence import Absence
from callsheet.domain.times import format_instant, parse_instant
from callsheet.service.sync.decide import Decision
from callsheet.service.sync.known import APPEARED
from callsheet.service.sync.quarantine import Cause, Reason, sentence_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What waits for a person.

    Parameters
    ----------
    claims
        What the source claims once it is accepted.
    reasons
        Why it is quarantined; none if it only holds what is new.
    absences, returned, rejected
        As in `Decision`, once it is accepted.
    since
        When it began to wait (aware).
    """

    claims: tuple[Claims, ...]
    reasons: tuple[Reason, ...]
    absences: tuple[Absence, ...]
    returned: tuple[str, ...]
    rejected: Mapping[str, str]
    since: datetime

    @property
    def is_quarantine(self) -> bool:
        """Whether the whole list waits, not only what is new in it."""
        return bool(self.reasons)

    @property
    def sentence(self) -> str:
        """Why it waits, for people."""
        if self.reasons:
            return sentence_of(self.reasons)
        models = sum(each.kind is ClaimKind.MODEL for each in self.claims)
        return f"{models} new model{'s wait' if models != 1 else ' waits'} for a person."

    def refused(self) -> dict[str, str]:
        """Return what is rejected if a person rejects this: names, each with its cause."""
        if not self.reasons:
            return dict.fromkeys((each.subject for each in self.claims), APPEARED)
        return {name: str(reason.cause) for reason in self.reasons for name in reason.subjects}

    def record(self) -> dict[str, Any]:
        """Return it as plain JSON values, which `pending_from` reads."""
        return {
            "claims": [as_pending(each) for each in self.claims],
            "reasons": [reason.record() for reason in self.reasons],
            "absences": [
                {"model_id": each.model_id, "since": format_instant(each.since), "runs": each.runs}
                for each in self.absences
            ],
            "returned": list(self.returned),
            "rejected": dict(self.rejected),
            "since": format_instant(self.since),
        }


def pending_of(decision: Decision, accepted: Decision, since: datetime) -> Pending | None:
    """Return what of a list waits for a person, or None.

    Parameters
    ----------
    decision, accepted
        What the list comes to, and what it comes to if a person accepts it.
    """
    if decision.reasons:
        return Pending(
            claims=accepted.changed,
            reasons=decision.reasons,
            absences=accepted.absences,
            returned=accepted.returned,
            rejected=accepted.rejected,
            since=since,
        )
    if decision.held:
        return Pending(
            claims=decision.held,
            reasons=(),
            absences=decision.absences,
            returned=(),
            rejected=decision.rejected,
            since=since,
        )
    return None


def pending_from(record: Mapping[str, Any], manager: Manager) -> Pending:
    """Return what `Pending.record` gave."""
    return Pending(
        claims=tuple(read_pending(each, manager) for each in record["claims"]),
        reasons=tuple(
            Reason(Cause(each["cause"]), tuple(each["subjects"]), each["words"]) for each in record["reasons"]
        ),
        absences=tuple(
            Absence(each["model_id"], parse_instant(each["since"]), each["runs"]) for each in record["absences"]
        ),
        returned=tuple(record["returned"]),
        rejected=dict(record["rejected"]),
        since=parse_instant(record["since"]),
    )


def as_pending(claims: Claims) -> dict[str, object]:
    """Return claims as plain JSON values, for `read_pending`."""
    return {
        "kind": str(claims.kind),
        "subject": claims.subject,
        "lists": claims.lists,
        "fields": dict(claims.fields),
    }


def read_pending(record: Mapping[str, object], manager: Manager) -> Claims:
    """Return the claims that `as_pending` gave."""
    blank = Claims(str(record["subject"]), manager, kind=ClaimKind(str(record["kind"])))
    fields = record["fields"]
    lists = record["lists"]
    return replace(
        blank,
        lists=lists if isinstance(lists, bool) else None,
        fields=dict(fields) if isinstance(fields, Mapping) else {},
    )

"""Absence: what becomes of a model that its source no longer lists. It is never deleted."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.model import Lifecycle
from callsheet.domain.sources.absence import Absence
from callsheet.domain.times import format_instant, parse_instant
from callsheet.service.sync.config import Missing
from callsheet.service.sync.durations import Grace


def count_absence(subject: str, known: Absence | None, now: datetime) -> Absence:
    """Return the absence of ``subject`` after another good run without it.

    A clock that was set back does not make a grace longer: an absence never begins later than now.
    """
    if known is None:
        return Absence(subject, now, 1)
    return Absence(subject, min(known.since, now), known.runs + 1)


def is_over(grace: Grace, absence: Absence, now: datetime) -> bool:
    """Return whether both parts of the grace have passed."""
    return absence.runs >= grace.runs and (now - absence.since).total_seconds() >= grace.seconds


def without(claims: Claims, policy: Missing, since: datetime) -> Claims:
    """Return what a source claims of a model or alias that it has not listed since then, once the grace is over.

    It is the same for a second application. An alias is released, as it leads nowhere upstream, unless it is kept.
    """
    if policy is Missing.KEEP:
        return claims
    if claims.kind is ClaimKind.ALIAS:
        return Claims(claims.subject, claims.manager, kind=claims.kind)
    return replace(claims, fields=_fields(dict(claims.fields), policy, since))


def _fields(fields: dict[str, Any], policy: Missing, since: datetime) -> Mapping[str, Any]:
    if policy is Missing.HIDE:
        return {**fields, "hidden": True}
    lifecycle = fields.get("lifecycle") or Lifecycle.ACTIVE.value
    if lifecycle == Lifecycle.RETIRED.value:
        return fields
    deprecated_at = _earlier(fields.get("deprecated_at"), since)
    if policy is Missing.DEPRECATE:
        if lifecycle == Lifecycle.DEPRECATED.value:
            return fields
        return {**fields, "lifecycle": Lifecycle.DEPRECATED.value, "deprecated_at": deprecated_at}
    dates = {"deprecated_at": deprecated_at, "retires_at": _earlier(fields.get("retires_at"), since)}
    dates["deprecated_at"] = _earlier(dates["retires_at"], parse_instant(deprecated_at))
    has_moved = dates["retires_at"] != fields.get("retires_at")
    precision = {"retirement_precision": None} if has_moved and "retirement_precision" in fields else {}
    return {**fields, "lifecycle": Lifecycle.RETIRED.value, **dates, **precision}


def _earlier(text: str | None, instant: datetime) -> str:
    return format_instant(instant if text is None else min(parse_instant(text), instant))

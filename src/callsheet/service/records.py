"""Plain records of what services return: what the administration API sends, and ``--json`` prints."""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from callsheet.domain.plan.plan import Plan
from callsheet.domain.times import format_instant
from callsheet.service.catalog import ModelWithAliases, Outcome
from callsheet.service.counts import Counts
from callsheet.service.provenance import Suppressed, WhoSays
from callsheet.service.sight import Sight
from callsheet.service.sync.sources import Source


def model_record(item: ModelWithAliases) -> dict[str, object]:
    """Return a model and its aliases."""
    return {**item.model.record(), "aliases": item.aliases}


def removed_record(item: ModelWithAliases) -> dict[str, object]:
    """Return a model that was removed, and its aliases with it."""
    return item.model.record()


def provenance_record(said: WhoSays) -> dict[str, Any]:
    """Return who says what: field to claims, the one that counts first."""
    return {name: [each.record() for each in claims] for name, claims in said.items()}


def suppressed_record(suppressed: Suppressed) -> dict[str, Any]:
    """Return what was removed although others list it, and who says what of it."""
    kind, name, said = suppressed
    return {"id": name, "kind": str(kind), "provenance": provenance_record(said)}


def outcome_record(outcome: Outcome, counts: Counts) -> dict[str, Any]:
    """Return what became of several models, and how many there are now."""
    return {
        "data": [model_record(item) for item in outcome.models],
        "changed": sorted(outcome.changed),
        "counts": counts._asdict(),
    }


def sight_record(sight: Sight) -> Mapping[str, Any]:
    """Return what some rules let be seen."""
    return {
        "visible": list(sight.visible),
        "count": sight.total,
        "listed": sight.listed,
        "idle": list(sight.idle),
        "aliases": dict(sight.aliases),
    }


def source_record(source: Source) -> dict[str, Any]:
    """Return everything about a source."""
    state = source.state
    return {
        **source.record.record(),
        "config": source.config.record(),
        "paused": state.paused,
        "last_run_at": _text(state.last_run_at),
        "last_good_at": _text(state.last_good_at),
        "next_run_at": _text(state.next_run_at),
        "last_outcome": state.last_outcome,
        "last_error": state.last_error,
        "failures": state.failures,
        "counts": dict(state.counts),
        "rejected": dict(source.rejected),
        "pending": None if source.pending is None else _pending_record(source),
    }


def plan_id(plan: Plan) -> str:
    """Return the id of a plan: a digest of all that it says."""
    text = json.dumps(plan.record(), sort_keys=True, separators=(",", ":"))
    return f"plan_{sha256(text.encode()).hexdigest()[:32]}"


def _pending_record(source: Source) -> dict[str, Any]:
    pending = source.pending
    assert pending is not None  # noqa: S101  # the caller has looked
    return {
        "sentence": pending.sentence,
        "since": format_instant(pending.since),
        "reasons": [reason.record() for reason in pending.reasons],
        "claims": [{"kind": str(each.kind), "subject": each.subject, **each.record()} for each in pending.claims],
    }


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)

"""Records of the administration API as the values that the services return."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.visibility import NOTHING, Visibility
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import ChangeRecord
from callsheet.domain.claims.claims import ClaimKind
from callsheet.domain.model import MODEL_FIELDS, Lifecycle, Model, RetirementPrecision
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.sources.state import SourceState
from callsheet.domain.times import parse_instant
from callsheet.service.catalog import ModelWithAliases, Outcome
from callsheet.service.counts import Counts
from callsheet.service.provenance import Said, Suppressed, WhoSays
from callsheet.service.sight import Sight
from callsheet.service.sync.config import read_config
from callsheet.service.sync.memory import REJECTED
from callsheet.service.sync.pending import Pending, read_pending
from callsheet.service.sync.quarantine import Cause, Reason
from callsheet.service.sync.sources import Source

#: In place of the fingerprint of a key, which no answer holds.
_NO_FINGERPRINT: Final = b""

_MODEL_TIMES: Final = ("created_at", "deprecated_at", "retires_at")
_HINT_PREFIX: Final = "..."
_ALL: Final = ["*"]


def model_of(record: Mapping[str, Any]) -> Model:
    """Return the model of a record."""
    values = {name: record[name] for name in MODEL_FIELDS if name in record}
    times = {name: _instant(values[name]) for name in _MODEL_TIMES if values.get(name) is not None}
    kinds = {"lifecycle": Lifecycle, "retirement_precision": RetirementPrecision}
    named = {name: kind(values[name]) for name, kind in kinds.items() if values.get(name) is not None}
    return Model(**{**values, **times, **named})


def named_model_of(record: Mapping[str, Any]) -> ModelWithAliases:
    """Return the model of a record, with its aliases."""
    return ModelWithAliases(model_of(record), list(record.get("aliases", ())))


def outcome_of(record: Mapping[str, Any]) -> Outcome:
    """Return what became of several models."""
    models = [named_model_of(each) for each in record["data"]]
    return Outcome(models, frozenset(record["changed"]), Counts(**record["counts"]))


def who_says_of(record: Mapping[str, Any]) -> WhoSays:
    """Return who says what."""
    return {name: [Said(**each) for each in said] for name, said in record.items()}


def suppressed_of(record: Mapping[str, Any]) -> Suppressed:
    """Return what was removed although others list it."""
    return Suppressed(ClaimKind(record["kind"]), record["id"], who_says_of(record["provenance"]))


def alias_of(record: Mapping[str, Any]) -> Alias:
    """Return the alias of a record."""
    return Alias(record["alias"], record["model_id"])


def change_of(record: Mapping[str, Any]) -> ChangeRecord:
    """Return the change of a record; what a later release adds is left out."""
    return ChangeRecord(**{name: record[name] for name in ChangeRecord._fields})


def workspace_of(record: Mapping[str, Any]) -> Workspace:
    """Return the workspace of a record."""
    more = {name: record[name] for name in ("display_color", "tags") if name in record}
    return Workspace(
        id=record["id"],
        name=record["name"],
        visibility=Visibility(allow_of(record["allow"]), tuple(record["deny"])),
        shape=None if record["shape"] is None else Shape(record["shape"]),
        created_at=_instant(record["created_at"]),
        archived_at=_optional(record["archived_at"]),
        **more,
    )


def allow_of(patterns: list[str]) -> tuple[str, ...]:
    """Return the allow list of the rules that an answer has."""
    return () if patterns == _ALL else tuple(patterns) or (NOTHING,)


def shown_allow(visibility: Visibility) -> list[str]:
    """Return the allow list of ``visibility`` as it is sent."""
    return [] if visibility.allow == (NOTHING,) else list(visibility.allow) or _ALL


def key_of(record: Mapping[str, Any]) -> APIKey:
    """Return the key of a record; its fingerprint is empty."""
    hint = record["partial_key_hint"] or ""
    return APIKey(
        id=record["id"],
        name=record["name"],
        workspace_id=record["workspace_id"],
        fingerprint=_NO_FINGERPRINT,
        hint=hint.removeprefix(_HINT_PREFIX),
        status=KeyStatus(record["status"]),
        expires_at=_optional(record["expires_at"]),
        created_at=_instant(record["created_at"]),
    )


def sight_of(record: Mapping[str, Any]) -> Sight:
    """Return what rules let be seen."""
    visible = tuple(record["visible"])
    return Sight(visible, record["listed"], tuple(record["idle"]), dict(record["aliases"]), len(visible))


def source_of(record: Mapping[str, Any]) -> Source:
    """Return the source of a record."""
    name, config = record["name"], read_config(record["config"])
    state = SourceState(
        name,
        paused=record["paused"],
        next_run_at=_optional(record["next_run_at"]),
        last_run_at=_optional(record["last_run_at"]),
        last_good_at=_optional(record["last_good_at"]),
        last_outcome=record["last_outcome"],
        last_error=record["last_error"],
        failures=record["failures"],
        counts=record["counts"],
        memory={REJECTED: record["rejected"]},
    )
    pending = None if record["pending"] is None else _pending_of(record["pending"], record)
    stored = SourceRecord(name, record["position"], record["config"], _instant(record["created_at"]))
    return Source(stored, state, config, pending)


def _pending_of(record: Mapping[str, Any], source: Mapping[str, Any]) -> Pending:
    """What waits, as far as people see it."""
    manager = read_config(source["config"]).manager(source["name"])
    reasons = (Reason(Cause(each["cause"]), tuple(each["subjects"]), each["words"]) for each in record["reasons"])
    return Pending(
        claims=tuple(read_pending(each, manager) for each in record["claims"]),
        reasons=tuple(reasons),
        absences=(),
        returned=(),
        rejected={},
        since=_instant(record["since"]),
    )


def _instant(text: str) -> datetime:
    return parse_instant(text)


def _optional(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)

"""Trying a source before there is one: ``/v1/organizations/catalog/source_trials``."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, Field

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.errors import InvalidError, about
from callsheet.http.admin.endpoint import ROOT, Answer, Asked, Endpoint, Input
from callsheet.service.ceasing import listed_by_builtin_alone
from callsheet.service.clock import SYSTEM_CLOCK
from callsheet.service.state.load import installation_of
from callsheet.service.sync.builtin import may_inform
from callsheet.service.sync.trial import TRIAL_LIMITS, Trial, try_source
from callsheet.sources.mapping import Reason, plain_value
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction

#: Models of a list that the answer holds; it counts all.
MAX_TRIED_MODELS: Final = 100


class TriedSource(Input):
    """What is to be tried."""

    config: dict[str, Any] = Field(
        description="Members as in a source; url is needed. Without kind, what answers there is found out."
    )


class ExampleAnswer(BaseModel):
    """A value of a field, and a model that has it."""

    id: str
    value: Any


class FieldAnswer(BaseModel):
    """What a list says of one field."""

    field: str
    stated: int = Field(description="How many models have a value for it.")
    first_seen: int = Field(description="How many of these get the time when the source first sees them.")
    last_known: int = Field(description="How many keep the value that was known last, as none is stated now.")
    examples: list[ExampleAnswer]


class ReasonAnswer(BaseModel):
    """Why something is left out, with how much, and the ids of some."""

    reason: str
    count: int
    ids: list[str]


class TriedModel(BaseModel):
    """A model as the source would list it."""

    id: str
    fields: dict[str, Any]
    aliases: list[str]
    notes: list[str]


class TrialAnswer(BaseModel):
    """What answers at a URL, and what its list would come to."""

    kind: str
    evidence: list[str] = Field(description="What shows the kind; empty if it was given.")
    rows: int = Field(description="How many rows the upstream sent.")
    listed: int = Field(description="How many models would be listed.")
    builtin_leaving: int = Field(
        description="How many built-in models leave the catalogue at the first run, as neither this list nor "
        "anything else lists them. 0 unless it is the first source that lists models."
    )
    models: list[TriedModel] = Field(description=f"The first {MAX_TRIED_MODELS} of them.")
    fields: list[FieldAnswer]
    unknown: list[str] = Field(description="The facts that stay unknown, unless others know them.")
    dropped: list[ReasonAnswer] = Field(description="Why rows would not be listed.")
    notes: list[ReasonAnswer] = Field(description="Why values of models that would be listed are left out.")


def _try(store: Store, asked: Asked) -> Answer:
    members: Mapping[str, Any] = asked.body.config
    _check(members)
    with about("url"):
        asked.guard.check(str(members.get("url")))
    with store.read() as reading:
        organization_id = installation_of(reading).organization_id
    limits = TRIAL_LIMITS._replace(check_peer=asked.guard.check_peer)
    trial = try_source(members, organization_id, SYSTEM_CLOCK.now, store, limits)
    with store.read() as reading:
        return _answer(trial, _builtin_leaving(reading, trial))


def _check(members: Mapping[str, Any]) -> None:
    """Refuse what would let the API read secrets or files of the host."""
    if members.get("secret") is not None:
        with about("secret"):
            raise InvalidError(
                "Over the API, an upstream is tried without a secret of the host; run callsheet sources try on the "
                "host."
            )
    if str(members.get("url")).startswith("file:"):
        with about("url"):
            raise InvalidError(
                "The URL must begin with http:// or https://; a file is read on the host only, by callsheet "
                "sources try."
            )


def _builtin_leaving(reading: ReadTransaction, trial: Trial) -> int:
    """How many built-in models leave the catalogue once the list of a trial is that of a source."""
    chosen = {each.id for each in trial.lists.chosen}
    return len(listed_by_builtin_alone(reading) - chosen) if chosen and may_inform(reading, trial.config) else 0


def _answer(trial: Trial, builtin_leaving: int) -> Answer:
    mapping = trial.mapping
    return {
        "kind": str(trial.config.kind),
        "evidence": list(trial.evidence),
        "rows": trial.lists.rows,
        "listed": len(trial.lists.chosen),
        "builtin_leaving": builtin_leaving,
        "models": [
            {
                "id": each.id,
                "fields": {name: plain_value(value) for name, value in each.fields.items()},
                "aliases": list(each.aliases),
                "notes": list(each.notes),
            }
            for each in trial.lists.chosen[:MAX_TRIED_MODELS]
        ],
        "fields": [
            {
                **each._asdict(),
                "examples": [{"id": one.id, "value": plain_value(one.value)} for one in each.examples],
            }
            for each in mapping.fields
        ],
        "unknown": list(mapping.unknown),
        "dropped": list(map(_reason, mapping.dropped)),
        "notes": list(map(_reason, mapping.notes)),
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {"reason": reason.reason, "count": reason.count, "ids": list(reason.ids)}


TRIALS: Final = (
    Endpoint(
        method="POST",
        path=f"{ROOT}/catalog/source_trials",
        operation="trySource",
        summary="Return what answers at a URL and what its list would come to; nothing is written.",
        scope=Scope.CATALOG,
        body=TriedSource,
        answer=TrialAnswer,
        run=_try,
    ),
)

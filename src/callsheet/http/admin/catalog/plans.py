"""Catalogue files and their plans: ``/v1/organizations/catalog/plans``, ``/export`` and ``/snapshot``."""

import json
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from callsheet.domain.access.admin_key import Scope, allows
from callsheet.domain.changes.change import Subject
from callsheet.domain.errors import ConflictError
from callsheet.domain.manifest import Collection
from callsheet.domain.plan.plan import Plan
from callsheet.domain.plan.reading import read_plan
from callsheet.domain.plan.step import Record
from callsheet.files.load import parse_manifest
from callsheet.files.texts import manifest_record
from callsheet.http.admin.catalog.sources import check_source, check_upstream
from callsheet.http.admin.endpoint import ROOT, Answer, Asked, ChangeQuery, Doing, Endpoint, Input, Query
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.admin.fingerprints import fingerprints_in, may_see_fingerprints, seen
from callsheet.service.manifests.export import Holders, export_manifest
from callsheet.service.manifests.service import ManifestService
from callsheet.service.manifests.snapshot import take_snapshot
from callsheet.service.records import plan_id
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction

_PLANS: Final = f"{ROOT}/catalog/plans"

#: The name in messages of a catalogue file that is sent.
_DOCUMENT: Final = "document.json"

_OF_KEYS: Final = frozenset({Subject.WORKSPACE, Subject.KEY})


class Secrets(Input):
    """The secrets of keys that a catalogue file names by variables."""

    secrets: dict[str, str] = Field(
        default_factory=dict, repr=False, description="Secret by the name of the variable. They are not kept."
    )
    max_deletes: int | None = Field(None, ge=0, description="Refuse to remove more things than this.")


class Document(Secrets):
    """A catalogue file."""

    document: dict[str, Any] = Field(description="A catalogue file as JSON.")
    adopt: bool = Field(False, description="Whether it takes over what people have changed of the same things.")


class PlanToApply(Secrets):
    """A plan to apply."""

    plan: dict[str, Any] = Field(description="The plan, as it was answered.")


class PlannedAnswer(BaseModel):
    """What a catalogue file would change."""

    id: str = Field(description="A digest of the plan, by which it is applied.")
    in_sync: bool = Field(description="Whether everything is as the file says.")
    held: list[dict[str, Any]] = Field(description="What of the file does not count, as others decide it.")
    plan: dict[str, Any]


class AppliedAnswer(BaseModel):
    """A plan that was applied."""

    id: str
    applied: int = Field(description="How many steps it had.")


class ExportQuery(Query):
    """What is exported."""

    manager: str = Field("catalog", description="The manager that the file names.")
    held_by: Holders = Field(Holders.PEOPLE, description="Whose claims it holds.")
    only: list[Collection] | None = Field(None, description="The collections that it holds; all if none is named.")


class AnyAnswer(BaseModel):
    """A catalogue file or a snapshot."""

    model_config = ConfigDict(extra="allow")


def _service(store: Any, asked: Asked, secrets: dict[str, str]) -> ManifestService:
    return ManifestService(store, asked.actor, lambda: asked.now, secrets.get, asked.state.options)


def _plan(store: Store, asked: Asked) -> Answer:
    wanted: Document = asked.body
    manifest = parse_manifest(json.dumps(wanted.document), _DOCUMENT)
    planned = _service(store, asked, wanted.secrets).plan(
        manifest, adopt=wanted.adopt, max_deletes=wanted.max_deletes
    )
    held = [each.record() for each in planned.held]
    return {
        "id": plan_id(planned.plan),
        "in_sync": planned.is_in_sync,
        "held": held,
        "plan": seen(asked, planned.plan.record(), wanted.document),
    }


def _check(_store: Store, asked: Asked) -> None:
    for step in read_plan(json.dumps(asked.body.plan)).steps:
        if step.kind is Subject.SOURCE:
            check_upstream(asked, _config(step.before), _config(step.after))


def _apply(doing: Doing, asked: Asked) -> Plan:
    wanted: PlanToApply = asked.body
    plan = read_plan(json.dumps(wanted.plan))
    if plan_id(plan) != asked.ids["plan"]:
        raise ConflictError("The plan is not the one of this id; apply it by the id that it was answered with.")
    if None in fingerprints_in(wanted.plan):
        raise ConflictError(
            "The plan lacks the SHA-256 of secrets, as who made it may not see them; plan the file again with an "
            "admin key that has the scope keys, too."
        )
    if any(step.kind in _OF_KEYS for step in plan.steps) and not allows(asked.by.scopes, Scope.KEYS):
        raise AdminError(Code.SCOPE_MISSING, "The plan changes workspaces or keys; it needs the scope keys, too.")
    for step in plan.steps:
        if step.kind is Subject.SOURCE:
            check_source(step.subject, _config(step.before), _config(step.after))
    _service(doing.store, asked, wanted.secrets).apply_saved(plan, max_deletes=wanted.max_deletes)
    return plan


def _config(record: Record) -> dict[str, Any]:
    return {} if record is None else dict(record.get("config", {}))


def _applied(_reading: ReadTransaction, _asked: Asked, plan: Plan) -> Answer:
    return {"id": plan_id(plan), "applied": len(plan.steps)}


def _export(reading: ReadTransaction, asked: Asked) -> Answer:
    query: ExportQuery = asked.query
    found = manifest_record(export_manifest(reading, query.manager, query.held_by, asked.now, query.only))
    if any(fingerprints_in(found)) and not may_see_fingerprints(asked):
        raise AdminError(
            Code.SCOPE_MISSING,
            "The file would hold the SHA-256 of keys' secrets, which needs an admin key with the scope keys or "
            "all; to have it without keys, name the other collections, as with only=models.",
            "only",
        )
    return found


def _snapshot(store: Store, asked: Asked) -> Answer:
    found = take_snapshot(store)
    if any(fingerprints_in(found)) and not may_see_fingerprints(asked):
        raise AdminError(
            Code.SCOPE_MISSING,
            "The snapshot would hold the SHA-256 of keys' secrets, as catalogue files name them; it needs an admin "
            "key with the scope keys or all.",
        )
    return found


PLANS: Final = (
    Endpoint(
        method="POST",
        path=_PLANS,
        operation="planCatalogFile",
        summary="Return what a catalogue file would change; nothing is changed.",
        scope=Scope.READ,
        body=Document,
        answer=PlannedAnswer,
        run=_plan,
    ),
    Endpoint(
        method="POST",
        path=f"{_PLANS}/{{plan}}/apply",
        operation="applyPlan",
        summary="Apply a plan: all of it or nothing; it is refused if what it changes has changed since.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        body=PlanToApply,
        answer=AppliedAnswer,
        check=_check,
        act=_apply,
        show=_applied,
    ),
    Endpoint(
        method="GET",
        path=f"{ROOT}/catalog/export",
        operation="exportCatalog",
        summary="Return what there is as a catalogue file. Secrets are not in it.",
        scope=Scope.READ,
        query=ExportQuery,
        answer=AnyAnswer,
        read=_export,
    ),
    Endpoint(
        method="GET",
        path=f"{ROOT}/catalog/snapshot",
        operation="takeSnapshot",
        summary="Return what a plan depends on, for callsheet plan --offline.",
        scope=Scope.READ,
        answer=AnyAnswer,
        run=_snapshot,
    ),
)

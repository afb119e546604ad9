"""Reading a plan that was kept as JSON: strictly, as what it says will be done."""

import json
from typing import Any, Final

from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Action, Subject
from callsheet.domain.claims.claims import ClaimKind
from callsheet.domain.claims.manager import Manager, parse_manager
from callsheet.domain.errors import InvalidError
from callsheet.domain.plan.impact import (
    AUDIENCE_FIELDS,
    MODEL_GROUPS,
    AliasMove,
    Audience,
    Impact,
    LostReplacement,
    WorkspaceName,
)
from callsheet.domain.plan.json_object import JSONObject, damaged
from callsheet.domain.plan.plan import FORMAT_VERSION, Plan
from callsheet.domain.plan.step import ClaimsChange, Record, Step
from callsheet.domain.plan.warnings import PlanWarning

_PLAN: Final = ("format_version", "installation", "base_revision", "manager", "steps", "impact", "warnings")
_STEP: Final = ("action", "kind", "subject", "manager", "claims", "before", "after")
_CLAIMED: Final = frozenset(map(Subject, ClaimKind))
_IMPACT: Final = ("audiences", "aliases", "replacements", "harms")


def read_plan(text: str | bytes) -> Plan:
    """Return the plan that is in ``text``, as JSON of `Plan.record`.

    Raises
    ------
    InvalidError
        It is not a plan, is damaged, or was made by a later release in a form that this one does not know.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidError("The plan is not valid JSON, or not all of it is there; make the plan again.") from None
    if not isinstance(content, dict) or "format_version" not in content:
        raise InvalidError("The file is not a plan: it has no format_version; name a file that holds a plan.")
    version = content["format_version"]
    if type(version) is not int or version < FORMAT_VERSION:
        raise damaged("format_version", f"must be {FORMAT_VERSION}")
    if version > FORMAT_VERSION:
        raise InvalidError(
            f"The plan has the format version {version}, and this release reads up to {FORMAT_VERSION}; "
            "apply it with the release that made it, or make the plan again."
        )
    return _plan(JSONObject(content, _PLAN))


def _plan(content: JSONObject) -> Plan:
    revision = content.value("base_revision", int)
    if revision < 0:
        raise damaged("base_revision", "must not be negative")
    steps = content.each("steps", _STEP, _step)
    if len({step.identity for step in steps}) < len(steps):
        raise damaged("steps", "must not name one thing twice")
    return Plan(
        installation=content.value("installation", str),
        base_revision=revision,
        manager=_manager(content),
        steps=steps,
        impact=_impact(JSONObject(content.value("impact", dict), _IMPACT, "impact")),
        warnings=content.each("warnings", PlanWarning._fields, _warning),
    )


def _step(content: JSONObject) -> Step:
    kind = content.member("kind", Subject)
    return Step(
        action=content.member("action", Action),
        kind=kind,
        subject=content.value("subject", str),
        manager=_manager(content),
        claims=_claims(content, kind),
        before=_record(content, "before", kind),
        after=_record(content, "after", kind),
    )


def _record(step: JSONObject, name: str, kind: Subject) -> Record:
    """A thing as it is or will be; what becomes of it is decided again, so only what is shown is looked at."""
    record = step.optional(name, dict)
    if record is not None and kind is Subject.ALIAS:
        alias = JSONObject(record, Alias._fields, step.where(name))
        return Alias(alias.value("alias", str), alias.value("model_id", str)).record()
    return record


def _claims(step: JSONObject, kind: Subject) -> ClaimsChange | None:
    content = step.optional("claims", dict)
    if content is None:
        return None
    if kind not in _CLAIMED:
        raise damaged(step.where("claims"), f"must be null, as nothing is claimed of the {kind}")
    claims = JSONObject(content, ClaimsChange._fields, step.where("claims"))
    return ClaimsChange(_said(claims, "before"), _said(claims, "after"))


def _said(claims: JSONObject, name: str) -> Record:
    content = claims.optional(name, dict)
    if content is None:
        return None
    said = JSONObject(content, ("lists", "fields"), claims.where(name))
    return {"lists": said.optional("lists", bool), "fields": said.value("fields", dict)}


def _impact(content: JSONObject) -> Impact:
    impact = Impact(
        audiences=content.each("audiences", AUDIENCE_FIELDS, _audience),
        aliases=content.each("aliases", AliasMove._fields, _alias),
        replacements=content.each("replacements", LostReplacement._fields, _replacement),
    )
    if content.value("harms", list) != sorted(impact.harms()):
        raise damaged(content.where("harms"), "must be what the rest of the impact comes to")
    return impact


def _audience(content: JSONObject) -> Audience:
    groups: dict[str, Any] = {name: content.texts(name) for name in (*MODEL_GROUPS, "lines_lost")}
    flags: dict[str, Any] = {name: content.value(name, bool) for name in ("is_emptied", "starts", "stops")}
    return Audience(
        workspaces=content.each("workspaces", WorkspaceName._fields, _workspace),
        keys=content.value("keys", int),
        **groups,
        **flags,
    )


def _workspace(content: JSONObject) -> WorkspaceName:
    return WorkspaceName(content.value("id", str), content.value("name", str))


def _alias(content: JSONObject) -> AliasMove:
    return AliasMove(
        content.value("alias", str),
        content.optional("before", str),
        content.optional("after", str),
        content.value("is_orphaned", bool),
    )


def _replacement(content: JSONObject) -> LostReplacement:
    return LostReplacement(content.value("model", str), content.value("replacement", str))


def _warning(content: JSONObject) -> PlanWarning:
    return PlanWarning(content.value("code", str), content.value("message", str), content.texts("subjects"))


def _manager(content: JSONObject) -> Manager:
    try:
        return parse_manager(content.value("manager", str))
    except InvalidError:
        raise damaged(content.where("manager"), "must be a manager such as person or file:NAME") from None

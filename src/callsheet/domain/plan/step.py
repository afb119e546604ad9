"""Step: one thing that a plan changes, as plain JSON values, so that it can be kept, compared and shown."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, TypeAlias

from callsheet.domain.access.admin_key import AdminKey
from callsheet.domain.access.calendar import Calendar
from callsheet.domain.access.key import APIKey
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.change import Action, AnyChange, Subject
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.webhooks.webhook import Webhook

#: The fields of a thing by name, as its ``record`` gives them; None if it is not there.
Record: TypeAlias = Mapping[str, Any] | None


class ClaimsChange(NamedTuple):
    """What a manager says of the subject of a step: its ``lists`` and ``fields``, before and after, or None."""

    before: Record
    after: Record


#: Kinds of things that note when they were made, archived or revoked. The date of a model is a fact.
_DATED: Final = frozenset(
    {
        *(Subject.WORKSPACE, Subject.KEY, Subject.SOURCE),
        *(Subject.ADMIN_KEY, Subject.CALENDAR, Subject.WEBHOOK),
    }
)

#: Fields that hold such a time.
_MOMENTS: Final = ("created_at", "archived_at", "revoked_at")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that changes.

    Parameters
    ----------
    action
        What is done.
    kind, subject
        What changes: its kind, and its id; of an alias, the alias. A workspace or key that gets its id only when it
        is made is named by its name.
    manager
        Who changes it.
    claims
        What that manager says of it, if that changes.
    before, after
        The thing as it is and as it will be; both None if only claims change. What is not known of a workspace or
        key before it is made is None: ``id``, ``created_at``, and ``partial_key_hint`` of a secret that is still to
        be made. The workspace of a key, or of the keys of a source, is named by its name if it is still to be made.
    """

    action: Action
    kind: Subject
    subject: str
    manager: Manager
    claims: ClaimsChange | None
    before: Record
    after: Record

    @property
    def decided(self) -> "Step":
        """What of it has been decided, for comparing: not when something is added, archived or revoked."""
        if self.after is None:
            return self
        before = self.before or {}
        moments = {name for name in _MOMENTS if name in self.after}
        moved = {name: None for name in moments if self.kind in _DATED and self.after[name] != before.get(name)}
        return replace(self, after={**self.after, **moved}) if moved else self

    @property
    def identity(self) -> tuple[str, str, str]:
        """What distinguishes it from the other steps of a plan."""
        return self.kind, self.subject, str(self.manager)

    @property
    def wanted(self) -> Claims | None:
        """The claims that the step leads to, which are empty if they go; None if none change."""
        if self.claims is None:
            return None
        said = self.claims.after or {"lists": None, "fields": {}}
        return Claims(self.subject, self.manager, said["lists"], said["fields"], ClaimKind(self.kind))

    @property
    def is_of_claims_only(self) -> bool:
        """Whether the thing itself stays as it is."""
        return self.claims is not None and self.before is None and self.after is None

    def record(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "action": str(self.action),
            "kind": str(self.kind),
            "subject": self.subject,
            "manager": str(self.manager),
            "claims": None if self.claims is None else self.claims._asdict(),
            "before": self.before,
            "after": self.after,
        }


class Made(NamedTuple):
    """What was made for a list of changes, and would be made differently the next time.

    Parameters
    ----------
    ids
        Ids of workspaces, keys and webhooks.
    with_secret
        Ids of the keys and webhooks whose secret was made.
    """

    ids: Collection[str] = ()
    with_secret: Collection[str] = ()


NOTHING_MADE: Final = Made()


def steps_of(changes: Iterable[AnyChange], manager: Manager, made: Made = NOTHING_MADE) -> tuple[Step, ...]:
    """Return the steps of ``changes``, in their order: one for each thing, however often it changes.

    Parameters
    ----------
    changes
        As the rules of change give them, in an order in which they can be made.
    manager
        Whose the changes are that do not say whose claims bring them about.
    made
        What was made for them.
    """
    net = _net(changes)
    names = {each.subject: _name_of(each) for each in net if each.before is None and each.subject in made.ids}
    steps: dict[tuple[str, str, str], Step] = {}
    for change in net:
        step = _step_of(change, manager, made, names)
        earlier = steps.pop(step.identity, None)
        steps[step.identity] = step if earlier is None else _joined(earlier, step)
    return tuple(steps.values())


def _net(changes: Iterable[AnyChange]) -> list[AnyChange]:
    """One change for each thing, and for what each manager claims of it: from how it is to how it will be.

    What stays as it is, such as implied claims that are stored from now on, is left out.
    """
    net: dict[tuple[object, ...], AnyChange] = {}
    for change in changes:
        value = change.value
        claimed = (value.kind, value.manager) if isinstance(value, Claims) else ()
        key = (change.kind, change.subject, *claimed)
        earlier = net.pop(key, None)
        net[key] = change if earlier is None else replace(change, before=earlier.before)
    return [change for change in net.values() if change.before != change.after]


def _joined(earlier: Step, later: Step) -> Step:
    """The claims on a thing, and what becomes of the thing, as one step."""
    claims, thing = (earlier, later) if earlier.is_of_claims_only else (later, earlier)
    return replace(thing, claims=claims.claims)


def _step_of(change: AnyChange, manager: Manager, made: Made, names: Mapping[str, str]) -> Step:
    value = change.value
    if isinstance(value, Claims):
        claims = ClaimsChange(_said(change.before), _said(change.after))
        about = names.get(value.subject, value.subject)
        return Step(change.action, Subject(value.kind), about, value.manager, claims, None, None)
    subject = names.get(change.subject, change.subject)
    before: Record = None if change.before is None else change.before.record()
    after: Record = None if change.after is None else change.after.record()
    if isinstance(value, SourceRecord) and after is not None:
        after = _with_names(after, names)
    if change.before is None and isinstance(value, Workspace | APIKey | AdminKey | Calendar | Webhook):
        after = _as_far_as_known(value, made, names)
    elif change.before is None and isinstance(value, SourceRecord):
        after = {**(after or {}), "position": None, "created_at": None}  # behind those that there are then
    elif isinstance(value, Webhook) and value.id in made.with_secret:
        after = _with_unknown_secret(after)
    return Step(change.action, change.kind, subject, change.manager or manager, None, before, after)


def _said(claims: object) -> Record:
    """What is claimed, without who claims it."""
    if not isinstance(claims, Claims) or claims.is_empty:
        return None
    return {"lists": claims.lists, "fields": dict(claims.fields)}


def _with_unknown_secret(webhook: Record) -> Record:
    """The record of a webhook whose newest secret is still to be made."""
    newest, *others = (webhook or {})["secrets"]
    return {**(webhook or {}), "secrets": [{**newest, "hint": None}, *others]}


def _as_far_as_known(
    value: Workspace | APIKey | AdminKey | Calendar | Webhook, made: Made, names: Mapping[str, str]
) -> Record:
    record = dict(value.record())
    if value.id in made.ids:
        record["id"] = None
    record["created_at"] = None
    if isinstance(value, Webhook):
        return _with_unknown_secret(record) if value.id in made.with_secret else record
    if value.id in made.with_secret:
        record["partial_token_hint" if isinstance(value, Calendar) else "partial_key_hint"] = None
    if isinstance(value, APIKey) and value.workspace_id is not None:
        record["workspace_id"] = names.get(value.workspace_id, value.workspace_id)
    return record


def _with_names(source: Mapping[str, Any], names: Mapping[str, str]) -> Record:
    """The record of a source with the name of the workspace of its keys, if that is still to be made."""
    config = source["config"]
    name = names.get(config.get("workspace", ""))
    return source if name is None else {**source, "config": {**config, "workspace": name}}


def _name_of(change: AnyChange) -> str:
    value = change.value
    return value.name if isinstance(value, Workspace | APIKey | AdminKey | Calendar | Webhook) else change.subject

"""Outcome: what a sequence of changes leaves of each row that it touches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from callsheet.domain.access.admin_key import AdminKey
from callsheet.domain.access.calendar import Calendar
from callsheet.domain.access.key import APIKey
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import AnyChange
from callsheet.domain.claims.claims import Claims
from callsheet.domain.model import Model
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.webhooks.webhook import Webhook

T = TypeVar("T")
R = TypeVar("R")

#: What identifies a row of claims: kind, subject and manager.
ClaimsKey = tuple[str, str, str]


@dataclass(slots=True)
class Outcome:
    """What changes leave of each thing, by its key, so that each row is written once.

    Parameters
    ----------
    revision
        Of the changes; a field of claims that they set has been claimed since then.
    """

    revision: int
    models: dict[str, Model] = field(default_factory=dict)
    removed_models: dict[str, Model] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    removed_aliases: dict[str, None] = field(default_factory=dict)
    workspaces: dict[str, Workspace] = field(default_factory=dict)
    keys: dict[str, APIKey] = field(default_factory=dict)
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    admin_keys: dict[str, AdminKey] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
    sources: dict[str, SourceRecord] = field(default_factory=dict)
    removed_sources: dict[str, None] = field(default_factory=dict)
    claims: dict[ClaimsKey, Claims] = field(default_factory=dict)
    replaced_claims: dict[ClaimsKey, None] = field(default_factory=dict)
    """The claims that were there before."""

    @classmethod
    def of(cls, changes: Iterable[AnyChange], revision: int) -> "Outcome":
        """Return what ``changes`` lead to, one after the other."""
        result = cls(revision)
        for change in changes:
            result._take(change)
        return result

    def _take(self, change: AnyChange) -> None:
        goes = change.after is None
        match change.value:
            case Claims() as claims:
                before = change.before
                self._claim(claims, before if isinstance(before, Claims) else None, goes=goes or claims.is_empty)
            case Model() as model:
                _move(self.models, self.removed_models, model.id, model, model, goes=goes)
            case Alias(alias, model_id):
                _move(self.aliases, self.removed_aliases, alias, model_id, None, goes=goes)
            case SourceRecord() as source:
                _move(self.sources, self.removed_sources, source.name, source, None, goes=goes)
            case Workspace() as workspace:
                self.workspaces[workspace.id] = workspace
            case APIKey() as key:
                self.keys[key.id] = key
            case Webhook() as webhook:
                self.webhooks[webhook.id] = webhook
            case AdminKey() as admin_key:
                self.admin_keys[admin_key.id] = admin_key
            case Calendar() as calendar:
                self.calendars[calendar.id] = calendar

    def _claim(self, claims: Claims, before: Claims | None, *, goes: bool) -> None:
        key = (claims.kind, claims.subject, str(claims.manager))
        past = self.claims.pop(key, before)
        if before is not None and past is before:
            self.replaced_claims[key] = None
        if not goes:
            self.claims[key] = replace(claims, since=_since(past, claims, self.revision))


def _move(there: dict[str, T], gone: dict[str, R], key: str, value: T, rest: R, *, goes: bool) -> None:
    """Enter a thing where it is after a change: among those that are there, or those that are gone."""
    if goes:
        there.pop(key, None)
        gone[key] = rest
    else:
        gone.pop(key, None)
        there[key] = value


def _since(before: Claims | None, after: Claims, revision: int) -> Mapping[str, int]:
    """Since when each field is claimed: what has not changed, as long as before."""
    past = _said(before) if before is not None else {}
    known = before.since if before is not None else {}
    result = {}
    for name, value in _said(after).items():
        if name not in past or past[name] != value:
            result[name] = revision
        elif name in known:
            result[name] = known[name]
    return result


def _said(claims: Claims) -> Mapping[str, object]:
    return claims.fields if claims.lists is None else {"lists": claims.lists, **claims.fields}

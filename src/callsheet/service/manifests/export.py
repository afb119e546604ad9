"""Export: what is there as a catalogue file."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.alias import Alias
from callsheet.domain.claims.claims import CLAIMABLE, ClaimKind, Claims
from callsheet.domain.claims.implied import implied_by
from callsheet.domain.claims.manager import PERSON, Manager
from callsheet.domain.claims.values import claimed_by
from callsheet.domain.declared.models import FORMER, PROTECTED
from callsheet.domain.manifest import Collection, Entries, Entry, Manifest
from callsheet.domain.sources.asking import FORGOTTEN_AT
from callsheet.domain.times import format_instant
from callsheet.storage.transactions.read import ReadTransaction


class Holders(StrEnum):
    """Whose claims an export holds."""

    FILE = "file"
    PEOPLE = "people"
    EVERYONE = "everyone"


_KINDS: Final = {
    Collection.WORKSPACES: ClaimKind.WORKSPACE,
    Collection.KEYS: ClaimKind.KEY,
    Collection.SOURCES: ClaimKind.SOURCE,
}


def export_manifest(
    reading: ReadTransaction, name: str, holders: Holders, now: datetime, only: Iterable[Collection] | None = None
) -> Manifest:
    """Return what is there as a file of the manager ``name``.

    Parameters
    ----------
    reading
        What is there.
    name
        Of the manager.
    holders
        ``FILE``: what the files of this manager hold, so that a plan of the export is empty. ``PEOPLE``: that, and
        what people hold, so that `adopt` takes it over; workspaces, keys and sources are all there are.
        ``EVERYONE``: all models and aliases with all that is known of them, whichever manager says so, instead.
    now
        The time (aware): keys that have expired are left out.
    only
        The collections that are wanted; None for all.

    A collection without anything in it is left out.
    """
    manager = Manifest(name).manager
    found = _held(reading, manager) if holders is Holders.FILE else _all(reading, manager, holders, now)
    if only is None:
        return found
    wanted = frozenset(only)
    return Manifest(name, **{str(each): entries for each, entries in found.collections() if each in wanted})


def _all(reading: ReadTransaction, manager: Manager, holders: Holders, now: datetime) -> Manifest:
    if holders is Holders.EVERYONE:
        models: Entries = tuple(Entry(model.id, claimed_by(model)) for model in reading.models())
        aliases: Entries = tuple(
            Entry(alias, {"model_id": target}) for alias, target in sorted(reading.aliases().items())
        )
    else:
        models = _of_people(reading, manager, ClaimKind.MODEL)
        aliases = _of_people(reading, manager, ClaimKind.ALIAS)
    found = {
        Collection.MODELS: _sorted(models),
        Collection.ALIASES: _sorted(aliases),
        Collection.WORKSPACES: _workspaces(reading, manager),
        Collection.KEYS: _keys(reading, manager, now),
        Collection.SOURCES: _sources(reading, manager),
    }
    return Manifest(manager.name, **{str(each): entries for each, entries in found.items() if entries})


def _held(reading: ReadTransaction, manager: Manager) -> Manifest:
    claims = list(reading.claims_by(manager))
    former = {
        str(each.fields["model_id"]): each.subject
        for each in claims
        if each.kind is ClaimKind.ALIAS and each.fields.get(FORMER)
    }
    found: dict[Collection, list[Entry]] = {}
    for each in claims:
        if each.kind is ClaimKind.MODEL:
            found.setdefault(Collection.MODELS, []).append(_entry(each, former.get(each.subject)))
        elif each.kind is ClaimKind.ALIAS:
            if not each.fields.get(FORMER):
                found.setdefault(Collection.ALIASES, []).append(_entry(each))
        else:
            collection = next(name for name, kind in _KINDS.items() if kind is each.kind)
            found.setdefault(collection, []).append(_kept(each))
    for model in former.keys() - {each.subject for each in claims if each.kind is ClaimKind.MODEL}:
        found.setdefault(Collection.MODELS, []).append(Entry(model, {}, None, was=former[model]))
    return Manifest(manager.name, **{str(each): _sorted(entries) for each, entries in found.items()})


def _entry(claims: Claims, was: str | None = None) -> Entry:
    known = CLAIMABLE if claims.kind is ClaimKind.MODEL else {"model_id"}
    fields = {name: value for name, value in claims.fields.items() if name in known}
    return Entry(claims.subject, fields, claims.lists, bool(claims.fields.get(PROTECTED)), was)


def _kept(claims: Claims) -> Entry:
    """The entry that a file had of a workspace, key or source."""
    fields = {name: value for name, value in claims.fields.items() if name not in ("name", PROTECTED)}
    subject = str(claims.fields.get("name", claims.subject))
    return Entry(subject, fields, protected=bool(claims.fields.get(PROTECTED)))


def _of_people(reading: ReadTransaction, manager: Manager, kind: ClaimKind) -> Entries:
    """What people and the file hold of models or aliases, what people say first."""
    stored: dict[str, dict[Manager, Claims]] = {}
    for who in (PERSON, manager):
        for each in reading.claims_by(who, kind):
            stored.setdefault(each.subject, {})[who] = each
    entries = [_joined(claims, manager) for claims in stored.values()]
    return (*entries, *(_entry(each) for each in _implied(reading, kind)))


def _joined(claims: Mapping[Manager, Claims], manager: Manager) -> Entry:
    ours, theirs = claims.get(manager), claims.get(PERSON)
    if ours is None or theirs is None:
        only = ours or theirs
        assert only is not None  # noqa: S101  # there is one of each subject
        return _entry(only)
    lists = ours.lists if theirs.lists is None else theirs.lists
    fields = {} if lists is False else {**ours.fields, **theirs.fields}
    return _entry(Claims(ours.subject, manager, lists, fields, ours.kind))


def _implied(reading: ReadTransaction, kind: ClaimKind) -> Iterator[Claims]:
    """What people hold without any claims that are stored."""
    if kind is ClaimKind.MODEL:
        stored = reading.claims_of(reading.model_ids())
        yield from (implied_by(model) for model in reading.models() if model.id not in stored)
        return
    aliases = reading.aliases()
    stored = reading.claims_of(aliases, kind)
    yield from (implied_by(Alias(name, target)) for name, target in aliases.items() if name not in stored)


def _workspaces(reading: ReadTransaction, manager: Manager) -> Entries:
    held = {each.subject: each for each in reading.claims_by(manager, ClaimKind.WORKSPACE)}
    in_use = (each for each in reading.workspaces() if each.archived_at is None)
    entries = {each.id: _workspace(each, held.get(each.id)) for each in in_use}
    default = reading.default_workspace_id()
    if default in entries and default not in held and not entries[default].fields:
        del entries[default]  # which every installation has
    return _sorted(entries.values())


def _workspace(workspace: Workspace, held: Claims | None) -> Entry:
    said = {} if held is None else held.fields
    record = workspace.record()
    fields = {name: record[name] for name in ("allow", "deny", "shape") if record[name] or name in said}
    return Entry(workspace.name, fields, protected=bool(said.get(PROTECTED)))


def _keys(reading: ReadTransaction, manager: Manager, now: datetime) -> Entries:
    held = {each.subject: each for each in reading.claims_by(manager, ClaimKind.KEY)}
    names = {each.id: each.name for each in reading.workspaces()}
    default = reading.default_workspace_id()
    usable = (each for each in reading.api_keys() if each.status is not KeyStatus.ARCHIVED)
    return _sorted(_key(each, held.get(each.id), names, default) for each in usable if not each.is_expired(now))


def _key(key: APIKey, held: Claims | None, names: Mapping[str, str], default: str | None) -> Entry:
    said: Mapping[str, Any] = {} if held is None else held.fields
    fields: dict[str, Any] = {"secret_sha256": key.fingerprint.hex()}
    if "secret_env" in said:
        fields = {"secret_env": said["secret_env"]}
    elif key.hint:
        fields["hint"] = key.hint
    if key.workspace_id is None:
        fields["organization"] = True
    elif key.workspace_id != default or "workspace" in said:
        fields["workspace"] = names[key.workspace_id]
    if key.expires_at is not None:
        fields["expires_at"] = format_instant(key.expires_at)
    if key.status is KeyStatus.DISABLED or "status" in said:
        fields["status"] = str(key.status)
    return Entry(key.name, fields, protected=bool(said.get(PROTECTED)))


def _sources(reading: ReadTransaction, manager: Manager) -> Entries:
    held = {each.subject: each for each in reading.claims_by(manager, ClaimKind.SOURCE)}
    return tuple(  # in the order of their precedence
        Entry(
            each.name,
            {name: value for name, value in each.config.items() if name != FORGOTTEN_AT},
            protected=each.name in held and bool(held[each.name].fields.get(PROTECTED)),
        )
        for each in reading.sources()
    )


def _sorted(entries: Iterable[Entry]) -> Entries:
    return tuple(sorted(entries, key=lambda entry: entry.subject))

"""Sources of a file: which are added, configured and removed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.change import Action, Change, Subject, change_of
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager, ManagerKind
from callsheet.domain.declared.deciding import Declaring
from callsheet.domain.declared.held import Held, settle
from callsheet.domain.declared.models import PROTECTED, check_protected
from callsheet.domain.declared.reader import DeclaredReader
from callsheet.domain.errors import RefusedError
from callsheet.domain.manifest import Entry
from callsheet.domain.sources.asking import FORGOTTEN_AT, check_asking, workspace_id_of
from callsheet.domain.sources.source import SourceRecord

_KIND: Final = ClaimKind.SOURCE


def wanted_sources(reader: DeclaredReader, manager: Manager, entries: Sequence[Entry]) -> Iterator[Claims]:
    """Yield what ``manager`` is to say of sources, from what its files hold; see `declare_sources`.

    ``lists`` is True of those that the file added; of others that it found there, it is None.

    Raises
    ------
    ConflictError
        What is protected would go.
    """
    rows = {each.subject: each for each in reader.claims_by(manager, _KIND)}
    known = {each.name for each in reader.sources([entry.subject for entry in entries])}
    for entry in entries:
        row = rows.get(entry.subject)
        lists = True if entry.subject not in known else None if row is None else row.lists
        fields = {**entry.fields, **({PROTECTED: True} if entry.protected else {})}
        yield Claims(entry.subject, manager, lists, fields, _KIND)
    subjects = {entry.subject for entry in entries}
    gone = [each for each in rows.values() if each.subject not in subjects]
    check_protected("sources", gone)
    yield from (Claims(each.subject, manager, kind=_KIND) for each in gone)


def declare_sources(declaring: Declaring, wanted: Iterable[Claims]) -> list[Claims]:
    """Decide what becomes of sources; return claims on models and aliases to drop, those of sources that go.

    Claims that are empty are of a source that left the file: it is removed if the file added it. Where a source is
    asked is checked before. The workspaces of the file have to be decided already.

    Raises
    ------
    ConflictError
        Two sources would be asked about keys, or the keys of one would belong to an archived workspace.
    DoesNotExistError
        They would belong to a workspace that does not exist.
    """
    wanted = list(wanted)
    records = {each.name: each for each in declaring.reader.sources()}
    applied = declaring.applied(_KIND, [each.subject for each in wanted])
    released: list[Claims] = []
    for claims in wanted:
        before = applied.get(claims.subject)
        record = records.get(claims.subject)
        if claims.is_empty:
            declaring.claim(before, None)
            if before is not None and before.lists and record is not None:
                released += _released(declaring.reader, record)
                declaring.add([Change(Action.REMOVE, record, None)])
        elif record is None:
            position = max((each.position for each in records.values()), default=0) + 1
            resolved = _resolved(declaring, claims.fields)
            config = {name: value for name, value in resolved.items() if name != PROTECTED}
            record = SourceRecord(claims.subject, position, config, declaring.now)
            records[record.name] = record
            declaring.claim(before, claims)
            declaring.add([Change(Action.ADD, None, record)])
        else:
            made = claims.lists or declaring.adopt
            declaring.claim(before, replace(claims, lists=True if made else None))
            _configure(declaring, record, claims, before)
    _check_asking(declaring)
    return released


def _configure(declaring: Declaring, record: SourceRecord, claims: Claims, applied: Claims | None) -> None:
    before = {} if applied is None else _resolved(declaring, applied.fields, record)
    wanted = _resolved(declaring, claims.fields)
    names = (record.config.keys() | wanted.keys() | before.keys()) - {PROTECTED, FORGOTTEN_AT}
    every = sorted(names)
    settled = settle(
        {name: wanted.get(name) for name in every},
        {} if applied is None else {name: before.get(name) for name in every},
        {name: record.config.get(name) for name in every},
        dict.fromkeys(every),
        adopt=declaring.adopt,
    )
    declaring.held += [
        Held(Subject.SOURCE, record.name, name, value, record.config.get(name))
        for name, value in settled.held.items()
    ]
    values = {**record.config, **settled.changed}
    config = {name: value for name, value in values.items() if value is not None}
    declaring.add(change_of(Action.CHANGE, record, replace(record, config=config)))


def _resolved(
    declaring: Declaring, fields: Mapping[str, Any], present: SourceRecord | None = None
) -> Mapping[str, Any]:
    """The fields of a file with the id of the workspace that they name.

    Parameters
    ----------
    present
        The source, if the fields are those of an earlier file: what these named may be gone.
    """
    name = fields.get("workspace")
    if not name:
        return fields
    try:
        workspace_id = declaring.workspace_id(str(name), "the keys of the source")
    except RefusedError:
        if present is None:
            raise
        workspace_id = workspace_id_of(present)
    return {**fields, "workspace": workspace_id}


def _check_asking(declaring: Declaring) -> None:
    sources = {each.name: each for each in declaring.reader.sources()}
    for change in declaring.changes:
        if isinstance(change.value, SourceRecord):
            sources.pop(change.subject, None)
            if change.after is not None:
                sources[change.subject] = change.value
    decided = declaring.workspaces()

    def workspace_of(workspace_id: str) -> Workspace | None:
        return decided.get(workspace_id) or next(iter(declaring.reader.workspaces([workspace_id])), None)

    check_asking(sources.values(), workspace_of)


def _released(reader: DeclaredReader, record: SourceRecord) -> Iterator[Claims]:
    for kind in (ManagerKind.SOURCE, ManagerKind.ENRICHMENT):
        for each in reader.claims_by(Manager(kind, record.name)):
            yield Claims(each.subject, each.manager, kind=each.kind)

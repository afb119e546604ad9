"""Workspaces of a file: which are created, changed and archived."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from callsheet.domain.access.visibility import Visibility, check_patterns
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.changes.change import Action, Change, Subject, change_of
from callsheet.domain.changes.workspaces import archive_unless_default
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.declared.deciding import Declaring
from callsheet.domain.declared.held import Held, settle
from callsheet.domain.declared.named import wanted_by_name
from callsheet.domain.declared.reader import DeclaredReader
from callsheet.domain.errors import ConflictError
from callsheet.domain.manifest import Entry

_DEFAULTS: Final[Mapping[str, Any]] = {"allow": [], "deny": [], "shape": None}

_KIND: Final = ClaimKind.WORKSPACE


def wanted_workspaces(reader: DeclaredReader, manager: Manager, entries: Sequence[Entry]) -> Iterator[Claims]:
    """Return what ``manager`` is to say of workspaces, from what its files hold; see `declare_workspaces`.

    Raises
    ------
    ConflictError
        What is protected would go.
    """
    return wanted_by_name(reader, manager, _KIND, entries, lambda name: _in_use(reader, name))


def declare_workspaces(declaring: Declaring, wanted: Iterable[Claims]) -> None:
    """Decide what becomes of workspaces, given what the manager is to say of each.

    The subject of claims is the id of a workspace; of one that is to be created, its name. Claims that are empty
    are of one that left the file: it is archived if the file made it.

    Raises
    ------
    InvalidError
        A value is not valid.
    ConflictError
        Two workspaces would have the same name.
    """
    wanted = list(wanted)
    present = {each.id: each for each in declaring.reader.workspaces([each.subject for each in wanted])}
    applied = declaring.applied(_KIND, present)
    for claims in wanted:
        if claims.is_empty and claims.subject in present:
            _drop(declaring, present[claims.subject], applied.get(claims.subject))
    for claims in wanted:
        if claims.is_empty:
            continue
        if claims.subject in present:
            _change(declaring, present[claims.subject], claims, applied.get(claims.subject))
        else:
            _create(declaring, claims)
    _check_names(declaring)


def _drop(declaring: Declaring, workspace: Workspace, applied: Claims | None) -> None:
    declaring.claim(applied, None)
    is_default = workspace.id == declaring.reader.default_workspace_id()  # which is never archived
    if applied is not None and applied.lists and workspace.archived_at is None and not is_default:
        declaring.add(archive_unless_default(declaring.reader, workspace, declaring.now))


def _create(declaring: Declaring, claims: Claims) -> None:
    workspace = Workspace(
        id=declaring.new.workspace_id(),
        name=str(claims.fields["name"]),
        visibility=_visibility({**_DEFAULTS, **claims.fields}),
        shape=_shape(claims.fields.get("shape")),
        created_at=declaring.now,
    )
    check_patterns(workspace.visibility)
    declaring.claim(None, replace(claims, subject=workspace.id))
    declaring.add([Change(Action.CREATE, None, workspace)])


def _change(declaring: Declaring, workspace: Workspace, claims: Claims, applied: Claims | None) -> None:
    made = claims.lists or declaring.adopt
    claims = replace(claims, lists=True if made else None)
    declaring.claim(applied, claims)
    if workspace.archived_at is not None:
        declaring.held.append(Held(Subject.WORKSPACE, workspace.name, "lists", True, False))
        return
    record = workspace.record()
    present = {name: record[name] for name in ("name", *_DEFAULTS)}
    defaults = {"name": record["name"] if applied is None else claims.fields["name"], **_DEFAULTS}
    before = {} if applied is None else applied.fields
    settled = settle(claims.fields, before, present, defaults, adopt=declaring.adopt)
    declaring.held += [
        Held(Subject.WORKSPACE, workspace.name, name, value, present[name]) for name, value in settled.held.items()
    ]
    values = {**present, **settled.changed}
    after = replace(workspace, name=values["name"], visibility=_visibility(values), shape=_shape(values["shape"]))
    if after.visibility != workspace.visibility:
        check_patterns(after.visibility)
    declaring.add(change_of(Action.CHANGE, workspace, after))


def _check_names(declaring: Declaring) -> None:
    """Raise ConflictError if two workspaces in use would have the same name."""
    after = {change.subject: change.value for change in declaring.changes if isinstance(change.value, Workspace)}
    for workspace in after.values():
        named = {each.id: each for each in declaring.reader.workspaces_named(workspace.name)}
        for other in {**named, **after}.values():
            same = other.name == workspace.name and other.archived_at is workspace.archived_at is None
            if same and other.id != workspace.id and after.get(other.id, other) is other:
                raise ConflictError(f"Two workspaces would be named {workspace.name!r}; rename one, or say was.")


def _in_use(reader: DeclaredReader, name: str) -> Workspace | None:
    return next((each for each in reader.workspaces_named(name) if each.archived_at is None), None)


def _visibility(values: Mapping[str, Any]) -> Visibility:
    return Visibility(tuple(values["allow"]), tuple(values["deny"]))


def _shape(value: Any) -> Shape | None:
    return None if value is None else Shape(value)

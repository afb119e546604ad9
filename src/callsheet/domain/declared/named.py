"""Things that files call by a name and databases by an id: what a file is to say of workspaces and keys."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeAlias

from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.declared.models import PROTECTED, check_protected
from callsheet.domain.declared.reader import DeclaredReader
from callsheet.domain.manifest import Entry


class _Named(Protocol):
    @property
    def id(self) -> str: ...


#: Returns what is in use under a name, or None.
Find: TypeAlias = Callable[[str], _Named | None]


def wanted_by_name(
    reader: DeclaredReader, manager: Manager, kind: ClaimKind, entries: Sequence[Entry], find: Find
) -> Iterator[Claims]:
    """Yield what ``manager`` is to say of things of one kind, from what its files hold.

    ``lists`` is True of those that the file made; of others that it found there, it is None. The subject of claims
    is an id; of a thing that is to be created, its name. What left the file has empty claims.

    Raises
    ------
    ConflictError
        What is protected would go.
    """
    rows = {str(each.fields["name"]): each for each in reader.claims_by(manager, kind)}
    kept: set[str] = set()
    for entry in entries:
        row = rows.get(entry.subject) or rows.get(entry.was or "")
        fields = {"name": entry.subject, **entry.fields, **({PROTECTED: True} if entry.protected else {})}
        if row is not None:
            kept.add(row.subject)
            yield Claims(row.subject, manager, row.lists, fields, kind)
            continue
        found = find(entry.subject) or (find(entry.was) if entry.was else None)
        if found is None:
            yield Claims(entry.subject, manager, lists=True, fields=fields, kind=kind)
        else:
            yield Claims(found.id, manager, fields=fields, kind=kind)
    gone = [each for each in rows.values() if each.subject not in kept]
    check_protected(f"{kind}s", gone)
    yield from (Claims(each.subject, manager, kind=kind) for each in gone)

"""Manifest: what a catalogue file says, as a value.

A collection that the file does not name is None: the file has no say in it. One that it names is complete: what its
manager applied before, and the file no longer holds, goes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, TypeAlias

from callsheet.domain.claims.manager import Manager, ManagerKind
from callsheet.domain.faults import NOWHERE, Place


class Collection(StrEnum):
    """The collections of a catalogue file, in the order in which they are written."""

    MODELS = "models"
    ALIASES = "aliases"
    WORKSPACES = "workspaces"
    KEYS = "keys"
    SOURCES = "sources"


@dataclass(frozen=True, slots=True)
class Entry:
    """What entries of every collection have in common.

    Parameters
    ----------
    subject
        What the entry is of: the id of a model, an alias, the name of a workspace, a key or a source.
    fields
        What the file says of it: field to plain JSON value. None says that the value is not known. Of a model those
        of `callsheet.domain.claims.claims.CLAIMABLE`; a field that is absent is left to others.
    listed
        True: it exists. False: it does not, whatever managers of lower rank say. None: others decide; the file only
        says something of its fields. Only models and aliases can have another value than True.
    protected
        Refuse to remove it.
    was
        Its name before it was renamed, or None.
    place
        Where it was read.
    """

    subject: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    listed: bool | None = True
    protected: bool = False
    was: str | None = None
    place: Place = field(default=NOWHERE, compare=False)


Entries: TypeAlias = tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one manager's files say.

    Parameters
    ----------
    name
        Of the manager.
    models, aliases, workspaces, keys, sources
        Entries in the order of the files; None if no file names the collection.
    """

    name: str
    models: Entries | None = None
    aliases: Entries | None = None
    workspaces: Entries | None = None
    keys: Entries | None = None
    sources: Entries | None = None

    @property
    def manager(self) -> Manager:
        """The manager that claims what the files say."""
        return Manager(ManagerKind.FILE, self.name)

    def entries(self, collection: Collection) -> Entries | None:
        """Return the entries of one collection; None if no file names it."""
        found: Entries | None = getattr(self, collection)
        return found

    def collections(self) -> Iterator[tuple[Collection, Entries]]:
        """Yield the collections that a file names, each with its entries."""
        for collection in Collection:
            found = self.entries(collection)
            if found is not None:
                yield collection, found

    def joined(self, other: "Manifest") -> "Manifest":
        """Return what both say, two files of one manager."""
        return Manifest(self.name, *(_joined(self.entries(each), other.entries(each)) for each in Collection))


def _joined(one: Entries | None, other: Entries | None) -> Entries | None:
    return one if other is None else other if one is None else (*one, *other)


def doubles(entries: Iterable[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """Yield each entry of which there was one before, with that."""
    first: dict[str, Entry] = {}
    for entry in entries:
        earlier = first.setdefault(entry.subject, entry)
        if earlier is not entry:
            yield entry, earlier


assert [each.name for each in fields(Manifest)] == ["name", *Collection]  # noqa: S101  # `joined` relies on it

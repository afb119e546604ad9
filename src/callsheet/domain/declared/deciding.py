"""Declaring: what the rules for a file share while they decide."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.change import Action, AnyChange, Change
from callsheet.domain.changes.lookup import find_workspace
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.declared.held import Held
from callsheet.domain.declared.reader import DeclaredReader
from callsheet.domain.errors import ConflictError


class NewIds(Protocol):
    """Gives ids to what is new."""

    def workspace_id(self) -> str:
        """Return an id for a workspace."""

    def key_id(self) -> str:
        """Return an id for a key."""


@dataclass(slots=True)
class Declaring:
    """What is asked and what has been decided so far.

    Parameters
    ----------
    reader
        What is there.
    manager
        Whose file it is.
    now
        The time (aware).
    new
        Gives ids to what is new.
    secret_of
        Returns the secret that an environment variable holds, or None; None where no secrets are, so that those
        of keys that are there are taken to be right.
    adopt
        Whether the file decides what people have changed, too.
    replaced
        Ids of keys that end because a plan that was kept replaces them.
    planned
        What a plan that was kept says of the keys that it creates, by name.
    changes
        What has been decided.
    held
        What the file does not decide.
    """

    reader: DeclaredReader
    manager: Manager
    now: datetime
    new: NewIds
    secret_of: Callable[[str], str | None] | None
    adopt: bool = False
    replaced: frozenset[str] = frozenset()
    planned: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    changes: list[AnyChange] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)

    def applied(self, kind: ClaimKind, subjects: Iterable[str]) -> Mapping[str, Claims]:
        """Return what the manager said of these things when its file was last applied."""
        stored = self.reader.claims_of(subjects, kind)
        return {
            subject: each for subject, claims in stored.items() for each in claims if each.manager == self.manager
        }

    def claim(self, before: Claims | None, after: Claims | None) -> None:
        """Let the manager say ``after`` in place of ``before``."""
        if before != after:
            self.changes.append(
                Change(Action.RELEASE if after is None else Action.CLAIM, before, after, self.manager)
            )

    def workspaces(self) -> Mapping[str, Workspace]:
        """Return the workspaces about which something has been decided, by id, as they will be."""
        return {change.subject: change.value for change in self.changes if isinstance(change.value, Workspace)}

    def workspace_id(self, name: str, owner: str) -> str:
        """Return the id of the workspace in use that a file means by ``name``, its name or id.

        Parameters
        ----------
        owner
            What the file says it of, such as ``the key``.

        Raises
        ------
        DoesNotExistError
            There is none.
        ConflictError
            It is archived.
        """
        for workspace in self.workspaces().values():
            if workspace.name == name and workspace.archived_at is None:
                return workspace.id
        found = find_workspace(self.reader, name)
        if found.archived_at is not None:
            raise ConflictError(f"The workspace {name!r} is archived; name another for {owner}.")
        return found.id

    def add(self, changes: Iterable[AnyChange]) -> None:
        """Add changes, which the manager brings about."""
        self.changes += (Change(each.action, each.before, each.after, self.manager) for each in changes)

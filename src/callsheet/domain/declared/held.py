"""Held: where what a file says does not count, because a manager of a higher rank says otherwise."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from callsheet.domain.changes.change import Subject


class Held(NamedTuple):
    """A field that the file does not decide.

    Parameters
    ----------
    kind, subject
        What it is of: its kind, and its id; of an alias, a workspace or a key, its name.
    field
        Which one; ``lists`` is whether the thing exists.
    wanted, present
        What the file says, and what is; plain JSON values.
    manager
        Who decides it, as text; ``person`` of workspaces and keys.
    """

    kind: Subject
    subject: str
    field: str
    wanted: Any
    present: Any
    manager: str = "person"

    def record(self) -> dict[str, Any]:
        """Return every field as plain JSON values."""
        return {**self._asdict(), "kind": str(self.kind)}


class Settled(NamedTuple):
    """What becomes of the fields of a thing: those that change, and those that another manager decides."""

    changed: Mapping[str, Any]
    held: Mapping[str, Any]


def settle(
    wanted: Mapping[str, Any],
    applied: Mapping[str, Any],
    present: Mapping[str, Any],
    defaults: Mapping[str, Any],
    *,
    adopt: bool = False,
) -> Settled:
    """Return what a file changes of a thing that people can change as well.

    A field that a person has changed since the file was last applied stays as it is. One that the file no longer
    names goes back to its default.

    Parameters
    ----------
    wanted, applied
        What the file says, and what it said when it was last applied.
    present, defaults
        What is, and what a new thing has; of every field that can be set.
    adopt
        Whether the file decides all the same.
    """
    changed: dict[str, Any] = {}
    held: dict[str, Any] = {}
    for name, is_now in present.items():
        if name in wanted:
            if wanted[name] == is_now:
                continue
            is_ours = is_now == applied[name] if name in applied else is_now == defaults[name]
            (changed if adopt or is_ours else held)[name] = wanted[name]
        elif name in applied and is_now == applied[name] != defaults[name]:
            changed[name] = defaults[name]
    return Settled(changed, held)

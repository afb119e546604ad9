"""Workspaces: groups of keys that see the same models."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from callsheet.domain.access.names import check_name
from callsheet.domain.access.visibility import SEES_ALL, Visibility, check_pattern
from callsheet.domain.errors import InvalidError
from callsheet.domain.times import format_instant

_WORKSPACE_ID = re.compile(r"wrkspc_[A-Za-z0-9]{1,64}", re.ASCII)


class Shape(StrEnum):
    """Which fields a model is written with (contract, section 2)."""

    CURRENT = "current"
    CLASSIC = "classic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A group of keys that see the same models.

    Parameters
    ----------
    id
        ``wrkspc_`` and 1-64 letters and digits.
    name
        For people; unique among workspaces that are not archived.
    visibility
        What its keys see.
    shape
        Overrides the installation's shape, or None.
    created_at, archived_at
        Aware times.

    Raises
    ------
    InvalidError
        A value is not valid.
    """

    id: str
    name: str
    visibility: Visibility = SEES_ALL
    shape: Shape | None = None
    created_at: datetime
    archived_at: datetime | None = None

    def __post_init__(self) -> None:
        if not _WORKSPACE_ID.fullmatch(self.id):
            raise InvalidError(
                f"A workspace id must be wrkspc_ followed by 1 to 64 letters and digits, not {self.id[:80]!r}."
            )
        check_name(self.name, "A workspace name")
        for pattern in (*self.visibility.allow, *self.visibility.deny):
            check_pattern(pattern)

    def record(self) -> dict[str, object]:
        """Return every field as plain JSON values."""
        return {
            "id": self.id,
            "name": self.name,
            "allow": list(self.visibility.allow),
            "deny": list(self.visibility.deny),
            "shape": self.shape,
            "created_at": format_instant(self.created_at),
            "archived_at": None if self.archived_at is None else format_instant(self.archived_at),
        }

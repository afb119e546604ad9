"""Workspaces: groups of keys that see the same models."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final

from callsheet.domain.access.names import check_name
from callsheet.domain.access.visibility import SEES_ALL, Visibility, check_pattern
from callsheet.domain.errors import InvalidError
from callsheet.domain.times import format_instant

#: Of the tags of a workspace: their number, and the characters of a name or a value.
MAX_TAGS: Final = 50
MAX_TAG_CHARACTERS: Final = 256

_COLOR = re.compile(r"#[0-9A-Fa-f]{6}", re.ASCII)
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
    display_color
        Such as ``#6C5BB9``; None for one that its id decides.
    tags
        Texts by name, for people and programs that administer.

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
    display_color: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_workspace_id(self.id)
        check_name(self.name, "A workspace name")
        for name, patterns in (("allow", self.visibility.allow), ("deny", self.visibility.deny)):
            for pattern in patterns:
                check_pattern(pattern, name)
        if self.display_color is not None:
            check_color(self.display_color)
        _check_tags(self.tags)

    @property
    def color(self) -> str:
        """Its colour; one without gets one that is always the same, and neither very light nor very dark."""
        if self.display_color is not None:
            return self.display_color
        red, green, blue = (64 + value // 2 for value in sha256(self.id.encode()).digest()[:3])
        return f"#{red:02X}{green:02X}{blue:02X}"

    def record(self) -> dict[str, object]:
        """Return every field as plain JSON values; colour and tags only if there are any."""
        return {
            "id": self.id,
            "name": self.name,
            "allow": list(self.visibility.allow),
            "deny": list(self.visibility.deny),
            "shape": self.shape,
            "created_at": format_instant(self.created_at),
            "archived_at": None if self.archived_at is None else format_instant(self.archived_at),
            **({} if self.display_color is None else {"display_color": self.display_color}),
            **({"tags": dict(self.tags)} if self.tags else {}),
        }


def check_workspace_id(text: str) -> None:
    """Raise InvalidError unless ``text`` can be the id of a workspace."""
    if not _WORKSPACE_ID.fullmatch(text):
        raise InvalidError(
            f"A workspace id must be wrkspc_ followed by 1 to 64 letters and digits, not {text[:80]!r}.", field="id"
        )


def check_color(text: str) -> None:
    """Raise InvalidError unless ``text`` is a colour."""
    if not _COLOR.fullmatch(text):
        raise InvalidError(
            f"display_color must be a colour such as #6C5BB9, not {text[:60]!r}.", field="display_color"
        )


def _check_tags(tags: Mapping[str, str]) -> None:
    if len(tags) > MAX_TAGS:
        raise InvalidError(f"A workspace may have {MAX_TAGS} tags, not {len(tags)}.", field="tags")
    for name, value in tags.items():
        if name.lower().startswith("anthropic"):
            raise InvalidError(
                f"The name of a tag must not begin with anthropic, as {name[:60]!r} does.", field="tags"
            )
        for text in (name, value):
            if len(text) > MAX_TAG_CHARACTERS or not text.isprintable() or (text is name and not text.strip()):
                raise InvalidError(
                    f"Names and values of tags must be at most {MAX_TAG_CHARACTERS} printable characters, and no "
                    f"name empty, not {text[:60]!r}.",
                    field="tags",
                )

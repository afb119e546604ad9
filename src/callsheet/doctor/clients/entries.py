"""Entries: what a client asks of each entry of a list, and how it shows the texts in one."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field


class Kind(StrEnum):
    """What a field may hold."""

    TEXT = "text"
    NULL = "null"
    ABSENT = "absent"


class Fault(NamedTuple):
    """An entry that a client cannot take: its place in the list, from 1, its id if it has one, and why not."""

    place: int
    model_id: str
    why: str


def find_fault(entries: tuple[Any, ...], wanted: Mapping[str, tuple[Kind, ...]]) -> Fault | None:
    """Return the first entry whose fields are not as ``wanted``; None if all are."""
    for place, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            return Fault(place, "", "is not an object")
        for name, kinds in wanted.items():
            kind = _kind(entry, name)
            if kind not in kinds:
                model_id = entry.get("id")
                return Fault(place, model_id if isinstance(model_id, str) else "", _why(entry, name, kind))
    return None


def _kind(entry: Mapping[str, Any], name: str) -> Kind | None:
    if name not in entry:
        return Kind.ABSENT
    value = entry[name]
    return Kind.TEXT if isinstance(value, str) else Kind.NULL if value is None else None


def _why(entry: Mapping[str, Any], name: str, kind: Kind | None) -> str:
    if kind is Kind.ABSENT:
        return f"has no `{name}`"
    if kind is Kind.NULL:
        return f"has `{name}: null`"
    what = {bool: "true or false", int: "a number", float: "a number", list: "an array", dict: "an object"}
    return f"has {what.get(type(entry[name]), 'no text')} as its `{name}`"


class Text(BaseModel):
    """How a client shows a text: without some characters, and no longer than it likes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    without: str = Field(default="", description="Characters that are taken out.")
    longest: int | None = Field(
        default=None, description="UTF-16 code units after which it is cut; null for never."
    )

    def shown(self, text: str) -> str:
        """Return ``text`` as the client shows it; an ellipsis at the end of a cut is left out."""
        kept = "".join(character for character in text if character not in self.without)
        kept = " ".join(kept.split()) if self.without or self.longest else kept
        return kept if self.longest is None else _cut(kept, self.longest)

    def is_cut(self, text: str) -> bool:
        """Return whether the client cuts ``text`` short."""
        return self.longest is not None and _units(text) > self.longest


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(text: str, longest: int) -> str:
    cut = text.encode("utf-16-le", "surrogatepass")[: 2 * longest]
    return cut.decode("utf-16-le", "ignore").strip()

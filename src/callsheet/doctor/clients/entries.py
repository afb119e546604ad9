"""What a client requires of each entry of a list, and how it shows the texts in one."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field


class FieldKind(StrEnum):
    """What a field may hold."""

    TEXT = "text"
    NULL = "null"
    ABSENT = "absent"


class RejectedEntry(NamedTuple):
    """An entry that makes a client reject the list.

    Parameters
    ----------
    place
        Its place in the list, from 1.
    model_id
        Its id; empty if it has none.
    why
        The rest of the sentence "This entry …".
    """

    place: int
    model_id: str
    why: str


_JSON_NAMES: Final = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "an array",
    dict: "an object",
}


def find_rejected(entries: tuple[Any, ...], required: Mapping[str, tuple[FieldKind, ...]]) -> RejectedEntry | None:
    """Return the first entry whose fields are not as ``required``; None if all are."""
    for place, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            return RejectedEntry(place, "", "is not an object")
        for name, allowed in required.items():
            kind = _kind(entry, name)
            if kind not in allowed:
                model_id = entry.get("id")
                return RejectedEntry(place, model_id if isinstance(model_id, str) else "", _why(entry, name, kind))
    return None


def _kind(entry: Mapping[str, Any], name: str) -> FieldKind | None:
    if name not in entry:
        return FieldKind.ABSENT
    value = entry[name]
    return FieldKind.TEXT if isinstance(value, str) else FieldKind.NULL if value is None else None


def _why(entry: Mapping[str, Any], name: str, kind: FieldKind | None) -> str:
    if kind is FieldKind.ABSENT:
        return f"has no `{name}`"
    if kind is FieldKind.NULL:
        return f"has `{name}: null`"
    if kind is FieldKind.TEXT:
        return f"has a string as its `{name}`"
    return f"has {_JSON_NAMES[type(entry[name])]} as its `{name}`"


class ShownText(BaseModel):
    """How a client shows a text: without some characters, and cut if it is too long."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    without: str = Field(default="", description="Characters that are left out.")
    max_length: int | None = Field(
        default=None, description="UTF-16 code units after which it is cut; null for never."
    )

    def shown(self, text: str) -> str:
        """Return ``text`` as the client shows it, without the ellipsis at the end of a cut."""
        kept = "".join(character for character in text if character not in self.without)
        kept = " ".join(kept.split()) if self.without or self.max_length else kept
        return kept if self.max_length is None else _cut(kept, self.max_length)

    def is_cut(self, text: str) -> bool:
        """Return whether the client cuts ``text`` short."""
        return self.max_length is not None and _units(text) > self.max_length


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(text: str, length: int) -> str:
    cut = text.encode("utf-16-le", "surrogatepass")[: 2 * length]
    return cut.decode("utf-16-le", "ignore").strip()

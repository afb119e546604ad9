"""A JSON object of a plan that was kept, read field by field; what is not as it should be is a damaged plan."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, TypeVar

from callsheet.domain.errors import InvalidError

T = TypeVar("T")
Member = TypeVar("Member", bound=StrEnum)

_NAMES: Final = {int: "a whole number", bool: "true or false", str: "text", list: "an array", dict: "an object"}


class JSONObject:
    """A JSON object whose fields are known.

    Parameters
    ----------
    content
        The object.
    names
        The fields that it must have, and no others.
    place
        Where in the plan it is, for messages; empty for the plan itself.

    Every method raises InvalidError if the field does not hold what it should.
    """

    def __init__(self, content: Mapping[str, Any], names: Sequence[str], place: str = "") -> None:
        self.content = content
        self.place = place
        wrong = min(content.keys() ^ set(names), default=None)
        if wrong is not None:
            verb = "must not have" if wrong in content else "must have"
            raise damaged(place or "it", f"{verb} the field {wrong!r}")

    def where(self, name: str) -> str:
        """Return where in the plan a field is."""
        return f"{self.place}.{name}" if self.place else name

    def value(self, name: str, kind: type[T]) -> T:
        """Return the value of a field that holds exactly this type."""
        value = self.content[name]
        if type(value) is not kind:
            raise damaged(self.where(name), f"must be {_NAMES[kind]}")
        return value

    def optional(self, name: str, kind: type[T]) -> T | None:
        """Return the value of a field that may be null."""
        return None if self.content[name] is None else self.value(name, kind)

    def member(self, name: str, kind: type[Member]) -> Member:
        """Return the value of a field that holds one of a few words."""
        try:
            return kind(self.value(name, str))
        except ValueError:
            raise damaged(self.where(name), f"must be one of {', '.join(kind)}") from None

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of an array."""
        values = self.value(name, list)
        if not all(type(value) is str for value in values):
            raise damaged(self.where(name), "must be an array of texts")
        return tuple(values)

    def each(self, name: str, names: Sequence[str], read: "Callable[[JSONObject], T]") -> tuple[T, ...]:
        """Return what ``read`` makes of each object of an array, of which all have the fields ``names``."""
        found = []
        for number, value in enumerate(self.value(name, list)):
            place = f"{self.where(name)}[{number}]"
            if type(value) is not dict:
                raise damaged(place, "must be an object")
            found.append(read(JSONObject(value, names, place)))
        return tuple(found)


def damaged(place: str, what: str) -> InvalidError:
    """Return the refusal of a plan in which ``what``, such as "must be text", does not hold of ``place``."""
    return InvalidError(f"The plan is damaged: {place} {what}. Nothing was applied; make it again.")

"""Wrappers: the JSON around a list of models, and what a client makes of each kind."""

from enum import StrEnum
from typing import Any


class Wrapper(StrEnum):
    """The JSON around a list."""

    OBJECT = "object"  # {"data": […]}, as both dialects have it
    ARRAY = "array"  # […]
    NULL = "null"  # {"data": null}
    NONE = "none"  # JSON without a list, such as an error with status 200

    @property
    def words(self) -> str:
        """The wrapper, as a sentence names it."""
        return {
            Wrapper.OBJECT: "an object with `data`",
            Wrapper.ARRAY: "a bare array, without `data` around it",
            Wrapper.NULL: '`"data": null`',
            Wrapper.NONE: "JSON without a list `data`",
        }[self]


class Handling(StrEnum):
    """What a client makes of a wrapper."""

    READ = "read"
    EMPTY = "empty"  # it takes it for a list without models, and reports no error
    FAILS = "fails"


def unwrap(value: Any) -> tuple[Wrapper, list[Any]]:
    """Return the wrapper of the list in ``value``, and the entries of the list."""
    if isinstance(value, list):
        return Wrapper.ARRAY, value
    if isinstance(value, dict) and "data" in value:
        if isinstance(value["data"], list):
            return Wrapper.OBJECT, value["data"]
        if value["data"] is None and "error" not in value:
            return Wrapper.NULL, []
    return Wrapper.NONE, []

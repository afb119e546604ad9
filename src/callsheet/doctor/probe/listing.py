"""Reading: what can be made of a list that may be wrong in any way."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from callsheet.doctor.probe.exchange import Exchange
from callsheet.doctor.probe.wrappers import Wrapper, unwrap

Model = Mapping[str, Any]


@dataclass(frozen=True)
class Listing:
    """A list of models as a careful client finds it, in either dialect.

    Parameters
    ----------
    entries
        Everything in the list, as it came.
    models
        The entries that are objects with an id.
    fields
        The whole object around them; empty if there is none.
    wrapper
        What holds the list.
    """

    exchange: Exchange
    entries: tuple[Any, ...]
    models: tuple[Model, ...]
    fields: Mapping[str, Any]
    wrapper: Wrapper = Wrapper.OBJECT

    @property
    def nameless(self) -> int:
        """How many entries are no object, or have no id."""
        return len(self.entries) - len(self.models)

    @cached_property
    def ids(self) -> list[str]:
        """Their ids, in order."""
        return [model["id"] for model in self.models]

    @property
    def has_more(self) -> object:
        """What it says of further pages, whatever that is."""
        return self.fields.get("has_more")

    @property
    def first_id(self) -> str | None:
        """The cursor for the page before this one; None if there is none to use."""
        return self._cursor("first_id")

    @property
    def last_id(self) -> str | None:
        """The cursor for the next page; None if there is none to use."""
        return self._cursor("last_id")

    @property
    def is_anthropic(self) -> bool:
        """Whether it is a page in Anthropic's shape, or means to be one."""
        return "has_more" in self.fields or any(model.get("type") == "model" for model in self.models)

    @property
    def is_openai(self) -> bool:
        """Whether it is a list as OpenAI's API gives it; some servers mean one list to be both."""
        return self.fields.get("object") == "list" or not self.is_anthropic

    def _cursor(self, name: str) -> str | None:
        cursor = self.fields.get(name)
        return cursor if isinstance(cursor, str) and cursor else None


def read_listing(exchange: Exchange) -> Listing | None:
    """Return the list in a successful answer, whatever its wrapper; None if it holds none."""
    listing = read_anything(exchange)
    return None if listing is None or listing.wrapper is Wrapper.NONE else listing


def read_anything(exchange: Exchange) -> Listing | None:
    """Return what a successful answer holds, as a list; without models if it is no list. None if it is not JSON."""
    if exchange.answer is None or not exchange.answer.is_success or exchange.json is None:
        return None
    wrapper, entries = unwrap(exchange.json)
    models = tuple(each for each in entries if isinstance(each, dict) and _is_id(each.get("id")))
    fields = exchange.json if isinstance(exchange.json, dict) else {}
    return Listing(exchange, tuple(entries), models, fields, wrapper)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and bool(value)

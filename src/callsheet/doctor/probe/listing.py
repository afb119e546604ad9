"""Read a list of models that may be wrong in any way."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from callsheet.doctor.probe.exchange import Exchange
from callsheet.doctor.probe.wrappers import Wrapper, unwrap

Model = Mapping[str, Any]


@dataclass(frozen=True)
class Listing:
    """A list of models in either dialect.

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
    def missing_ids(self) -> int:
        """How many entries are not objects, or have no id."""
        return len(self.entries) - len(self.models)

    @cached_property
    def ids(self) -> list[str]:
        """Their ids, in order."""
        return [model["id"] for model in self.models]

    @property
    def has_more(self) -> object:
        """The value of `has_more`, which may be of any type."""
        return self.fields.get("has_more")

    @property
    def first_id(self) -> str | None:
        """The cursor for the page before this one; None if it is not usable."""
        return self._cursor("first_id")

    @property
    def last_id(self) -> str | None:
        """The cursor for the next page; None if it is not usable."""
        return self._cursor("last_id")

    @property
    def is_anthropic(self) -> bool:
        """Whether it is a page in Anthropic's shape, or resembles one."""
        return "has_more" in self.fields or any(model.get("type") == "model" for model in self.models)

    @property
    def is_openai(self) -> bool:
        """Whether it is a list in OpenAI's shape; some servers send one list that is both."""
        return self.fields.get("object") == "list" or not self.is_anthropic

    def _cursor(self, name: str) -> str | None:
        cursor = self.fields.get(name)
        return cursor if isinstance(cursor, str) and cursor else None


def read_listing(exchange: Exchange) -> Listing | None:
    """Return the list in a successful response, in any wrapper; None if the response is not a list."""
    listing = read_any_json(exchange)
    return None if listing is None or listing.wrapper is Wrapper.NONE else listing


def read_any_json(exchange: Exchange) -> Listing | None:
    """Return a successful response as a list, without models if its JSON is not one; None if it is not JSON."""
    if exchange.response is None or not exchange.response.is_success or exchange.json is None:
        return None
    wrapper, entries = unwrap(exchange.json)
    models = tuple(each for each in entries if isinstance(each, dict) and _is_id(each.get("id")))
    fields = exchange.json if isinstance(exchange.json, dict) else {}
    return Listing(exchange, tuple(entries), models, fields, wrapper)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and bool(value)

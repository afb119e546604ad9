"""Reading: what can be made of a list that may be wrong in any way."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from callsheet.doctor.exchange import Exchange

Model = Mapping[str, Any]


@dataclass(frozen=True)
class Listing:
    """A list of models as a careful client finds it, in either dialect.

    Parameters
    ----------
    models
        Those with an id, as they came.
    nameless
        Entries that are no object, or have no id.
    fields
        The whole object around them.
    """

    exchange: Exchange
    models: tuple[Model, ...]
    nameless: int
    fields: Mapping[str, Any]

    @cached_property
    def ids(self) -> list[str]:
        """Their ids, in order."""
        return [model["id"] for model in self.models]

    @property
    def has_more(self) -> object:
        """What it says of further pages, whatever that is."""
        return self.fields.get("has_more")

    @property
    def last_id(self) -> str | None:
        """The cursor for the next page; None if there is none to use."""
        cursor = self.fields.get("last_id")
        return cursor if isinstance(cursor, str) and cursor else None

    @property
    def is_anthropic(self) -> bool:
        """Whether it is a page in Anthropic's shape, or means to be one."""
        return "has_more" in self.fields or any(model.get("type") == "model" for model in self.models)

    @property
    def is_openai(self) -> bool:
        """Whether it is a list as OpenAI's API gives it; some servers mean one list to be both."""
        return self.fields.get("object") == "list" or not self.is_anthropic


def read_listing(exchange: Exchange) -> Listing | None:
    """Return the list in a successful answer; None if it holds none."""
    if exchange.answer is None or not exchange.answer.is_success or not isinstance(exchange.json, dict):
        return None
    entries = exchange.json.get("data")
    if not isinstance(entries, list):
        return None
    models = tuple(each for each in entries if isinstance(each, dict) and _is_id(each.get("id")))
    return Listing(exchange, models, len(entries) - len(models), exchange.json)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and bool(value)

"""Grants: what a gateway listed to a delegated key."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from callsheet.domain.model import Model

_LIST_BYTES: Final = 400  # that an empty list takes
_ROW_BYTES: Final = 150  # in a list: places in a tuple and a mapping


NO_SOURCES: Final[Mapping[str, str]] = MappingProxyType({})

#: How the names of delegated keys begin, by which logs and rate limits know them.
DELEGATED: Final = "delegated_"


def is_delegated(key_id: str | None) -> bool:
    """Return whether this is the name of a key that a gateway knows."""
    return key_id is not None and key_id.startswith(DELEGATED)


class GrantedModels:
    """The models that a gateway listed, in its order. Immutable; equal if they say the same.

    Parameters
    ----------
    models
        What the gateway says of each, with the ids of this catalogue; of an id that comes twice, the first.
    sources
        By id, the model that it is another name of, for names that the gateway gives to a client.
    """

    __slots__ = ("_hash", "ids", "size_bytes", "sources", "stated")

    def __init__(self, models: Iterable[Model] = (), sources: Mapping[str, str] = NO_SOURCES) -> None:
        by_id: dict[str, Model] = {}
        for model in models:
            by_id.setdefault(model.id, model)
        self.stated = MappingProxyType(by_id)
        """What the gateway says of each model, by id."""
        self.sources = MappingProxyType(dict(sources)) if sources else NO_SOURCES
        """By id, the model that it is another name of."""
        self.ids = tuple(by_id)
        """The ids, in the gateway's order."""
        self.size_bytes = _LIST_BYTES + _ROW_BYTES * (len(by_id) + len(self.sources))
        """About what the list takes, without its models."""
        self._hash = hash(self.ids)

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, model_id: str) -> bool:
        return model_id in self.stated

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, GrantedModels):
            return NotImplemented
        is_alike = self._hash == other._hash and self.ids == other.ids and self.sources == other.sources
        return is_alike and self.stated == other.stated

    def __repr__(self) -> str:
        return f"<GrantedModels: {len(self)}>"


NOTHING_GRANTED: Final = GrantedModels()


class Grant(NamedTuple):
    """What one credential may see.

    Parameters
    ----------
    tag
        Names the credential in logs and for rate limits without giving it away: ``delegated_`` and 16 hex digits.
    models
        What the gateway listed to it.
    former
        What the gateway listed to it before, if that had other models: their ids still work as cursors.
    """

    tag: str
    models: GrantedModels
    former: GrantedModels = NOTHING_GRANTED

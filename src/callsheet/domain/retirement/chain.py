"""Chain: the replacement of a model, and the replacement of that, to the end."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from callsheet.domain.model import Lifecycle, Model

_LIMITS: Final = ("max_input_tokens", "max_tokens")


class End(StrEnum):
    """How a chain of replacements ends."""

    #: In a model that is listed, and not deprecated.
    USABLE = "usable"
    #: In a model that is deprecated and has no replacement.
    DEPRECATED = "deprecated"
    #: In a model that is in no list.
    HIDDEN = "hidden"
    RETIRED = "retired"
    #: In an id that no model has.
    MISSING = "missing"
    #: In a model that was there before.
    LOOP = "loop"
    #: Nowhere: the model has no replacement.
    NONE = "none"


class Chain(NamedTuple):
    """What a model is replaced by.

    Parameters
    ----------
    ids
        The replacement, that of the replacement, and so on to the end; the model itself is not among them, unless
        they lead back to it.
    end
        How it ends.
    weaker
        What the last model has less of than the first: the limits that are smaller, and the capabilities that are
        not there; nothing that is not known of both.
    """

    ids: tuple[str, ...]
    end: End
    weaker: tuple[str, ...] = ()

    @property
    def target(self) -> str | None:
        """The id of the model to move to; None if there is none that can be used."""
        return self.ids[-1] if self.end is End.USABLE else None

    def record(self) -> dict[str, object]:
        """Return it as plain JSON values."""
        return {"ids": list(self.ids), "end": str(self.end), "target": self.target, "weaker": list(self.weaker)}


def chain_of(model: Model, find: Callable[[str], Model | None]) -> Chain:
    """Return what ``model`` is replaced by; ``find`` returns the model with an id, or None.

    A model that is not active hands on to its own replacement. It ends in any case: no id is followed twice.
    """
    if model.replacement is None:
        return Chain((), End.NONE)
    ids: dict[str, None] = {}
    last = model
    while last.replacement is not None and (last is model or last.lifecycle is not Lifecycle.ACTIVE):
        name = last.replacement
        if name in ids or name == model.id:
            return Chain((*ids, name), End.LOOP)
        ids[name] = None
        found = find(name)
        if found is None:
            return Chain(tuple(ids), End.MISSING)
        last = found
    return Chain(tuple(ids), _end_in(last), tuple(_weaker(model, last)))


def _end_in(last: Model) -> End:
    if last.lifecycle is Lifecycle.RETIRED:
        return End.RETIRED
    if last.hidden:
        return End.HIDDEN
    return End.DEPRECATED if last.lifecycle is Lifecycle.DEPRECATED else End.USABLE


def _weaker(first: Model, last: Model) -> Iterator[str]:
    for name in _LIMITS:
        before, after = getattr(first, name), getattr(last, name)
        if before is not None and after is not None and after < before:
            yield name
    if first.capabilities is not None and last.capabilities is not None:
        yield from _lost("capabilities", first.capabilities, last.capabilities)


def _lost(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """The capabilities below ``path`` that are supported before and not after; of a lost group, the group."""
    for name, node in before.items():
        if not isinstance(node, Mapping):
            continue
        other = after.get(name)
        if isinstance(other, Mapping):
            if node.get("supported") is True and other.get("supported") is False:
                yield f"{path}.{name}"
            else:
                yield from _lost(f"{path}.{name}", node, other)

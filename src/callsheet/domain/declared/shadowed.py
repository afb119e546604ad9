"""Shadowed: what of a file does not count, because managers of a higher rank say otherwise."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from callsheet.domain.changes.change import Subject
from callsheet.domain.changes.claimed import Claimed
from callsheet.domain.changes.reader import CatalogReader
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.declared.held import Held
from callsheet.domain.declared.models import FORMER, PROTECTED

_ABOUT_THE_ENTRY: Final = frozenset({PROTECTED, FORMER})

_KINDS: Final = {ClaimKind.MODEL: Subject.MODEL, ClaimKind.ALIAS: Subject.ALIAS}


def shadowed(reader: CatalogReader, manager: Manager, wanted: Sequence[Claims]) -> list[Held]:
    """Return which claims of ``manager`` on models and aliases do not count once ``wanted`` is claimed."""
    claimed = Claimed(reader)
    on_catalog = [each for each in wanted if each.kind in _KINDS]
    for kind in _KINDS:
        claimed.load((each.subject for each in on_catalog if each.kind is kind), kind)
    for each in on_catalog:
        claimed.put(each)
    own = (each for each in on_catalog if each.manager == manager and not each.is_empty)
    return [held for each in own for held in _shadowed(each, claimed.ordered(each.subject, each.kind))]


def _shadowed(own: Claims, ordered: Sequence[Claims]) -> Iterator[Held]:
    """What of ``own`` does not count beside the claims above it."""
    managers = [each.manager for each in ordered]
    above = [*reversed(ordered[managers.index(own.manager) + 1 :])]
    if not above:
        return
    kind = _KINDS[own.kind]
    if own.lists is not None:
        top = next((each for each in above if each.lists is not None), None)
        if top is not None and top.lists is not own.lists:
            yield Held(kind, own.subject, "lists", own.lists, top.lists, str(top.manager))
            return
    for name, value in own.fields.items():
        holder = next((each for each in above if name in each.fields), None)
        if holder is not None and name not in _ABOUT_THE_ENTRY and holder.fields[name] != value:
            yield Held(kind, own.subject, name, value, holder.fields[name], str(holder.manager))


def remaining(
    reader: CatalogReader, manager: Manager, wanted: Iterable[Claims], gone: frozenset[str]
) -> list[tuple[str, Manager]]:
    """Return the models that leave the file and stay, each with who lists it; ``gone`` are those that do not."""
    left = [each for each in wanted if each.manager == manager and each.is_empty and each.kind is ClaimKind.MODEL]
    claimed = Claimed(reader)
    claimed.load(each.subject for each in left)
    present = {model.id for model in reader.models([each.subject for each in left])} - gone
    found: list[tuple[str, Manager]] = []
    for each in left:
        claimed.put(each)
        ordered: Sequence[Claims] = claimed.ordered(each.subject)
        top: Any = next((other for other in reversed(ordered) if other.lists is not None), None)
        if top is not None and each.subject in present:
            found.append((each.subject, top.manager))
    return found

"""Ceasing: the built-in facts list models until a source first lists one; what leaves the catalogue by that."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from callsheet.domain.changes.change import AnyChange, Subject
from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.claims.claims import SAME_AS, ClaimKind, Claims
from callsheet.domain.claims.manager import BUILTIN, ManagerKind
from callsheet.domain.plan.builtin_warnings import ceases, may_cease_later, stays_away
from callsheet.domain.plan.warnings import PlanWarning
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.sources.state import SourceState
from callsheet.storage.transactions.read import ReadTransaction


def may_cease(reading: ReadTransaction) -> bool:
    """Return whether the built-in facts cease to list models as soon as a source lists one.

    They do so once, for the first model that any source lists, and not when the source is added, answers with an
    empty list, or has only models that wait for a person: until then, the catalogue would be empty.
    """
    installation = reading.installation()
    if installation is None or installation.builtin is not BuiltinMode.LIST:
        return False
    return not any(map(_has_listed, reading.source_states(_listing(reading)).values()))


def claims_in_mode(reading: ReadTransaction, mode: BuiltinMode) -> list[Claims]:
    """Return what the program claims if the built-in models are listed from now on, or only inform."""
    lists = True if mode is BuiltinMode.LIST else None
    said = reading.claims_by(BUILTIN)
    return [replace(claims, lists=lists) for claims in said if SAME_AS not in claims.fields]


def listed_by_builtin_alone(reading: ReadTransaction) -> frozenset[str]:
    """Return the ids of the models that leave the catalogue if the built-in facts cease to list them."""
    return frozenset(_leaving(claim(reading, claims_in_mode(reading, BuiltinMode.INFORM))))


def builtin_warnings(reading: ReadTransaction, changes: Sequence[AnyChange]) -> Iterator[PlanWarning]:
    """Yield what ``changes`` of sources and of what they list mean to the models that only the program lists."""
    added, removed = _sources(changes)
    if any(map(_is_ceasing, changes)):
        yield from ceases(_claiming(changes), len(list(_leaving(changes))))
    elif added and may_cease(reading):
        yield from may_cease_later(added, len(listed_by_builtin_alone(reading)))
    if removed and _is_informing(reading) and set(_listing(reading)) <= set(removed):
        yield from stays_away(removed)


def _sources(changes: Sequence[AnyChange]) -> tuple[list[str], list[str]]:
    """Names of sources of models that are added, or get another address, and of those that are removed."""
    added, removed = [], []
    for change in changes:
        if isinstance(change.value, SourceRecord) and not _is_enrichment(change.value.config):
            if change.after is None:
                removed.append(change.subject)
            elif _url(change.before) != _url(change.after):
                added.append(change.subject)
    return added, removed


def _is_enrichment(config: Mapping[str, Any]) -> bool:
    from callsheet.sources.registry import ENRICHMENTS  # brings every kind of source, and few plans are about any

    return config.get("kind") in ENRICHMENTS


def _url(record: object) -> object:
    return record.config.get("url") if isinstance(record, SourceRecord) else None


def _is_ceasing(change: AnyChange) -> bool:
    before, after = change.before, change.after
    if not isinstance(before, Claims) or before.manager != BUILTIN:
        return False
    return bool(before.lists) and not (isinstance(after, Claims) and after.lists)


def _claiming(changes: Sequence[AnyChange]) -> list[str]:
    """The names of the sources whose claims are among ``changes``."""
    managers = (change.value.manager for change in changes if isinstance(change.value, Claims))
    return list(dict.fromkeys(each.name for each in managers if each.kind is ManagerKind.SOURCE))


def _leaving(changes: Sequence[AnyChange]) -> Iterator[str]:
    return (each.subject for each in changes if each.kind is Subject.MODEL and _goes(each))


def _goes(change: AnyChange) -> bool:
    return change.after is None and not isinstance(change.value, Claims)


def _is_informing(reading: ReadTransaction) -> bool:
    """Whether there are built-in models, and they are not listed by themselves."""
    installation = reading.installation()
    if installation is None or installation.builtin is not BuiltinMode.INFORM:
        return False
    return any(each.kind is ClaimKind.MODEL for each in claims_in_mode(reading, BuiltinMode.LIST))


def _listing(reading: ReadTransaction) -> list[str]:
    """The names of the sources that list models."""
    return [each.name for each in reading.sources() if not _is_enrichment(each.config)]


def _has_listed(state: SourceState) -> bool:
    """Whether a source listed models in its last good run, beside those that wait for a person."""
    return state.counts.get("listed", 0) > state.counts.get("held", 0)

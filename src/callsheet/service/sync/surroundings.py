"""Surroundings: what a source claimed until now, and what others say of the names that are new in its list."""

from collections.abc import Iterable, Sequence

from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import BUILTIN, Manager, ManagerKind
from callsheet.domain.sources.state import SourceState
from callsheet.service.sync.known import Known, Surroundings
from callsheet.service.sync.memory import REJECTED
from callsheet.storage.transactions.read import ReadTransaction


def known_of(reading: ReadTransaction, manager: Manager, state: SourceState) -> Known:
    """Return what a source said until now."""
    models: dict[str, Claims] = {}
    aliases: dict[str, Claims] = {}
    for claims in reading.said_by(manager):
        (models if claims.kind is ClaimKind.MODEL else aliases)[claims.subject] = claims
    return Known(models, aliases, reading.absences(state.name), dict(state.memory.get(REJECTED, {})))


def around_names(
    reading: ReadTransaction, manager: Manager, names: Sequence[str], *, without_builtin: bool
) -> Surroundings:
    """Return what others say of ``names``.

    Parameters
    ----------
    without_builtin
        Whether the built-in models are about to leave the catalogue, so that their names are free.
    """
    aliases = reading.aliases(names)
    on_aliases = reading.claims_of(aliases, ClaimKind.ALIAS)
    models = {model.id for model in reading.models(names)}
    on_models = reading.claims_of(names)
    if without_builtin:
        models = {name for name in models if not _is_builtin(on_models.get(name, ()))}
    return Surroundings(
        {name: target for name, target in aliases.items() if not _is_builtin(on_aliases.get(name, ()))},
        models,
        {name: _of_other_sources(found, manager) for name, found in on_models.items() if found},
    )


def around_facts(reading: ReadTransaction) -> Surroundings:
    """Return which models exist, for an enrichment."""
    return Surroundings({}, frozenset(reading.model_ids()), {})


def count_suppressed(reading: ReadTransaction, listed: Iterable[str]) -> int:
    """Return how many of the models that a source lists another manager has taken away."""
    suppressed = {claims.subject for claims in reading.suppressions()}
    return len(suppressed.intersection(listed)) if suppressed else 0


def _is_builtin(claims: Iterable[Claims]) -> bool:
    """Whether the built-in facts alone let something exist. Without any claims, it is a person's."""
    managers = {each.manager for each in claims if each.lists is not None}
    return managers == {BUILTIN}


def _of_other_sources(claims: Iterable[Claims], manager: Manager) -> list[Claims]:
    return [each for each in claims if each.manager.kind is ManagerKind.SOURCE and each.manager != manager]

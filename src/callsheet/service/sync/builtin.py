"""What the built-in facts are for: they list models, or they only fill in what others list."""

from collections.abc import Iterable

from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.sources.state import SourceState
from callsheet.service.renewal import change_builtin_mode
from callsheet.service.sync.config import SourceConfig
from callsheet.sources.registry import ENRICHMENTS
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.write import WriteTransaction


def may_inform(reading: ReadTransaction, config: SourceConfig) -> bool:
    """Return whether the built-in facts cease to list models as soon as this source lists one.

    They do so once, for the first model that any source lists, and not when the source is added, answers with an
    empty list, or has only models that wait for a person: until then, the catalogue would be empty.
    """
    installation = reading.installation()
    if config.is_enrichment or installation is None or installation.builtin is not BuiltinMode.LIST:
        return False
    listing = [each.name for each in reading.sources() if each.config.get("kind") not in ENRICHMENTS]
    return not any(map(_has_listed, reading.source_states(listing).values()))


def lists_models(claims: Iterable[Claims]) -> bool:
    """Return whether any model exists by these claims."""
    return any(each.lists and each.kind is ClaimKind.MODEL for each in claims)


def set_builtin(writing: WriteTransaction, mode: BuiltinMode) -> bool:
    """Let the built-in facts list models or only inform; return whether that is a change.

    Raises
    ------
    ConflictError
        A built-in model would come that has the name of an alias.
    """
    installation = writing.installation()
    if installation is None or installation.builtin is mode:
        return False
    changes = change_builtin_mode(writing, mode)
    writing.set_builtin(mode)
    writing.apply(changes)
    return True


def _has_listed(state: SourceState) -> bool:
    """Whether a source listed models in its last good run, beside those that wait for a person."""
    return state.counts.get("listed", 0) > state.counts.get("held", 0)

"""What the built-in facts are for: they list models, or they only fill in what others list."""

from collections.abc import Iterable

from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.service.ceasing import may_cease
from callsheet.service.renewal import change_builtin_mode
from callsheet.service.sync.config import SourceConfig
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.write import WriteTransaction


def may_inform(reading: ReadTransaction, config: SourceConfig) -> bool:
    """Return whether the built-in facts cease to list models as soon as this source lists one; see `may_cease`."""
    return not config.is_enrichment and may_cease(reading)


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

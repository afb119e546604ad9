"""What the built-in facts are for: they list models, or they only fill in what others list."""

from dataclasses import replace

from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.claims.manager import BUILTIN
from callsheet.storage.transactions.write import WriteTransaction


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
    lists = True if mode is BuiltinMode.LIST else None
    writing.set_builtin(mode)
    writing.apply(claim(writing, [replace(each, lists=lists) for each in writing.claims_by(BUILTIN)]))
    return True

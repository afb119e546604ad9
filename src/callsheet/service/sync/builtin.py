"""What the built-in facts are for: they list models, or they only fill in what others list."""

from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.service.renewal import change_builtin_mode
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
    changes = change_builtin_mode(writing, mode)
    writing.set_builtin(mode)
    writing.apply(changes)
    return True

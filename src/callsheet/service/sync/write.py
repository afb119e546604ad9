"""Writing what a source claims, in batches, so that a hundred thousand models do not fill the memory twice."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.claims.claims import Claims
from callsheet.service.sync.builtin import set_builtin
from callsheet.storage.transactions.write import WriteTransaction

CLAIM_BATCH_SIZE: Final = 5_000

#: Shows a step, how much of it is done, and of how much.
Progress: TypeAlias = Callable[[str, int, int], None]


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Show nothing."""


def write_claims(
    writing: WriteTransaction,
    wanted: Sequence[Claims],
    progress: Progress = no_progress,
    *,
    inform: bool = False,
) -> None:
    """Write what a source claims from now on, in the revision of this transaction.

    Parameters
    ----------
    inform
        Whether the built-in facts, which list models until now, only inform from now on.

    Raises
    ------
    ConflictError
        A model would come that has the name of an alias.
    """
    if inform:
        set_builtin(writing, BuiltinMode.INFORM)
    for start in range(0, len(wanted), CLAIM_BATCH_SIZE):
        writing.apply(claim(writing, wanted[start : start + CLAIM_BATCH_SIZE]))
        progress("Writing", min(start + CLAIM_BATCH_SIZE, len(wanted)), len(wanted))

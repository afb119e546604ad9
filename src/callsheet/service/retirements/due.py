"""Due: models that retire themselves are retired when their day has come."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import AnyChange
from callsheet.domain.changes.choosing import Chosen
from callsheet.domain.changes.claiming import claim
from callsheet.domain.changes.models import retire_models
from callsheet.domain.claims.implied import alias_claims
from callsheet.domain.model import Model
from callsheet.domain.retirement.chain import chain_of
from callsheet.domain.retirement.stage import is_due
from callsheet.service.renewal import ACTOR, renew_builtin
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction

#: The reason in the change records.
REASON: Final = "retires_itself: the date of its retirement, which is exact, has come"


def begin_day(store: Store, clock: Callable[[], datetime], *, move_aliases: bool = False) -> list[str]:
    """Do what a new day brings: retire what retires itself, then bring the built-in facts up to the day.

    Parameters
    ----------
    store
        The installation.
    clock
        Returns the time (aware).
    move_aliases
        As for `retire_due`.

    Returns
    -------
    list[str]
        The ids of the built-in models that changed; see `renew_builtin`.

    Raises
    ------
    StorageError
        The database cannot be used; it is tried again later, and nothing is done twice.
    """
    retire_due(store, clock, move_aliases=move_aliases)
    return renew_builtin(store, clock)


def retire_due(store: Store, clock: Callable[[], datetime], *, move_aliases: bool = False) -> list[str]:
    """Retire the models that retire themselves and whose exact date has come, in one revision; return their ids.

    People have asked for it, so it is claimed as people's; the change records name the program, and why. Of several
    processes, one does it: those that come later find nothing due.

    Parameters
    ----------
    store
        The installation.
    clock
        Returns the time (aware).
    move_aliases
        Whether their aliases mean what replaces them from then on, if that can be used.

    Raises
    ------
    StorageError
        The database cannot be used.
    """
    with store.read() as reading:
        if not any(_due(reading, clock())):
            return []
    with store.write(ACTOR, clock(), REASON) as writing:
        due = sorted(_due(writing, writing.now), key=lambda model: model.id)
        writing.apply(retire_models(writing, map(Chosen, due), writing.now))
        if move_aliases:
            writing.apply(_moved_aliases(writing, due))
    return [model.id for model in due]


def _due(reading: ReadTransaction, now: datetime) -> Iterator[Model]:
    return (model for model in reading.models_that_retire_themselves() if is_due(model, now))


def _moved_aliases(reading: ReadTransaction, retired: Sequence[Model]) -> list[AnyChange]:
    """What lets the aliases of ``retired`` mean the models that replace them."""
    wanted = [
        alias_claims(Alias(alias, target))
        for model in retired
        if (target := chain_of(model, reading.model).target) is not None
        for alias in reading.aliases_of(model.id)
    ]
    return claim(reading, wanted) if wanted else []

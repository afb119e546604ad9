"""Renewal: what the program claims of models is brought up to what it knows today."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from callsheet.domain.changes.change import AnyChange, Subject
from callsheet.domain.changes.claiming import claim
from callsheet.domain.changes.naming import IN_NAMES
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.claims.claims import SAME_AS, ClaimKind, Claims
from callsheet.domain.claims.manager import BUILTIN
from callsheet.service.ceasing import claims_in_mode
from callsheet.service.facts import Facts
from callsheet.storage.reading import Reading
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.write import WriteTransaction

#: The actor of what the program itself changes.
ACTOR: Final = "callsheet"


def renew_builtin(store: Store, clock: Callable[[], datetime], facts: Facts | None = None) -> list[str]:
    """Bring what the program claims up to ``facts``, in one revision; return the ids of the models that changed.

    Those are the facts of this release on this day, if none are given. What others claim stays as it is: the
    changes of people still hold, and what they removed does not come back. Nothing is written where the claims are
    those of a later release or day. Whether there is anything to do, one row says.

    Raises
    ------
    StorageError
        The database cannot be used.
    """
    known = facts or Facts.built_in(clock())
    with store.read() as reading:
        if not _is_outdated(reading, known):
            return []
    with store.write(ACTOR, clock()) as writing:
        if not _is_outdated(writing, known):
            return []  # another process was faster
        changes = renewing_changes(writing, known)
        writing.apply(changes)
        writing.set_facts(known.mark)
    return sorted({change.subject for change in changes if change.kind is Subject.MODEL})


def renewing_changes(reading: Reading, facts: Facts) -> list[AnyChange]:
    """Return what changes if the program claims ``facts``; nothing if those that it claims are later."""
    return claim(reading, _wanted(reading, facts)) if _is_outdated(reading, facts) else []


def claim_builtin(
    writing: WriteTransaction, first: Iterable[AnyChange] = (), mode: BuiltinMode = BuiltinMode.LIST
) -> None:
    """Claim the facts of this release on this day in an installation that is new, after the ``first`` changes."""
    facts = Facts.built_in(writing.now)
    writing.apply([*first, *claim(writing, facts.claims(mode))])
    writing.set_facts(facts.mark)


def change_builtin_mode(reading: ReadTransaction, mode: BuiltinMode) -> list[AnyChange]:
    """Return what changes if the built-in models are listed from now on, or only inform.

    Who writes it calls `WriteTransaction.set_builtin` in the same transaction.
    """
    return claim(reading, claims_in_mode(reading, mode))


def _is_outdated(reading: Reading, facts: Facts) -> bool:
    installation = reading.installation()
    return installation is not None and facts.outdates(installation.facts)


def _wanted(reading: Reading, facts: Facts) -> Iterator[Claims]:
    installation = reading.installation()
    mode = BuiltinMode.LIST if installation is None else installation.builtin
    stored = {(claims.kind, claims.subject): claims for claims in reading.claims_by(BUILTIN)}
    ids = [model.id for model in facts.models]
    kept_out = reading.aliases(ids) if _has_one_of(reading, ids) else None
    for claims in facts.claims(mode):
        past = stored.get((claims.kind, claims.subject))
        if past is not None and SAME_AS not in past.fields:
            yield replace(claims, lists=claims.lists and past.lists)
        elif kept_out is None or (claims.kind is ClaimKind.MODEL and claims.subject in kept_out):
            yield replace(
                claims, lists=None
            )  # a catalogue without any built-in model gets none; nor is a name taken
        else:
            yield claims
    on_names = {claims.subject: claims for claims in facts.naming().claims_on(_names(reading, stored.values()))}
    yield from on_names.values()
    known = {*ids, *on_names}
    for kind, subject in stored:
        if subject not in (facts.aliases if kind is ClaimKind.ALIAS else known):
            yield Claims(subject, BUILTIN, kind=kind)  # it is not known, or not recognised, any more


def _has_one_of(reading: Reading, ids: list[str]) -> bool:
    return next(iter(reading.models(ids)), None) is not None


def _names(reading: Reading, stored: Iterable[Claims]) -> set[str]:
    """The ids that may be names of other platforms, or were."""
    return {
        *reading.model_ids(IN_NAMES),
        *(claims.subject for claims in stored if SAME_AS in claims.fields),
    }

"""Check the claims: whether the models and aliases are what the claims on them come to."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from callsheet.domain.changes.change import Subject
from callsheet.domain.changes.claimed import Claimed
from callsheet.domain.claims.claims import ClaimKind
from callsheet.domain.claims.resolve import alias_target, resolve
from callsheet.service.maintenance.problem import Problem
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.whole.integrity import Integrity

_SUBJECT_BATCH_SIZE: Final = 1000


def check_claims(integrity: Integrity) -> Iterator[Problem]:
    """Yield models and aliases that differ from what the claims on them come to; all rows must be valid."""
    reading = integrity.reading()
    for batch in _batches(integrity.claimed_subjects(ClaimKind.MODEL)):
        yield from _check_models(reading, batch)
    for batch in _batches(integrity.claimed_subjects(ClaimKind.ALIAS)):
        yield from _check_aliases(reading, batch)


def _check_models(reading: ReadTransaction, ids: list[str]) -> Iterator[Problem]:
    claimed = Claimed(reading)
    claimed.load(ids)
    present = {model.id: model for model in reading.models(ids)}
    for model_id in ids:
        wanted = resolve(model_id, claimed.ordered(model_id), claimed.inherited(model_id))
        if wanted != present.get(model_id):
            message = f"The model {model_id} is not what the claims on it come to."
            yield Problem(Subject.MODEL, model_id, message)


def _check_aliases(reading: ReadTransaction, names: list[str]) -> Iterator[Problem]:
    claimed = Claimed(reading)
    claimed.load(names, ClaimKind.ALIAS)
    targets = {name: alias_target(claimed.ordered(name, ClaimKind.ALIAS)) for name in names}
    wanted = {target for target in targets.values() if target is not None}
    models = {model.id for model in reading.models({*names, *wanted})}
    present = reading.aliases(names)
    for name, target in targets.items():
        is_there = target in models and name not in models
        if present.get(name) != (target if is_there else None):
            message = f"The alias {name} does not mean what the claims on it come to."
            yield Problem(Subject.ALIAS, name, message)


def _batches(subjects: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(subjects, _SUBJECT_BATCH_SIZE)):
        yield batch

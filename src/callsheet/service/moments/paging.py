"""Paging: the models of another moment, a page at a time, so that a page costs the same however many there are."""

from typing import Final

from callsheet.domain.model import Model
from callsheet.service.moments.reading import MomentReading
from callsheet.storage.transactions.paging import Cut, Slice

#: Ids that are looked at together, at least.
_ID_BATCH_SIZE: Final = 100


def page_of_models(reading: MomentReading, cut: Cut) -> Slice[Model]:
    """Return a page of the models of a moment by id, as `PagesReading.page_of_models` has those of the present."""
    backwards = cut.after is None and cut.before is not None
    beyond = cut.before if backwards else cut.after
    size = max(cut.limit + 1, _ID_BATCH_SIZE)
    found: list[Model] = []
    while len(found) <= cut.limit:
        ids = reading.models_beyond(beyond, size, backwards=backwards)
        models = {model.id: model for model in reading.models(ids)} if ids else {}
        found += [models[each] for each in ids if each in models]
        if len(ids) < size:
            break
        beyond = ids[-1]
    some = found[: cut.limit]
    return Slice(some[::-1] if backwards else some, len(found) > cut.limit)

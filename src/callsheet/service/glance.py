"""Glance: what rules would let be seen of what is served, quickly enough to be asked while a person types."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

from callsheet.api.state import State
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.model import Model
from callsheet.domain.query import Reach, reach_of
from callsheet.service.sight import Sight, idle_patterns

#: Models and sets of rules that are put together to count what workspaces see; more would take too long.
MAX_COUNTED_PAIRS: Final = 100_000


class Glance(NamedTuple):
    """What some rules let be seen.

    Parameters
    ----------
    sights
        One for each, in the order of the API.
    looked_at
        How many models were looked at.
    is_whole
        Whether these are all there are. If not, no pattern is said to match nothing.
    """

    sights: Sequence[Sight]
    looked_at: int
    is_whole: bool


def glance(state: State, rules: Sequence[Visibility], most: int | None = None) -> Glance:
    """Return what each of ``rules`` lets be seen of the first models of the catalogue.

    Parameters
    ----------
    state
        The installation.
    rules
        The rules.
    most
        Models that are looked at, from the first one on; None for all.
    """
    catalog = state.catalog
    models = list(islice(catalog, most))
    is_whole = len(models) == len(catalog)
    listed = _listed(models)
    ids = sorted(model.id for model in models)
    sights = []
    for rule in (each.among(catalog.has_id) for each in rules):
        idle = idle_patterns(rule, ids) if is_whole else ()
        aliases = {each: catalog.id_of(each) for each in idle if catalog.id_of(each) != each}
        visible = tuple(rule.seen(listed))
        sights.append(Sight(visible, len(listed), idle, aliases, len(visible)))
    return Glance(sights, len(models), is_whole)


def count_listed(state: State, rules: Sequence[Visibility]) -> Mapping[Visibility, int | None]:
    """Return how many models are listed for those who see by each of ``rules``; None where there are too many."""
    distinct = list(dict.fromkeys(rules))
    if len(state.catalog) * len(distinct) > MAX_COUNTED_PAIRS:
        return dict.fromkeys(distinct)
    listed = _listed(list(state.catalog))
    has_id = state.catalog.has_id
    return {each: sum(1 for _ in each.among(has_id).seen(listed)) for each in distinct}


def _listed(models: Sequence[Model]) -> list[str]:
    return [model.id for model in models if reach_of(model) is Reach.LISTED]

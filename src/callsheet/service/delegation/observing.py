"""Observing: logs once in what the lists of an observed gateway differ from what would be shown here."""

import logging
from collections import OrderedDict
from typing import Final, TypeAlias

from callsheet.domain.access.grant import GrantedModels
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.catalog import Catalog
from callsheet.service.delegation.comparing import Differences, describe
from callsheet.service.delegation.counts import KeyCounts

_log = logging.getLogger("callsheet")

_MAX_REMEMBERED_LISTS: Final = 256
_MAX_LOGGED_DIFFERENCES: Final = 1_000

_Compared: TypeAlias = tuple[Catalog, Visibility, Differences]


class Observation:
    """What was found by comparing, bounded; for one event loop.

    Parameters
    ----------
    counts
        Where differences are counted.
    """

    def __init__(self, counts: KeyCounts) -> None:
        self._counts = counts
        self._compared: OrderedDict[GrantedModels, _Compared] = OrderedDict()
        self._logged: OrderedDict[int, None] = OrderedDict()

    def find(self, models: GrantedModels, catalog: Catalog, rules: Visibility) -> Differences | None:
        """Return how an equal list differed, if it was compared with the same catalogue and rules."""
        known = self._compared.get(models)
        return known[2] if known is not None and known[0] is catalog and known[1] == rules else None

    def record(
        self, source: str, models: GrantedModels, catalog: Catalog, rules: Visibility, differences: Differences
    ) -> None:
        """Count how ``models``, which were listed to a key, differ, and log a difference that is new."""
        self._compared[models] = catalog, rules, differences
        self._compared.move_to_end(models)
        while len(self._compared) > _MAX_REMEMBERED_LISTS:
            self._compared.popitem(last=False)
        if not differences:
            return
        self._counts.differences.update(map(str, differences))
        mark = hash(tuple(differences.items()))
        if mark not in self._logged:
            _log.info("The list of source %s for a key differs from ours: %s.", source, describe(differences))
        self._logged[mark] = None
        self._logged.move_to_end(mark)
        while len(self._logged) > _MAX_LOGGED_DIFFERENCES:
            self._logged.popitem(last=False)

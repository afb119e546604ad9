"""Key counts: how many keys that work each workspace has."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from callsheet.api.state import State
from callsheet.domain.access.keyring import NEVER, Keyring


class _Census(NamedTuple):
    """The keys in use of a keyring.

    Parameters
    ----------
    all
        How many there are, by workspace; None is the organization.
    ends, ending
        When those that expire do so, in order, and the workspace of each.
    """

    all: Counter[str | None]
    ends: Sequence[float]
    ending: Sequence[str | None]


def count_working_keys(state: State, now: float) -> Counter[str]:
    """Return by workspace id how many keys that work at ``now`` (seconds since the epoch) see by its rules.

    A key of the organization sees what the default workspace sees. The keys are gone through once for each keyring,
    however often they are counted.
    """
    census = _census(state.keyring)
    ended = Counter(census.ending[: bisect_right(census.ends, now)])
    counts: Counter[str] = Counter()
    for workspace, count in census.all.items():
        counts[workspace or state.default_workspace_id] += count - ended[workspace]
    return counts


@lru_cache(maxsize=1)
def _census(keyring: Keyring) -> _Census:
    every: Counter[str | None] = Counter()
    expiring: list[tuple[float, str | None]] = []
    for _, key in keyring.credentials():
        if key.usable:
            every[key.workspace_id] += 1
            if key.expires != NEVER:
                expiring.append((key.expires, key.workspace_id))
    expiring.sort(key=lambda each: each[0])
    return _Census(every, [each[0] for each in expiring], [each[1] for each in expiring])

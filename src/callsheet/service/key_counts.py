"""Key counts: how many keys that work each workspace has."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
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

    A key of the organization sees what the default workspace sees. The keys are gone through once; after a
    change, only those that have changed.
    """
    census = _census(state.keyring)
    ended = Counter(census.ending[: bisect_right(census.ends, now)])
    counts: Counter[str] = Counter()
    for workspace, count in census.all.items():
        counts[workspace or state.default_workspace_id] += count - ended[workspace]
    return counts


class _Taken(NamedTuple):
    """A census, and the keyring that it is of."""

    keyring: Keyring
    census: _Census


#: The last one, which the next one is made from.
_taken: list[_Taken] = []


def _census(keyring: Keyring) -> _Census:
    last = _taken[-1] if _taken else None
    if last is not None and last.keyring is keyring:
        return last.census
    census = _count(keyring) if last is None else _recount(last, keyring)
    _taken[:] = [_Taken(keyring, census)]
    return census


def _count(keyring: Keyring) -> _Census:
    every: Counter[str | None] = Counter()
    expiring: list[tuple[float, str | None]] = []
    for _, key in keyring.credentials():
        if key.usable:
            every[key.workspace_id] += 1
            if key.expires != NEVER:
                expiring.append((key.expires, key.workspace_id))
    expiring.sort(key=lambda each: each[0])
    return _Census(every, [each[0] for each in expiring], [each[1] for each in expiring])


def _recount(last: _Taken, keyring: Keyring) -> _Census:
    """The census of a keyring by what differs from the last one."""
    every, ends, ending = last.census.all.copy(), list(last.census.ends), list(last.census.ending)
    for key, former in keyring.differing(last.keyring):
        if former is not None and former.usable:
            every[former.workspace_id] -= 1
            if former.expires != NEVER:
                place = ending.index(former.workspace_id, bisect_left(ends, former.expires))
                del ends[place], ending[place]
        if key is not None and key.usable:
            every[key.workspace_id] += 1
            if key.expires != NEVER:
                place = bisect_right(ends, key.expires)
                ends.insert(place, key.expires)
                ending.insert(place, key.workspace_id)
    return _Census(every, ends, ending)

"""Key counts: how many keys that work each workspace has."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from callsheet.api.state import State
from callsheet.domain.access.keyring import NEVER, Keyring


class _Census(NamedTuple):
    """The keys in use of a keyring: how many never expire, by workspace, and when the others do."""

    lasting: Counter[str | None]
    expiring: Sequence[tuple[float, str | None]]


def count_working_keys(state: State, now: float) -> Counter[str]:
    """Return by workspace id how many keys that work at ``now`` (seconds since the epoch) see by its rules.

    A key of the organization sees what the default workspace sees. The keys are gone through once for each keyring,
    however often they are counted.
    """
    census = _census(state.keyring)
    counts = census.lasting + Counter(workspace for expires, workspace in census.expiring if expires > now)
    found: Counter[str] = Counter()
    for workspace, count in counts.items():
        found[workspace or state.default_workspace_id] += count
    return found


@lru_cache(maxsize=1)
def _census(keyring: Keyring) -> _Census:
    lasting: Counter[str | None] = Counter()
    expiring: list[tuple[float, str | None]] = []
    for _, key in keyring.credentials():
        if not key.usable:
            continue
        if key.expires == NEVER:
            lasting[key.workspace_id] += 1
        else:
            expiring.append((key.expires, key.workspace_id))
    return _Census(lasting, expiring)

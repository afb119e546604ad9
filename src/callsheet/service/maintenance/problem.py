"""Problem: something wrong in a database."""

from typing import NamedTuple


class Problem(NamedTuple):
    """What is wrong, and with what.

    Parameters
    ----------
    kind
        ``model``, ``alias``, ``tombstone``, ``claims``, ``workspace``, ``key``, ``source``, ``source state``,
        ``absence``, ``change``, ``installation`` or ``database``.
    subject
        Its id; of a change, its number; of a database, where that is; of claims, what they are on.
    message
        A sentence for people.
    """

    kind: str
    subject: str
    message: str

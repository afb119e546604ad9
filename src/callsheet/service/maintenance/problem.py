"""Problem: something wrong in a database."""

from typing import NamedTuple


class Problem(NamedTuple):
    """What is wrong, and with what.

    Parameters
    ----------
    kind
        ``model``, ``alias``, ``tombstone``, ``workspace``, ``key``, ``change``, ``installation`` or ``database``.
    subject
        Its id; of a change, its number; of a database, where that is.
    message
        A sentence for people.
    """

    kind: str
    subject: str
    message: str

"""Administrator: who administers, whichever way they were let in."""

from typing import NamedTuple

from callsheet.domain.access.admin_key import AdminKey, Scope


class Administrator(NamedTuple):
    """Someone who administers: a program with an admin key, or a person signed in at the console.

    Parameters
    ----------
    id
        What logs and limits call them: the id of an admin key or of a session.
    actor
        What change records call them.
    scopes
        What they may do.
    """

    id: str
    actor: str
    scopes: tuple[Scope, ...]


def administrator_with(key: AdminKey) -> Administrator:
    """Return who administers with ``key``."""
    return Administrator(key.id, f"admin:{key.id}", key.scopes)

"""Names of API keys: which key a name means, and which keys may not have the same one.

A key *holds* its name while it is in use: not archived, not expired, and not replaced. A key is *replaced* when it
was rotated with an overlap: it works on for a while, but its name is that of its successor.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Final

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.errors import ConflictError, DoesNotExistError

_MAX_IDS: Final = 4  # ids in a message


def holds_name(key: APIKey, now: datetime, replaced: Collection[str]) -> bool:
    """Return whether no other key may take the name of ``key``; ``replaced`` has the ids of replaced keys."""
    return key.status is not KeyStatus.ARCHIVED and not key.is_expired(now) and key.id not in replaced


def meant_by(name: str, named: Sequence[APIKey], now: datetime, replaced: Collection[str]) -> APIKey | None:
    """Return the key that ``name`` means, of all keys with this name; None if there is none but archived ones.

    It is the one that holds the name; failing that the one that was replaced and still works; failing that the one
    that has expired.

    Raises
    ------
    ConflictError
        More than one is as good: keys made by a release that let them share a name.
    """
    present = [key for key in named if key.status is not KeyStatus.ARCHIVED]
    for group in (
        [key for key in present if holds_name(key, now, replaced)],
        [key for key in present if not key.is_expired(now)],
        present,
    ):
        if len(group) == 1:
            return group[0]
        if group:
            ids = ", ".join(key.id for key in group[:_MAX_IDS])
            raise ConflictError(
                f"{len(group)} keys are named {name!r}; name one by its id: "
                f"{ids}{', …' if len(group) > _MAX_IDS else ''}."
            )
    return None


def check_name_is_free(key: APIKey, named: Iterable[APIKey], now: datetime, replaced: Collection[str]) -> None:
    """Raise ConflictError if another of ``named``, the keys with the name of ``key``, holds that name."""
    for other in named:
        if other.id != key.id and holds_name(other, now, replaced):
            raise ConflictError(
                f"There is a key named {key.name!r} already: {other.id}; "
                "choose another name, or rotate or change that key.",
                field="name",
            )


def unknown_key(name: str, known: Iterable[str]) -> DoesNotExistError:
    """Return the refusal of a name that no key has; it suggests the closest of the ``known`` ones."""
    close = get_close_matches(name, set(known), 1)
    return DoesNotExistError(
        f"There is no key {name!r}; did you mean {close[0]!r}?" if close else f"There is no key {name!r}."
    )

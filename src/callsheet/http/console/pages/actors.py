"""Actors in words: who made a change, as people would say it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from callsheet.http.console.visit import Visit

_ADMIN_KEY: Final = "admin"

#: What a name after ``KIND:`` is of.
_WORDS: Final = {
    "cli": "{} at the command line",
    "console": "{} in the console",
    "source": "source {}",
    _ADMIN_KEY: "admin key {}",
}

#: Actors that have no name.
_ALONE: Final = {
    "cli": "someone at the command line",
    "console": "someone in the console",
    "callsheet": "Callsheet itself",
}

#: Admin keys whose names are looked up.
_MAX_ADMIN_KEYS: Final = 1000


def actor_words(actor: str, admin_keys: Mapping[str, str]) -> str:
    """Return who ``actor`` of a change record is; ``admin_keys`` has the names of admin keys by id."""
    kind, _, name = actor.partition(":")
    if not name:
        return _ALONE.get(actor, actor)
    if kind == _ADMIN_KEY:
        name = admin_keys.get(name) or name
    return _WORDS[kind].format(name) if kind in _WORDS else actor


def with_words(visit: Visit, records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return change records, each with ``by``: who made it, in words."""
    found = [dict(each) for each in records]
    names = _admin_keys(visit) if any(each["actor"].startswith(f"{_ADMIN_KEY}:") for each in found) else {}
    return [{**each, "by": actor_words(each["actor"], names)} for each in found]


def _admin_keys(visit: Visit) -> Mapping[str, str]:
    """The names of admin keys by id, from what is recorded of them, which everybody who reads may see."""
    records = visit.calls.read("listChanges", kind="admin_key", limit=_MAX_ADMIN_KEYS)["data"]
    return {each["subject"]: str((each["after"] or each["before"] or {}).get("name", "")) for each in records}

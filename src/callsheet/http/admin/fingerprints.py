"""Fingerprints: who sees the SHA-256 of secrets, from which a short secret could be guessed."""

from collections.abc import Iterator
from typing import Any, Final

from callsheet.domain.access.admin_key import Scope, allows
from callsheet.http.admin.endpoint import Asked

#: The members that hold one, in catalogue files, plans, change records and snapshots.
_MEMBERS: Final = frozenset({"secret_sha256", "sha256"})


def may_see_fingerprints(asked: Asked) -> bool:
    """Return whether who asks may see them: those who may make keys anyway."""
    return allows(asked.by.scopes, Scope.KEYS)


def fingerprints_in(value: Any) -> Iterator[Any]:
    """Yield those that ``value``, plain JSON values, holds; None for one that was left out."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name in _MEMBERS:
                yield each
            else:
                yield from fingerprints_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from fingerprints_in(each)


def seen(asked: Asked, value: Any, sent: Any = None) -> Any:
    """Return ``value``, plain JSON values, as who asks may see it.

    If they may not see fingerprints, each is null but for those in ``sent``, which they know.
    """
    if may_see_fingerprints(asked):
        return value
    return _without(value, frozenset(each for each in fingerprints_in(sent) if isinstance(each, str)))


def _without(value: Any, known: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {
            name: _without(each, known) if name not in _MEMBERS or each in known else None
            for name, each in value.items()
        }
    return [_without(each, known) for each in value] if isinstance(value, list | tuple) else value

"""Visibility: which models the keys of a workspace see."""

import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import translate
from functools import lru_cache
from itertools import filterfalse
from typing import Final, NamedTuple
from unicodedata import category

from callsheet.domain.errors import InvalidError
from callsheet.domain.model import UNPRINTABLE

#: Of all patterns with wildcards of a workspace; to compile these takes some 60 ms.
MAX_GLOB_CHARACTERS: Final = 16_384

#: Matches no id, not even the one that is spelt like it: the allow list of those who are to see nothing.
NOTHING: Final = "nothing[z-a]"

_MAX_PATTERN_LENGTH: Final = 256  # characters, as of an id
_SPREADING: Final = frozenset("*?")  # wildcards that also match themselves
_WILDCARDS: Final = _SPREADING | {"["}  # without one of them, a pattern means itself anyway
_SPREADING_PART: Final = re.compile(r"[*?]")  # between parts that the id must hold


class Visibility(NamedTuple):
    """Which models may be seen: shell globs on model ids. Deny wins; no ``allow`` means all.

    Parameters
    ----------
    allow, deny
        The patterns.
    exact
        Those patterns that are ids, letter for letter, and so mean that id; see `among`.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    exact: frozenset[str] = frozenset()

    def sees(self, model_id: str) -> bool:
        """Return whether these rules let a caller see the model with this id."""
        if self.deny and _matcher(self.deny, self.exact)(model_id):
            return False
        return not self.allow or bool(_matcher(self.allow, self.exact)(model_id))

    def seen(self, model_ids: Iterable[str]) -> Iterator[str]:
        """Yield those of ``model_ids`` that `sees` is true of, several times as fast as by asking about each."""
        if self.allow:
            model_ids = filter(_matcher(self.allow, self.exact), model_ids)
        if self.deny:
            model_ids = filterfalse(_matcher(self.deny, self.exact), model_ids)
        return iter(model_ids)

    def among(self, is_id: Callable[[str], bool]) -> "Visibility":
        """Return these rules with `exact` set, where ``is_id`` says which texts are ids (contract, section 1).

        ``claude-opus-4-8[1m]`` is a glob that matches ``claude-opus-4-81``, until there is a model of that name:
        then it means that model only. ``openai/*`` stays the glob that it is: it matches the id ``openai/*``, which
        gateways list, anyway, and no new model may undo a rule that denies them all.
        """
        patterns = (*self.allow, *self.deny)
        exact = frozenset(each for each in patterns if has_wildcards(each) and each != NOTHING and is_id(each))
        return self if exact == self.exact else Visibility(self.allow, self.deny, exact)


class PatternMatches:
    """Which patterns match one id; each distinct pattern is tried once, however many workspaces have it.

    Parameters
    ----------
    model_id
        The id.
    is_id
        Says which texts are ids, as for `Visibility.among`.
    """

    def __init__(self, model_id: str, is_id: Callable[[str], bool]) -> None:
        self._model_id = model_id
        self._is_id = is_id
        self._known: dict[str, bool] = {}

    def among(self, patterns: Iterable[str]) -> tuple[str, ...]:
        """Return those of ``patterns`` that match the id, in their order."""
        return tuple(filter(self._matches, patterns))

    def sees(self, rules: Visibility) -> bool:
        """Return what `Visibility.sees` returns for ``rules`` that know which of their patterns are ids."""
        if any(map(self._matches, rules.deny)):
            return False
        return not rules.allow or any(map(self._matches, rules.allow))

    def _matches(self, pattern: str) -> bool:
        known = self._known.get(pattern)
        if known is None:
            known = self._known[pattern] = self._decide(pattern)
        return known

    def _decide(self, pattern: str) -> bool:
        head = pattern.partition("[")[0]
        if not all(part in self._model_id for part in _SPREADING_PART.split(head)):
            return False  # as most patterns, which need not be compiled
        return Visibility((pattern,)).among(self._is_id).sees(self._model_id)


def has_wildcards(pattern: str) -> bool:
    """Return whether ``pattern`` may match more than the one id that it spells."""
    return not _WILDCARDS.isdisjoint(pattern)


SEES_ALL: Final = Visibility()


@lru_cache(maxsize=4096)
def _matcher(patterns: tuple[str, ...], exact: frozenset[str]) -> Callable[[str], object]:
    """A function of an id: whether one of ``patterns`` matches it. Patterns that are ids are not compiled."""
    ids = frozenset(each for each in patterns if each in exact or not has_wildcards(each))
    globs = [each for each in patterns if each not in ids or not _SPREADING.isdisjoint(each)]
    if not globs:
        return ids.__contains__
    match = re.compile("|".join(map(translate, globs))).match
    return (lambda model_id: model_id in ids or match(model_id)) if ids else match


def check_patterns(visibility: Visibility) -> None:
    """Check that the rules of a workspace are quick to evaluate; those of old databases are not checked.

    Raises
    ------
    InvalidError
        The patterns with wildcards are too long, all together: they are compiled while a request waits.
    """
    length = sum(len(each) for each in (*visibility.allow, *visibility.deny) if has_wildcards(each))
    if length > MAX_GLOB_CHARACTERS:
        raise InvalidError(
            f"The patterns of a workspace may have {MAX_GLOB_CHARACTERS:,} characters together, not {length:,}; "
            "use fewer or shorter ones such as claude-*. Ids without wildcards do not count."
        )


def check_pattern(pattern: str, field: str | None = None) -> None:
    """Raise InvalidError about ``field`` unless ``pattern`` could match an id, or be one, in any script."""
    if (
        not 1 <= len(pattern) <= _MAX_PATTERN_LENGTH
        or pattern != pattern.strip()
        or any(category(character) in UNPRINTABLE for character in pattern)
    ):
        raise InvalidError(
            f"A pattern must be 1 to {_MAX_PATTERN_LENGTH} printable characters such as claude-*, without blanks "
            f"at either end, not {pattern[:60]!r}.",
            field=field,
        )

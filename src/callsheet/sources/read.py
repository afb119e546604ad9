"""All rows of an upstream's answers, as models: those that Callsheet cannot have are dropped and counted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from callsheet.domain.errors import InvalidError
from callsheet.domain.model import MAX_ID_LENGTH, check_id
from callsheet.sources.upstream import Answer, Dropped, Listed, Options, Upstream

NOT_AN_OBJECT: Final = "it is not an object"
NO_ID: Final = "it has no id that is text"
BAD_ID: Final = f"its id is not one that a model can have (1 to {MAX_ID_LENGTH} printable characters)"
TWICE: Final = "a row before it has the same id"

_MAX_SHOWN_CHARACTERS: Final = 60


class Reading(NamedTuple):
    """What the answers of an upstream come to.

    Parameters
    ----------
    listed
        Its models, in its order; no id and no alias is there twice.
    dropped
        The rows that are left out.
    """

    listed: tuple[Listed, ...]
    dropped: tuple[Dropped, ...]

    def reasons(self) -> Mapping[str, int]:
        """Return why rows are left out, each reason with their number, the most frequent first."""
        return dict(Counter(each.reason for each in self.dropped).most_common())


def read(upstream: Upstream, answers: Sequence[Answer], options: Options) -> Reading:
    """Return the models that complete answers list.

    A row without a usable id, or with the id of a row before it, is dropped; the rest of the list counts.

    Raises
    ------
    SourceError
        The answers have another shape than this kind of upstream's.
    """
    listed: dict[str, Listed] = {}
    dropped: list[Dropped] = []
    rows = list(reversed(upstream.rows(answers)))
    while rows:
        row = rows.pop()  # so that not all of them are in memory until the end
        each = _checked(upstream.listed(row, options)) if isinstance(row, Mapping) else Dropped("", NOT_AN_OBJECT)
        if isinstance(each, Listed) and each.id in listed:
            each = Dropped(each.id, TWICE)
        if isinstance(each, Dropped):
            dropped.append(_shortened(each))
        else:
            listed[each.id] = each
    return Reading(tuple(_with_own_aliases(listed)), tuple(dropped))


def _checked(each: Listed | Dropped) -> Listed | Dropped:
    """``each``, if a model can have its id."""
    if isinstance(each, Dropped):
        return each
    if not each.id:
        return Dropped("", NO_ID)
    return each if _can_be_id(each.id) else Dropped(each.id, BAD_ID)


def _can_be_id(text: str) -> bool:
    try:
        check_id(text)
    except InvalidError:
        return False
    return True


def _shortened(dropped: Dropped) -> Dropped:
    kept = "".join(each if each.isprintable() else "?" for each in dropped.id[:_MAX_SHOWN_CHARACTERS])
    return replace(dropped, id=kept)


def _with_own_aliases(listed: Mapping[str, Listed]) -> "list[Listed]":
    """The models with those of their aliases that can be one: usable, not an id, not an alias before."""
    taken: set[str] = set(listed)
    found = []
    for each in listed.values():
        if not each.aliases:  # as most
            found.append(each)
            continue
        kept = [alias for alias in dict.fromkeys(each.aliases) if alias not in taken and _can_be_id(alias)]
        taken.update(kept)
        left_out: list[Any] = [alias for alias in each.aliases if alias not in kept and alias != each.id]
        notes = (
            f"the alias {alias[:_MAX_SHOWN_CHARACTERS]!r} is left out: it is taken or not usable"
            for alias in left_out
        )
        found.append(replace(each, aliases=tuple(kept), notes=(*each.notes, *notes)))
    return found

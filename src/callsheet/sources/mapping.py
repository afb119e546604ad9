"""What an upstream's list says field by field, what stays unknown, and what is left out: for people who try it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from callsheet.domain.claims.claims import CLAIMABLE, SAME_AS
from callsheet.domain.model import MODEL_FIELDS
from callsheet.sources.upstream import FIRST_SEEN, Dropped, LastKnown, Listed

MAX_EXAMPLES: Final = 3

_OF_PEOPLE: Final = frozenset({"hidden", "retires_itself", "source"})  # what they alone set

#: The fields that an upstream may state, in the order of a model's own.
FIELDS: Final = (*(name for name in MODEL_FIELDS if name in CLAIMABLE - _OF_PEOPLE), SAME_AS)


#: Of those, what says something of a row in a catalogue, not of the model: no upstream need know it.
_OF_THE_ROW: Final = frozenset({"line", "replacement", "description", "retirement_precision", SAME_AS})


class Example(NamedTuple):
    """A value of a field, and a model that has it."""

    id: str
    value: Any


class FieldMapping(NamedTuple):
    """What a list says of one field.

    Parameters
    ----------
    field
        Of a model.
    stated
        How many rows have a value for it.
    first_seen
        How many of these have the time when the source first saw them, as the upstream knows no other.
    last_known
        How many have no value at the moment, such as the limit of a model that is not loaded. Not in ``stated``.
    examples
        Values of the first rows that have different ones.
    """

    field: str
    stated: int
    first_seen: int
    last_known: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why rows, or values in rows, are left out; with how many, and the ids of some."""

    reason: str
    count: int
    ids: tuple[str, ...]


class ListMapping(NamedTuple):
    """What a list comes to.

    Parameters
    ----------
    rows
        How many models there are.
    fields
        Each that some row states, or might, in the order of `FIELDS`.
    unknown
        The facts of which no row says anything.
    aliases
        Alias to model.
    notes
        What is left out in rows that are models, the most frequent first.
    dropped
        Why rows are no models of the source, the most frequent first.
    """

    rows: int
    fields: tuple[FieldMapping, ...]
    unknown: tuple[str, ...]
    aliases: Mapping[str, str]
    notes: tuple[Reason, ...]
    dropped: tuple[Reason, ...]


def map_list(listed: Sequence[Listed], dropped: Iterable[Dropped] = ()) -> ListMapping:
    """Return what models come to, field by field.

    Parameters
    ----------
    listed
        As `sources.read` or `sources.choosing` returns them.
    dropped
        What was left out before.
    """
    mapped = [_map_field(name, listed) for name in FIELDS]
    return ListMapping(
        len(listed),
        tuple(each for each in mapped if each.stated or each.last_known),
        tuple(
            each.field for each in mapped if not (each.stated or each.last_known) and each.field not in _OF_THE_ROW
        ),
        {alias: each.id for each in listed for alias in each.aliases},
        _counted((note, each.id) for each in listed for note in each.notes),
        _counted((each.reason, each.id) for each in dropped),
    )


def plain_value(value: object) -> Any:
    """Return a value of a field of a row as people and programs read it."""
    if value is FIRST_SEEN:
        return "when it is first seen"
    return value.otherwise if isinstance(value, LastKnown) else value


def _map_field(name: str, listed: Sequence[Listed]) -> FieldMapping:
    sent = [Example(each.id, each.fields[name]) for each in listed if name in each.fields]
    stated = [each for each in sent if not isinstance(each.value, LastKnown) or each.value.otherwise is not None]
    values = [each for each in stated if each.value is not FIRST_SEEN]
    return FieldMapping(
        name, len(stated), len(stated) - len(values), len(sent) - len(stated), tuple(_different(values))
    )


def _different(examples: Iterable[Example]) -> list[Example]:
    """The first examples of different values; of one that holds only until another is known, that one."""
    found: list[Example] = []
    for model_id, value in examples:
        plain = value.otherwise if isinstance(value, LastKnown) else value
        if all(plain != each.value for each in found):
            found.append(Example(model_id, plain))
        if len(found) == MAX_EXAMPLES:
            break
    return found


def _counted(reasons: Iterable[tuple[str, str]]) -> tuple[Reason, ...]:
    counts: Counter[str] = Counter()
    ids: dict[str, list[str]] = {}
    for reason, model_id in reasons:
        counts[reason] += 1
        some = ids.setdefault(reason, [])
        if model_id and len(some) < MAX_EXAMPLES:
            some.append(model_id)
    return tuple(Reason(reason, count, tuple(ids[reason])) for reason, count in counts.most_common())

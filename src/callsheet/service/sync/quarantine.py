"""Quarantine: what in a list is so unlike the last good one that a person has to look at it before it counts."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeAlias

from callsheet.domain.claims.claims import SAME_AS, Claims
from callsheet.domain.times import parse_instant

#: As much of a list may go at once, and as many models in any case: of a short list, one is much.
MAX_GONE_SHARE: Final = 0.2
MAX_GONE_MODELS: Final = 2

_MAX_NAMED: Final = 3  # in a sentence
_LIMITS: Final = ("max_input_tokens", "max_tokens")
_DATES: Final = ("deprecated_at", "retires_at")
_IDENTITY: Final = ("line", SAME_AS)


#: What is wrong with the fields of a model, compared with those before, as a clause; empty if nothing is.
Finding: TypeAlias = Callable[[Mapping[str, Any], Mapping[str, Any]], str]


class Cause(StrEnum):
    """Why a list is quarantined. The values are what databases hold."""

    EMPTY = "empty"
    SHORT = "short"
    LIMIT = "limit"
    CAPABILITY = "capability"
    DATE = "date"
    COLLISION = "collision"


class Reason(NamedTuple):
    """Why a list is quarantined.

    Parameters
    ----------
    cause
        What is wrong.
    subjects
        The models that it concerns.
    words
        A clause about the list, for people.
    """

    cause: Cause
    subjects: tuple[str, ...]
    words: str

    def record(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"cause": str(self.cause), "subjects": list(self.subjects), "words": self.words}


def sentence_of(reasons: Iterable[Reason]) -> str:
    """Return one sentence for all of them."""
    return f"The list is quarantined: {'; '.join(reason.words for reason in reasons)}."


def judge(
    before: Mapping[str, Claims], after: Mapping[str, Claims], gone: Collection[str], present: int
) -> list[Reason]:
    """Return why the models that a source lists now cannot be what it means, compared with its last good list.

    Parameters
    ----------
    before, after
        What it claimed of each model, and what it claims now.
    gone
        Those that it listed in the last good run and does not list now; but none that its configuration excludes.
    present
        How many it listed in the last good run.
    """
    return [
        *_short(after, gone, present),
        *_each(Cause.LIMIT, before, after, _shrunk),
        *_each(Cause.CAPABILITY, before, after, _lost),
        *_each(Cause.DATE, before, after, _earlier),
    ]


def collide(
    after: Iterable[Claims],
    aliases: Mapping[str, str],
    targets: Mapping[str, str],
    models: Collection[str],
    others: Mapping[str, Iterable[Claims]],
) -> list[Reason]:
    """Return which names of a list others hold as something else.

    Parameters
    ----------
    after
        What the source claims of models that are new in its list.
    aliases
        Of those names, the ones that are aliases of others, with the model that each means.
    targets
        The aliases that are new in its list, with the models they are to mean.
    models
        Which of these aliases are models of others.
    others
        What other sources claim of the same models.
    """
    reasons = []
    for claims in after:
        name = claims.subject
        if name in aliases:
            reasons.append(_collision(name, f"{name} is an alias of {aliases[name]}"))
            continue
        for other in others.get(name, ()):
            field = next((each for each in _IDENTITY if _differ(each, claims, other)), None)
            if field is not None:
                words = f"{name} is another model for {other.manager} ({field} {other.fields[field]})"
                reasons.append(_collision(name, words))
                break
    reasons += (_collision(name, f"the alias {name} is a model") for name in targets if name in models)
    reasons += (
        _collision(name, f"the alias {name} means {aliases[name]}, not {target}")
        for name, target in targets.items()
        if name not in models and aliases.get(name, target) != target
    )
    return reasons


def _collision(name: str, words: str) -> Reason:
    return Reason(Cause.COLLISION, (name,), words)


def _differ(field: str, one: Claims, other: Claims) -> bool:
    values = one.fields.get(field), other.fields.get(field)
    return None not in values and values[0] != values[1]


def _short(after: Mapping[str, Claims], gone: Collection[str], present: int) -> Iterator[Reason]:
    subjects = tuple(sorted(gone))
    if not after and present:
        yield Reason(Cause.EMPTY, subjects, f"it is empty, where there were {_models(present)}")
    elif len(gone) > max(MAX_GONE_MODELS, MAX_GONE_SHARE * present):
        yield Reason(Cause.SHORT, subjects, f"{len(gone)} of {_models(present)} are gone ({_named(subjects)})")


def _each(
    cause: Cause, before: Mapping[str, Claims], after: Mapping[str, Claims], find: Finding
) -> Iterator[Reason]:
    """One reason for all models of which ``find`` finds something, with what it found of the first."""
    found = {}
    for name, claims in after.items():
        known = before.get(name)
        if known is not None and known.fields is not claims.fields:
            words = find(known.fields, claims.fields)
            if words:
                found[name] = words
    if found:
        first = next(iter(found))
        more = f", and {len(found) - 1} more like it" if len(found) > 1 else ""
        yield Reason(cause, tuple(found), f"{found[first]} for {first}{more}")


def _shrunk(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    for name in _LIMITS:
        was, is_now = before.get(name), after.get(name)
        if was is not None and is_now is not None and is_now < was:
            return f"{name} shrinks from {was} to {is_now}"
    return ""


def _lost(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    lost = sorted(_supported(before.get("capabilities")) - _supported(after.get("capabilities")))
    return f"the capability {lost[0]} is lost" if lost else ""


def _supported(node: object, path: str = "") -> set[str]:
    if not isinstance(node, Mapping):
        return set()
    found = {path} if path and node.get("supported") is True else set()
    for name, child in node.items():
        if name != "supported":
            found |= _supported(child, f"{path}.{name}" if path else name)
    return found


def _earlier(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    for name in _DATES:
        was, is_now = before.get(name), after.get(name)
        if was is not None and is_now is not None and parse_instant(is_now) < parse_instant(was):
            return f"{name} moves from {was[:10]} to the earlier {is_now[:10]}"
    return ""


def _models(count: int) -> str:
    return f"{count} model{'s' * (count != 1)}"


def _named(subjects: tuple[str, ...]) -> str:
    shown = ", ".join(subjects[:_MAX_NAMED])
    return f"{shown}, …" if len(subjects) > _MAX_NAMED else shown

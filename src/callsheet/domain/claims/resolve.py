"""Resolve: what the claims on a model, or on an alias, come to.

It never fails: of values that cannot hold beside each other, one gives way. So no claim of one manager can stop
another's, and no order of events matters.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from callsheet.domain.capabilities import completed, is_complete
from callsheet.domain.claims.claims import CLAIMABLE, SAME_AS, Claims
from callsheet.domain.claims.manager import Manager, ManagerKind
from callsheet.domain.claims.values import own_values
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import EPOCH

#: What ``same_as`` does not bring along: it says something of a row in a list, not of the model behind it.
_OF_THE_ROW: Final = frozenset({"hidden", "retires_itself", "source", SAME_AS})

_CAPABILITIES: Final = "capabilities"
#: Managers that have a position, and state some capabilities of a model, not the whole tree.
_UPSTREAMS: Final = frozenset({ManagerKind.ENRICHMENT, ManagerKind.SOURCE})

_RETIRES_AT: Final = "retires_at"
_PRECISION: Final = "retirement_precision"
_DATES: Final = ("deprecated_at", _RETIRES_AT, _PRECISION)


def in_order(claims: Iterable[Claims], positions: Mapping[str, int]) -> list[Claims]:
    """Return the claims on one thing from the lowest rank to the highest.

    Parameters
    ----------
    claims
        Of different managers, in any order.
    positions
        Of sources and enrichments, by name: of two of the same kind, that with the lower position outranks the
        other. Among those without a position, and among files, the first by name outranks the rest.
    """
    by_name = sorted(claims, key=lambda each: each.manager.name, reverse=True)
    return sorted(by_name, key=lambda each: (each.manager.rank, -_position(each.manager, positions)))


def _position(manager: Manager, positions: Mapping[str, int]) -> int:
    """The position of a source or an enrichment; a file may have the name of one, and has none."""
    return positions.get(manager.name, 0) if manager.kind in _UPSTREAMS else 0


def is_listed(ordered: Sequence[Claims]) -> bool:
    """Return whether a thing exists: the highest manager that says anything about that decides."""
    return next((each.lists for each in reversed(ordered) if each.lists is not None), False)


def merged(ordered: Iterable[Claims], inherited: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the claimed fields of a model: of each, the value of the highest manager that claims it.

    Upstreams know only some capabilities of a model. What they state counts, and those below fill in the others. If
    some remain unknown even so, all count as unknown: clients rely on finding every one, or none (decision 6).

    What a manager says of the precision of a date holds for this date, not for another that a higher one claims.

    Parameters
    ----------
    ordered
        From the lowest rank to the highest.
    inherited
        What is true of the model that this one is the same as.
    """
    fields, in_part = dict(inherited or {}), False
    for each in ordered:
        if _CAPABILITIES in each.fields:
            in_part = each.manager.kind in _UPSTREAMS
        if _PRECISION in fields and _moves_date(fields.get(_RETIRES_AT), each):
            fields[_PRECISION] = None
        fields.update(_over(fields, each))
    if in_part and not is_complete(fields[_CAPABILITIES] or {}):
        fields[_CAPABILITIES] = None
    return fields


def _moves_date(below: str | None, claims: Claims) -> bool:
    """Whether another date of retirement is claimed than ``below``, without saying how precise it is."""
    fields = claims.fields
    return _RETIRES_AT in fields and _PRECISION not in fields and fields[_RETIRES_AT] != below


def _over(below: Mapping[str, Any], claims: Claims) -> Mapping[str, Any]:
    stated, known = claims.fields.get(_CAPABILITIES), below.get(_CAPABILITIES)
    if claims.manager.kind not in _UPSTREAMS or not stated or not known:
        return claims.fields
    return {**claims.fields, _CAPABILITIES: completed(stated, known)}


def inheritable(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of a model's fields that hold for another that is the same as it."""
    return {name: value for name, value in fields.items() if name not in _OF_THE_ROW}


def model_of(model_id: str, fields: Mapping[str, Any]) -> Model:
    """Return the model with these fields; what cannot hold falls away.

    An active model has no dates of retirement; one that is not is deprecated since its retirement or its release at
    the latest; no model replaces itself.
    """
    values = own_values(fields)
    if values.get("replacement") == model_id:
        del values["replacement"]
    if values.get("lifecycle", Lifecycle.ACTIVE) is Lifecycle.ACTIVE:
        for name in _DATES:
            values.pop(name, None)
    else:
        _settle_dates(values)
    if "retires_at" not in values:
        values.pop(_PRECISION, None)
    return Model(**{"id": model_id, "display_name": model_id, **values})


def _settle_dates(values: dict[str, Any]) -> None:
    retires_at = values.get("retires_at")
    since = values.get("deprecated_at") or values.get("created_at") or retires_at or EPOCH
    values["deprecated_at"] = since if retires_at is None else min(since, retires_at)


def resolve(model_id: str, ordered: Sequence[Claims], inherited: Mapping[str, Any] | None = None) -> Model | None:
    """Return the model that claims come to, or None if it does not exist; see `merged`."""
    return model_of(model_id, merged(ordered, inherited)) if is_listed(ordered) else None


@dataclass(frozen=True, slots=True)
class Held:
    """A value that a manager claims.

    Parameters
    ----------
    manager
        Who claims it; of what ``same_as`` brings along, who claims it of the other model.
    value
        As a plain JSON value; None if it is claimed not to be known.
    since
        The revision since when; None if that is not known.
    of
        Id of the other model, if ``same_as`` brings it along.
    """

    manager: Manager
    value: Any
    since: int | None = None
    of: str | None = None


#: Field to who holds it, followed by those whose value is shadowed, from the highest rank to the lowest.
Provenance = Mapping[str, Sequence[Held]]


def provenance(ordered: Sequence[Claims], inherited: Provenance | None = None) -> Provenance:
    """Return who says what of a model; see `merged` for the parameters."""
    found: dict[str, list[Held]] = {}
    for each in reversed(ordered):
        for name, value in each.fields.items():
            if name in CLAIMABLE:
                found.setdefault(name, []).append(Held(each.manager, value, each.since.get(name)))
    for name, held in (inherited or {}).items():
        found.setdefault(name, []).extend(held)
    if _PRECISION in found:
        found[_PRECISION] = _who_says_precision(ordered, inherited or {})
    return found


def _who_says_precision(ordered: Sequence[Claims], inherited: Provenance) -> list[Held]:
    """As for any field; who moves the date and does not say how precise it is claims that it is not known."""
    found = [*reversed(inherited.get(_PRECISION, ()))]
    date = next((each.value for each in inherited.get(_RETIRES_AT, ())), None)
    for each in ordered:
        if _moves_date(date, each) and found:
            found.append(Held(each.manager, None, each.since.get(_RETIRES_AT)))
        elif _PRECISION in each.fields:
            found.append(Held(each.manager, each.fields[_PRECISION], each.since.get(_PRECISION)))
        date = each.fields.get(_RETIRES_AT, date)
    return found[::-1]


def inherited_from(model_id: str, found: Provenance) -> Provenance:
    """Return what of the provenance of ``model_id`` holds for a model that is the same as it."""
    return {
        name: [Held(each.manager, each.value, each.since, each.of or model_id) for each in held]
        for name, held in found.items()
        if name not in _OF_THE_ROW
    }


def alias_target(ordered: Sequence[Claims]) -> str | None:
    """Return the model that an alias means by the claims on it; None if it does not exist."""
    if not is_listed(ordered):
        return None
    target: str | None = next((each.target for each in reversed(ordered) if each.lists), None)
    return target

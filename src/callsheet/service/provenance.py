"""Provenance: who says what of a model, since when, and what that shadows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from callsheet.domain.changes.change import ChangeRecord, Subject
from callsheet.domain.changes.claimed import Claimed
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.resolve import Held
from callsheet.storage.reading import Reading

#: In place of a field: whether the model exists at all.
LISTED = "listed"

#: What can be listed and suppressed.
CATALOGUED: Final = (ClaimKind.MODEL, ClaimKind.ALIAS)


class Said(NamedTuple):
    """A value that a manager claims of a field.

    Parameters
    ----------
    manager
        Who claims it: ``person``, ``source:NAME``, …
    value
        As a plain JSON value; None if it is claimed not to be known.
    of
        Id of the model that it is claimed of, if it holds here because this one is the same as that.
    since
        Revision in which it was claimed; None if the change records do not say.
    at, actor
        When that was (RFC 3339), and by whose hand; None likewise.
    """

    manager: str
    value: Any
    of: str | None
    since: int | None
    at: str | None
    actor: str | None

    def record(self) -> dict[str, object]:
        """Return every field as plain JSON values."""
        return self._asdict()


#: Field to who says what of it, from the claim that counts down to the lowest.
WhoSays = Mapping[str, Sequence[Said]]


class Suppressed(NamedTuple):
    """A model or an alias that was removed although others list it.

    Parameters
    ----------
    kind, name
        Which it is, and its id; of an alias, the alias.
    said
        Who says what of it.
    """

    kind: ClaimKind
    name: str
    said: WhoSays


def who_says(reading: Reading, model_id: str) -> WhoSays:
    """Return who says what of a model; also of one that does not exist, if anything was said of it."""
    claimed = Claimed(reading)
    found = {
        name: [*held] for name, held in claimed.provenance(model_id).items() if held and not _says_nothing(held)
    }
    found[LISTED] = [*_listed(reversed(claimed.ordered(model_id)))]
    records = _Records(reading, [model_id, *claimed.chain(model_id)])
    return {name: [records.of(model_id, name, each) for each in held] for name, held in found.items()}


def _says_nothing(held: Sequence[Held]) -> bool:
    """Whether all that is said of a field is that it is not known."""
    return all(each.value is None for each in held)


def _listed(claims: Iterable[Claims]) -> Iterable[Held]:
    for each in claims:
        if each.lists is not None:
            yield Held(each.manager, each.lists, each.since.get("lists"))


def who_lists(reading: Reading, subject: str, kind: ClaimKind = ClaimKind.MODEL) -> Sequence[Said]:
    """Return who says whether a model or an alias exists, from the claim that counts down to the lowest."""
    records = _Records(reading, [subject])
    ordered = Claimed(reading).ordered(subject, kind)
    return [records.of(subject, LISTED, each) for each in _listed(reversed(ordered))]


def suppressed(reading: Reading) -> list[Suppressed]:
    """Return the models, and then the aliases, that were removed although others list them, by name."""
    names = {kind: sorted(each.subject for each in reading.suppressions(kind)) for kind in CATALOGUED}
    models = {model.id for model in reading.models(names[ClaimKind.MODEL])}
    aliases = reading.aliases(names[ClaimKind.ALIAS])
    return [
        *(
            Suppressed(ClaimKind.MODEL, name, who_says(reading, name))
            for name in names[ClaimKind.MODEL]
            if name not in models
        ),
        *(
            Suppressed(ClaimKind.ALIAS, name, {LISTED: who_lists(reading, name, ClaimKind.ALIAS)})
            for name in names[ClaimKind.ALIAS]
            if name not in aliases
        ),
    ]


class _Records:
    """The change records of some models, to find out when something was claimed, and by whom."""

    def __init__(self, reading: Reading, model_ids: Sequence[str]) -> None:
        records = sorted(reading.changes_of(model_ids), key=lambda each: each.number)
        self._by_subject: dict[str, list[ChangeRecord]] = {}
        for each in records:
            self._by_subject.setdefault(each.subject, []).append(each)

    def of(self, model_id: str, name: str, held: Held) -> Said:
        """Return what is held, with when and by whom it was claimed."""
        subject = held.of or model_id
        record = self._in_revision(subject, held.since) or self._that_set(subject, name, held)
        return Said(
            str(held.manager),
            held.value,
            held.of,
            held.since if record is None else record.revision,
            None if record is None else record.at,
            None if record is None else record.actor,
        )

    def _in_revision(self, subject: str, revision: int | None) -> ChangeRecord | None:
        records = self._by_subject.get(subject, ())
        return next((each for each in records if each.revision == revision), None)

    def _that_set(self, subject: str, name: str, held: Held) -> ChangeRecord | None:
        """The last record that set the field to what is held, for claims older than the table of claims."""
        if held.since is not None:
            return None
        records = (each for each in reversed(self._by_subject.get(subject, ())) if each.kind == Subject.MODEL)
        return next((each for each in records if _sets(each, name, held.value)), None)


def _sets(record: ChangeRecord, name: str, value: Any) -> bool:
    before, after = record.sides
    if name == LISTED:
        return bool(after) is bool(value) and bool(before) is not bool(after)
    return name in after and after[name] == value and before.get(name) != value

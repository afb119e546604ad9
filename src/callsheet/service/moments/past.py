"""PastReading: what services read of an earlier moment, made of the present and the change records since."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from callsheet.domain.changes.change import ChangeRecord, Subject
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import PERSON, Manager, parse_manager
from callsheet.domain.errors import InvalidError
from callsheet.domain.history.setting import LISTED, Setting, settings_of
from callsheet.domain.model import Model
from callsheet.service.moments.differing import Differing, Fetch
from callsheet.service.moments.former import (
    former_keys,
    former_values,
    read_alias,
    read_model,
    read_source,
    read_workspace,
)
from callsheet.service.moments.kept import Known
from callsheet.service.moments.reading import Differences, MomentReading
from callsheet.storage.transactions.read import Installation, ReadTransaction
from callsheet.storage.transactions.read_history import Position

_NOTHING: Final[Known] = {}

_NOT_RECORDED: Final = (
    "Who claimed what is only known of the present, so nothing can be decided as of an earlier moment."
)


class PastReading(MomentReading):
    """What there was at an earlier moment: a `Reading`.

    Of each thing that has changed since, only the first change record after the moment is read.

    Parameters
    ----------
    present
        The transaction that it is read in.
    position
        The last change record that counts.
    known
        What `complete` returned of the same moment, while the present was the same.
    """

    def __init__(self, present: ReadTransaction, position: Position, known: Known = _NOTHING) -> None:
        super().__init__(present, _differences(present, position.number, known))
        self._position = position

    def installation(self) -> Installation | None:
        """Return the installation, with the revision of the moment; what is not recorded of it is as at present."""
        installation = self._present.installation()
        if installation is None:
            return None
        mode = _builtin_mode(self._present, installation, self._position.number)
        return replace(installation, revision=self._position.revision, builtin=mode)

    def last_change(self, revision: int) -> tuple[int, str] | None:
        """Return number and time of the last change record of ``revision``."""
        return self._present.last_change(revision)

    def models_beyond(self, beyond: str | None, limit: int, *, backwards: bool) -> list[str]:
        """Return ids in their order, among them of all models of the moment that come next."""
        return self._present.models_then_or_now(self._position.number, beyond, limit, backwards=backwards)

    def changes_of(self, subjects: Iterable[str]) -> Iterator[ChangeRecord]:
        """Yield every change record of these subjects up to the moment, in no order."""
        found = self._present.changes_of(subjects)
        return (each for each in found if each.number <= self._position.number)

    def claims_of(self, subjects: Iterable[str], kind: ClaimKind = ClaimKind.MODEL) -> Mapping[str, list[Claims]]:
        """Return subject to the claims on it at the moment, as far as they are known.

        Those on a thing that has not changed since are what they are now. Of a model that has, records say whose
        change gave each field its value, and nothing of what that shadowed.
        """
        wanted = list(dict.fromkeys(subjects))
        records: dict[str, list[ChangeRecord]] = {}
        for each in self._present.changes_of(wanted):
            if each.kind in (kind, Subject.CLAIM):
                records.setdefault(each.subject, []).append(each)
        until = self._position.number
        changed = {name for name, those in records.items() if any(each.number > until for each in those)}
        found = dict(self._present.claims_of([each for each in wanted if each not in changed], kind))
        for name in changed:
            said = _said_of_model if kind is ClaimKind.MODEL else _said_of_alias
            claims = list(said(name, [each for each in records[name] if each.number <= until]))
            if claims:
                found[name] = claims
        return found

    def claims_towards(self, targets: Iterable[str]) -> Iterable[Claims]:  # noqa: ARG002
        """Raise InvalidError: it is asked by decisions only."""
        raise InvalidError(_NOT_RECORDED)

    def claims_by(self, manager: Manager, kind: ClaimKind | None = None) -> Iterable[Claims]:  # noqa: ARG002
        """Raise InvalidError: it is asked by decisions only."""
        raise InvalidError(_NOT_RECORDED)

    def suppressions(self, kind: ClaimKind = ClaimKind.MODEL) -> Iterable[Claims]:  # noqa: ARG002
        """Raise InvalidError: not every suppression was recorded."""
        raise InvalidError(
            "Which models were removed although others listed them is only known of the present; ask that."
        )


def _differences(present: ReadTransaction, after: int, known: Known) -> Differences:
    def differing(name: str, fetch: Fetch[Any]) -> Differing[Any]:
        return Differing.of(known[name]) if name in known else Differing(fetch)

    def models(ids: Iterable[str] | None) -> Iterable[tuple[str, Model | None]]:
        return former_values(present.formers(Subject.MODEL, after, ids), Subject.MODEL, read_model)

    different: Differing[Model] = differing("models", models)

    def tombstones(ids: Iterable[str] | None) -> Iterable[tuple[str, str | None]]:
        """A model that was not there was a tombstone if it had been there before, with its place of that time."""
        other = different.everything() if ids is None else different.among(ids)
        gone = [each for each, model in other.items() if model is None]
        yield from ((each, None) for each, model in other.items() if model is not None)
        lasts = former_values(present.last_formers(Subject.MODEL, after, gone), Subject.MODEL, read_model)
        places = {each: model.sort_key for each, model in lasts if model is not None}
        yield from ((each, places.get(each)) for each in gone)

    return Differences(
        models=different,
        aliases=differing(
            "aliases",
            lambda ids: former_values(present.formers(Subject.ALIAS, after, ids), Subject.ALIAS, read_alias),
        ),
        tombstones=differing("tombstones", tombstones),
        workspaces=differing(
            "workspaces",
            lambda ids: former_values(
                present.formers(Subject.WORKSPACE, after, ids), Subject.WORKSPACE, read_workspace
            ),
        ),
        keys=differing("keys", lambda ids: former_keys(present, present.formers(Subject.KEY, after, ids))),
        sources=differing(
            "sources",
            lambda ids: former_values(present.formers(Subject.SOURCE, after, ids), Subject.SOURCE, read_source),
        ),
    )


def _builtin_mode(present: ReadTransaction, installation: Installation, after: int) -> BuiltinMode:
    """What the built-in models were for: as the first change of that since says, or as it is now."""
    records = sorted(present.changes_of([installation.organization_id]), key=lambda each: each.number)
    befores = (each.sides[0] for each in records if each.number > after)
    return BuiltinMode(next((before["builtin"] for before in befores if "builtin" in before), installation.builtin))


def _said_of_model(model_id: str, records: Iterable[ChangeRecord]) -> Iterator[Claims]:
    """The claims that the settings of a model's fields come to: of each manager, what it gave last."""
    by_manager: dict[Manager, dict[str, Setting]] = {}
    settings = settings_of(model_id, records)
    if not settings or settings[LISTED][0].value is False:
        return
    for field, given in settings.items():
        by_manager.setdefault(_manager(given[0].record), {})[field] = given[0]
    for manager, given_by in by_manager.items():
        since = {
            "lists" if field == LISTED else field: setting.record.revision for field, setting in given_by.items()
        }
        fields = {field: setting.value for field, setting in given_by.items() if field != LISTED}
        yield Claims(model_id, manager, True if LISTED in given_by else None, fields, since=since)


def _said_of_alias(alias: str, records: Iterable[ChangeRecord]) -> Iterator[Claims]:
    of_alias = (each for each in records if each.kind == Subject.ALIAS)
    given = max(of_alias, key=lambda each: each.number, default=None)
    if given is not None and (after := given.sides[1]):
        fields = {"model_id": after.get("model_id")}
        since = {"lists": given.revision, "model_id": given.revision}
        yield Claims(alias, _manager(given), True, fields, ClaimKind.ALIAS, since)


def _manager(record: ChangeRecord) -> Manager:
    try:
        return PERSON if record.manager is None else parse_manager(record.manager)
    except InvalidError:  # that of a later release
        return PERSON

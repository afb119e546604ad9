"""Impact: what changes mean to those who ask: which workspaces and keys see what else than before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final, NamedTuple


class Harm(StrEnum):
    """What a plan may do that hurts. The values are those of ``--fail-on``, and the codes of warnings."""

    LOSES_MODEL = "loses-model"
    LOSES_LINE = "loses-line"
    ORPHAN_ALIAS = "orphan-alias"
    ORPHAN_REPLACEMENT = "orphan-replacement"
    EMPTY_LIST = "empty-list"
    KEY_LOSES_ALL = "key-loses-all"


class WorkspaceName(NamedTuple):
    """A workspace, as people recognise it; the id of one that is still to be made is empty."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Those who notice the same of a plan: some workspaces, and some keys.

    A key is one that works before or after. It sees what its workspace sees; a key of the organization, what the
    default workspace sees. Ids are in the order of the API; each is in one of the six groups at most. They are
    tuples, or `callsheet.domain.plan.ids.Ids` if there are many.

    Parameters
    ----------
    workspaces
        Those in use before or after, by name; empty if only keys notice anything, such as one that moves.
    keys
        How many keys.
    gains
        Ids of models that are listed for them, and were not.
    loses
        Those that were listed, and can no longer be retrieved either.
    unlists
        Those that were listed, and can only be retrieved now, being hidden or retired.
    gains_unlisted, loses_unlisted
        Those that can be retrieved now and could not before, or the reverse, but are in no list.
    changes
        Those that are listed or can be retrieved as before, with other values.
    lines_lost
        Lines of which models were listed and none is now, sorted.
    is_emptied
        Whether models were listed and none is now.
    starts, stops
        Whether they see something for the first time, as new keys do, or stop working.
    """

    workspaces: tuple[WorkspaceName, ...] = ()
    keys: int = 0
    gains: Sequence[str] = ()
    loses: Sequence[str] = ()
    unlists: Sequence[str] = ()
    gains_unlisted: Sequence[str] = ()
    loses_unlisted: Sequence[str] = ()
    changes: Sequence[str] = ()
    lines_lost: tuple[str, ...] = ()
    is_emptied: bool = False
    starts: bool = False
    stops: bool = False

    @property
    def no_longer_listed(self) -> int:
        """How many models their lists lose, whether or not they can still be retrieved."""
        return len(self.loses) + len(self.unlists)

    def record(self, max_ids: int | None = None) -> dict[str, Any]:
        """Return every field as plain JSON values; with ``max_ids``, see `Impact.record`."""
        values = {name: getattr(self, name) for name in AUDIENCE_FIELDS}
        values |= {name: list(values[name][:max_ids]) for name in MODEL_GROUPS}
        if max_ids is not None:
            values["counts"] = {name: len(getattr(self, name)) for name in MODEL_GROUPS}
        lines, workspaces = list(self.lines_lost), [each._asdict() for each in self.workspaces]
        return {**values, "lines_lost": lines, "workspaces": workspaces}


AUDIENCE_FIELDS: Final = tuple(each.name for each in fields(Audience))

#: The fields of an audience that hold ids of models.
MODEL_GROUPS: Final = ("gains", "loses", "unlists", "gains_unlisted", "loses_unlisted", "changes")


class AliasMove(NamedTuple):
    """A name whose meaning changes.

    Parameters
    ----------
    alias
        The name.
    before, after
        The id of the model that it means; None if there is none.
    is_orphaned
        Whether it means nothing because its model goes, rather than because the alias was dropped.
    """

    alias: str
    before: str | None
    after: str | None
    is_orphaned: bool = False


class LostReplacement(NamedTuple):
    """A model whose replacement is not in the catalogue, and was or is new."""

    model: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Impact:
    """What a plan means to everyone who asks.

    Parameters
    ----------
    audiences
        Those who notice something; the same workspace or key is in one of them at most.
    aliases
        Names whose meaning changes, sorted; who notices is who sees their models.
    replacements
        Models whose replacement is left pointing nowhere, sorted.
    """

    audiences: tuple[Audience, ...] = ()
    aliases: tuple[AliasMove, ...] = ()
    replacements: tuple[LostReplacement, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether no caller notices anything."""
        return not (self.audiences or self.aliases or self.replacements)

    def harms(self) -> frozenset[Harm]:
        """Return what of it hurts."""
        found = {
            Harm.LOSES_MODEL: any(each.no_longer_listed for each in self.audiences),
            Harm.LOSES_LINE: any(each.lines_lost for each in self.audiences),
            Harm.ORPHAN_ALIAS: any(each.is_orphaned for each in self.aliases),
            Harm.ORPHAN_REPLACEMENT: bool(self.replacements),
            Harm.EMPTY_LIST: any(each.is_emptied and each.workspaces for each in self.audiences),
            Harm.KEY_LOSES_ALL: any(each.keys and (each.is_emptied or each.stops) for each in self.audiences),
        }
        return frozenset(harm for harm, is_there in found.items() if is_there)

    def record(self, max_ids: int | None = None) -> Mapping[str, Any]:
        """Return it as plain JSON values, with `harms` as ``harms``.

        With ``max_ids``, each group of models has at most so many ids, and each audience how many models are in
        each group, as ``counts``.
        """
        return {
            "audiences": [each.record(max_ids) for each in self.audiences],
            "aliases": [each._asdict() for each in self.aliases],
            "replacements": [each._asdict() for each in self.replacements],
            "harms": sorted(self.harms()),
        }


NO_IMPACT: Final = Impact()

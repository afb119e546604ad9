"""Warnings: what a person should know before a plan is applied, each with a code for programs."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from callsheet.domain.changes.change import AnyChange
from callsheet.domain.plan.governed import Governed
from callsheet.domain.plan.impact import Audience, Harm, Impact
from callsheet.domain.sources.asking import FORGOTTEN_AT
from callsheet.domain.sources.source import SourceRecord

#: The code of the warnings about keys that only an upstream knows.
GATEWAY_KEYS: Final = "gateway-keys"

#: The code of the warnings about aliases whose model retires, with nothing to move to.
ALIAS_RETIRES: Final = "alias-retires"

#: The code of the warnings about workspaces whose rules match no listed model.
SEES_NOTHING: Final = "sees-nothing"

#: Members of a source's configuration that change nothing for keys that it is asked about.
_UNSEEN: Final = frozenset({"every", "new", "missing", "after", FORGOTTEN_AT})

_MAX_NAMES: Final = 5  # in a sentence


class PlanWarning(NamedTuple):
    """One thing that a person should know.

    Parameters
    ----------
    code
        What kind of thing; a `Harm`, or what the maker of a plan chose.
    message
        A sentence about it.
    subjects
        Ids and names that it is about, all of them.
    """

    code: str
    message: str
    subjects: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"code": self.code, "message": self.message, "subjects": list(self.subjects)}


def warnings_of(impact: Impact) -> tuple[PlanWarning, ...]:
    """Return what of ``impact`` hurts, most serious first; that models leave lists is not among it."""
    return tuple(_warnings(impact))


def key_warnings_of(
    changes: Iterable[AnyChange], governed: Mapping[str, Governed] = MappingProxyType({})
) -> Iterator[PlanWarning]:
    """Yield what ``changes`` of sources mean to keys that only an upstream knows: some work, or see others.

    Parameters
    ----------
    governed
        What keys see at most, by the name of a source; nothing is said of it if it is not known.
    """
    before: dict[str, Mapping[str, Any]] = {}
    after: dict[str, Mapping[str, Any]] = {}
    for change in changes:
        for value, found in ((change.before, before), (change.after, after)):
            if isinstance(value, SourceRecord) and value.config.get("asks_keys"):
                found[change.subject] = {name: value.config[name] for name in value.config.keys() - _UNSEEN}
    for name in sorted(before.keys() - after.keys()):
        yield PlanWarning(GATEWAY_KEYS, f"The keys that only the source {name} knows stop working.", (name,))
    for name in sorted(after.keys() - before.keys()):
        yield PlanWarning(GATEWAY_KEYS, f"Every key that the source {name} accepts works here as well.", (name,))
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            sentence = f"Keys that only the source {name} knows may see other models, or other facts of them."
            yield PlanWarning(GATEWAY_KEYS, sentence, (name,))
    for name in sorted(after.keys() & governed.keys()):
        if before.get(name) != after[name]:
            yield PlanWarning(GATEWAY_KEYS, governed[name].sentence(name), (name,))


def alias_warnings(meant: Mapping[str, str]) -> Iterator[PlanWarning]:
    """Yield that aliases mean models that are retired, or will be, and that nothing replaces.

    Parameters
    ----------
    meant
        The ids of these models by alias.
    """
    models = tuple(dict.fromkeys(meant.values()))
    if not meant:
        return
    if len(models) == 1:
        names = f"alias {next(iter(meant))} means" if len(meant) == 1 else f"aliases {named(meant)} mean"
        sentence = (
            f"The {names} {models[0]}, which retires without a replacement. Name a replacement, or set "
            f"{'the alias' if len(meant) == 1 else 'the aliases'} to another model."
        )
    else:
        sentence = (
            f"The aliases {named(meant)} mean models that retire without a replacement: {named(models)}. Name "
            "replacements, or set the aliases to other models."
        )
    yield PlanWarning(ALIAS_RETIRES, sentence, tuple(meant))


def sight_warnings(workspaces: Iterable[str]) -> Iterator[PlanWarning]:
    """Yield that the rules of ``workspaces``, by name, match no model that is listed."""
    names = tuple(sorted(workspaces))
    if names:
        sentence = f"The rules of {_workspaces(names)} match no listed model; keys there get an empty list."
        yield PlanWarning(SEES_NOTHING, sentence, names)


def _warnings(impact: Impact) -> Iterator[PlanWarning]:
    for audience in impact.audiences:
        yield from _about(audience)
    orphans = tuple(each.alias for each in impact.aliases if each.is_orphaned)
    if orphans:
        yield PlanWarning(Harm.ORPHAN_ALIAS, _orphaned(impact, orphans), orphans)
    without = tuple(each.model for each in impact.replacements)
    if without:
        gone = named(dict.fromkeys(each.replacement for each in impact.replacements))
        sentence = f"The replacement of {named(without)} is not in the catalogue: {gone}."
        yield PlanWarning(Harm.ORPHAN_REPLACEMENT, sentence, without)


def _orphaned(impact: Impact, orphans: tuple[str, ...]) -> str:
    if len(orphans) > 1:
        return f"The aliases {named(orphans)} are left pointing nowhere, as the models that they mean go."
    meant = next(each.before for each in impact.aliases if each.is_orphaned)
    return f"The alias {orphans[0]} is left pointing nowhere, as the model that it means, {meant}, goes."


def _about(audience: Audience) -> Iterator[PlanWarning]:
    names = tuple(each.name for each in audience.workspaces)
    whose = _workspaces(names) if names else keys_in_words(audience.keys)
    if audience.is_emptied and names:
        yield PlanWarning(Harm.EMPTY_LIST, f"No model is listed any more for {whose}.", names)
    if audience.keys and (audience.is_emptied or audience.stops):
        do = "stops working" if audience.keys == 1 else "stop working"
        see = "sees no model any more" if audience.keys == 1 else "see no model any more"
        sentence = f"{keys_in_words(audience.keys)} {do if audience.stops else see}."
        yield PlanWarning(Harm.KEY_LOSES_ALL, sentence, names)
    elif audience.lines_lost and not audience.is_emptied:
        lines = " or ".join(audience.lines_lost)
        yield PlanWarning(Harm.LOSES_LINE, f"No {lines} model is listed any more for {whose}.", audience.lines_lost)


def named(names: Iterable[str], most: int = _MAX_NAMES) -> str:
    """Return names for a sentence, of which at most ``most`` are spelt out."""
    every = list(names)
    shown = ", ".join(every[:most])
    return shown if len(every) <= most else f"{shown} and {len(every) - most:,} more"


def keys_in_words(count: int) -> str:
    """Return how many keys."""
    return "1 key" if count == 1 else f"{count:,} keys"


def _workspaces(names: tuple[str, ...]) -> str:
    return f"the workspace{'s' * (len(names) != 1)} {named(names)}"

"""What stands in a plan, in people's words: the parts that its text and its Markdown have in common."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from callsheet.cli.output.capabilities import short_capabilities
from callsheet.cli.output.tables import cell_text
from callsheet.domain.changes.change import ChangeRecord, Subject
from callsheet.domain.model import Lifecycle
from callsheet.domain.plan.builtin_warnings import BUILTIN_MODELS
from callsheet.domain.plan.impact import AliasMove, Audience, Impact
from callsheet.domain.plan.plan import Plan
from callsheet.domain.plan.step import Step
from callsheet.domain.plan.warnings import GATEWAY_KEYS, keys_in_words
from callsheet.domain.times import EPOCH, format_instant
from callsheet.service.sync.config import DEFAULTS

#: Ids and names in one line; ``--json`` has all of them.
MAX_SHOWN_NAMES: Final = 8

#: Steps that are shown; a file may hold thousands.
MAX_SHOWN_STEPS: Final = 200

#: What a new thing has unless a person says otherwise.
_USUAL: Final[Mapping[str, object]] = {
    "hidden": False,
    "retires_itself": False,
    "lifecycle": Lifecycle.ACTIVE,
    "created_at": format_instant(EPOCH),
    "status": "active",
}

#: What each group of an audience's models is.
_GROUP_WORDS: Final = {
    "gains": "gained",
    "loses": "lost",
    "unlists": "no longer listed, still retrievable",
    "changes": "changed",
    "gains_unlisted": "retrievable, but not listed",
    "loses_unlisted": "no longer retrievable",
}


class Edit(NamedTuple):
    """A field of a step: its name, and its value before and after as text; None if there is none."""

    field: str
    before: str | None
    after: str | None


def edits(step: Step) -> list[Edit]:
    """Return the fields that a step sets or changes; none of what goes. If only claims change, those."""
    if step.is_of_claims_only and step.claims is not None:
        before, after = (_claimed(side) for side in step.claims)
        said = short_capabilities(_as_record(step)._replace(before=before, after=after))
        return [
            Edit(f"{field} as claimed", *sides) for field, *sides in _changed(said.before or {}, said.after or {})
        ]
    if step.kind is Subject.ALIAS:
        return [Edit("", *_targets(step))]
    if step.after is None:
        return []
    record = short_capabilities(_as_record(step))
    record = record._replace(before=_flat(record.before), after=_flat(record.after))
    if step.kind is Subject.SOURCE and record.before is not None:
        before, after = _with_usual(record.before, record.after or {})
        record = record._replace(before=before, after=after)
    if record.before is None:
        new = (pair for pair in (record.after or {}).items() if pair[0] != "id" and not _is_usual(step, *pair))
        return [Edit(name, None, cell_text(value)) for name, value in new]
    return [Edit(*each) for each in _changed(record.before, record.after or {})]


def _flat(fields: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Fields in which those of a source's configuration stand for themselves."""
    config = (fields or {}).get("config")
    if fields is None or not isinstance(config, Mapping):
        return fields
    return {**{name: value for name, value in fields.items() if name != "config"}, **config}


def _with_usual(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The configuration of a source before and after, with the default where only one of the two says something."""
    usual = {name: DEFAULTS[name] for name in before.keys() ^ after.keys() if DEFAULTS.get(name)}
    return {**usual, **before}, {**usual, **after}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str | None, str | None]]:
    for name in {**before, **after}:
        if before.get(name) != after.get(name) or (name in before) is not (name in after):
            old, new = (cell_text(side[name]) if name in side else None for side in (before, after))
            yield name, old, new


def _claimed(claims: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What is claimed, by field; whether the subject exists is one of them."""
    if claims is None:
        return {}
    lists = {} if claims.get("lists") is None else {"exists": claims["lists"]}
    return {**lists, **claims.get("fields", {})}


def _is_usual(step: Step, name: str, value: object) -> bool:
    return value in (None, [], {}, _USUAL.get(name)) or (name == "display_name" and value == step.subject)


def _as_record(step: Step) -> ChangeRecord:
    return ChangeRecord(0, 0, "", "", step.action, step.kind, step.subject, step.before, step.after)


def subject(step: Step) -> str:
    """Return what a step changes; of a workspace or key, its name and, if it has one, its id."""
    fields = step.after or step.before or {}
    name = fields.get("name")
    return step.subject if name is None or name == step.subject else f"{name} ({step.subject})"


def headline(plan: Plan) -> str:
    """Return how many changes a plan makes, of what, in a sentence."""
    if plan.is_empty:
        return "Nothing to change."
    counts: dict[str, int] = {}
    for step in plan.steps:
        counts[step.kind] = counts.get(step.kind, 0) + 1
    what = ", ".join(_counted(count, kind) for kind, count in counts.items())
    return f"{_counted(len(plan.steps), 'change')}: {what}."


def _counted(count: int, noun: str) -> str:
    plural = f"{noun}{'es' if noun.endswith('s') else 's'}"
    return f"{count:,} {noun if count == 1 else plural}"


def whose(audience: Audience, names: Iterable[str]) -> str:
    """Return who an audience is; ``names`` has the names of its workspaces as they are to be shown."""
    keys = keys_in_words(audience.keys)
    shown = shown_names(names)
    if not audience.workspaces:
        return keys
    rooms = f"workspace{'s' * (len(audience.workspaces) != 1)} {shown}"
    return f"{rooms} ({keys})"


class Row(NamedTuple):
    """A line about an audience: what happens, and to which models; a text instead if it is not about models."""

    label: str
    ids: Sequence[str]
    text: str = ""


def rows(audience: Audience) -> Iterator[Row]:
    """Yield what an audience notices, most serious first."""
    if audience.stops:
        seen = audience.no_longer_listed
        yield Row("no longer working", (), f"{_counted(seen, 'model')} listed so far")
        return
    if audience.starts:
        yield Row("working from now on", (), f"{_counted(len(audience.gains), 'model')} listed")
        return
    for name, label in _GROUP_WORDS.items():
        ids = getattr(audience, name)
        if ids:
            yield Row(label, ids)
    if audience.is_emptied:
        yield Row("left with", (), "an empty list")
    elif audience.lines_lost:
        yield Row("left without", (), f"any {' or '.join(audience.lines_lost)} model")


def shown_names(names: Iterable[str], most: int = MAX_SHOWN_NAMES) -> str:
    """Return names in one line, of which at most ``most`` are spelt out."""
    every = list(names)
    if len(every) <= most + 1:  # one more takes no more room than saying so
        return ", ".join(every)
    return f"{', '.join(every[:most])} and {len(every) - most:,} more"


def unstated_moves(plan: Plan) -> list[AliasMove]:
    """Return the names that mean another model without a step that says so, as when a model takes the name."""
    stated = {step.subject: step for step in plan.steps if step.kind is Subject.ALIAS}
    return [move for move in plan.impact.aliases if not _is_stated(move, stated.get(move.alias))]


def _is_stated(move: AliasMove, step: Step | None) -> bool:
    if step is None:
        return False
    return (move.before, move.after) == _targets(step)


def _targets(step: Step) -> tuple[str | None, str | None]:
    """The models that an alias means, before and after."""
    before, after = (
        None if side is None else cell_text(side.get("model_id")) for side in (step.before, step.after)
    )
    return before, after


class NotShown(NamedTuple):
    """A known client that does not show some of the models that lists gain, and why."""

    title: str
    reason: str
    ids: tuple[str, ...]


def no_impact(plan: Plan) -> str:
    """Return that none of the keys of this installation is affected; those of a gateway are warned of."""
    if any(warning.code == BUILTIN_MODELS for warning in plan.warnings):
        return "No caller would notice anything before the next run."
    is_about_others = any(warning.code == GATEWAY_KEYS for warning in plan.warnings)
    return f"No {'key of Callsheet itself' if is_about_others else 'caller'} would notice anything."


def tries(plan: Plan) -> list[str]:
    """Return the sources that a plan changes for keys which it does not count, and which can be tried with one."""
    there = {step.subject for step in plan.steps if step.kind is Subject.SOURCE and step.before and step.after}
    about = (name for warning in plan.warnings if warning.code == GATEWAY_KEYS for name in warning.subjects)
    return [name for name in dict.fromkeys(about) if name in there]


def not_shown(impact: Impact) -> list[NotShown]:
    """Return the known clients whose users do not see what is gained."""
    gained = dict.fromkeys(model_id for each in impact.audiences if not each.starts for model_id in each.gains)
    if not gained:
        return []
    from callsheet.doctor.clients.rules import clients_that_drop_any  # reads files that other plans do not need

    return [NotShown(*each) for each in clients_that_drop_any(tuple(gained))]

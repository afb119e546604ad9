"""A plan as people and programs read it, on a terminal."""

from collections.abc import Mapping
from types import MappingProxyType

from callsheet.cli.output.plan_words import (
    MAX_SHOWN_STEPS,
    Edit,
    edits,
    headline,
    no_impact,
    not_shown,
    rows,
    shown_names,
    subject,
    tries,
    unstated_moves,
    whose,
)
from callsheet.cli.output.tables import print_json, print_record, print_table, put, say
from callsheet.domain.changes.change import Subject
from callsheet.domain.plan.impact import Audience
from callsheet.domain.plan.plan import Plan
from callsheet.domain.plan.step import Step

_NOTHING = "nothing"


def print_plan(plan: Plan, *, as_json: bool = False, workspaces: Mapping[str, str] = MappingProxyType({})) -> None:
    """Print what would change, for whom, and what to beware of; as JSON, all of it, as `read_plan` reads it.

    Parameters
    ----------
    workspaces
        Names of workspaces by id, of the keys of sources.
    """
    if as_json:
        print_json(plan.record())
        return
    put(headline(plan))
    if not plan.is_empty:
        put("")
        _print_steps(plan, workspaces)
        print_impact(plan)
    for warning in plan.warnings:
        put(f"Warning: {warning.message}")
    for name in tries(plan):
        put(f"Keys that only {name} knows are not counted above. To see what one of them sees in each mode:")
        put(f"  callsheet sources try {name} --key-env VARIABLE")


def print_impact(plan: Plan) -> None:
    """Print who would notice what."""
    impact = plan.impact
    put("")
    if impact.is_empty:
        put(no_impact(plan))
        return
    if not impact.audiences:
        put("No list would change.")
    for audience in impact.audiences:
        _print_audience(audience)
    for alias, before, after, _ in unstated_moves(plan):
        put(f"{alias} will mean {after or _NOTHING}, instead of {before or _NOTHING}.")
    for client in not_shown(impact):
        put(f"{client.title} will not show {shown_names(client.ids)}: {_rest(client.reason, client.title)}.")


def _print_steps(plan: Plan, workspaces: Mapping[str, str]) -> None:
    print_table(
        ("Change", "Of", "What changes"),
        (
            (f"{step.action} {step.kind}", subject(step), _what(step, workspaces))
            for step in plan.steps[:MAX_SHOWN_STEPS]
        ),
        {"Of": 24, "What changes": 30},
    )
    left = len(plan.steps) - MAX_SHOWN_STEPS
    if left > 0:
        put(f"and {left:,} more changes; --json shows all")


def _what(step: Step, workspaces: Mapping[str, str]) -> str:
    if step.kind is Subject.ALIAS:
        return "; ".join(f"{before or _NOTHING} → {after or _NOTHING}" for _, before, after in edits(step))
    made = [_named(edit, workspaces) if edit.field == "workspace" else edit for edit in edits(step)]
    return "; ".join(map(_edit_text, made)) or "-"


def _named(edit: Edit, workspaces: Mapping[str, str]) -> Edit:
    """An edit with the names of workspaces in place of their ids."""
    before, after = (side and workspaces.get(side, side) for side in (edit.before, edit.after))
    return edit._replace(before=before, after=after)


def _edit_text(edit: Edit) -> str:
    field, before, after = edit
    if before is None:
        return f"{field}: {after}"
    return f"{field}: {before} → {after if after is not None else _NOTHING}"


def _print_audience(audience: Audience) -> None:
    put(f"For {whose(audience, (each.name for each in audience.workspaces))}:")
    print_record({f"  {row.label}": row.text or shown_names(row.ids) for row in rows(audience)})
    put("")


def _rest(reason: str, title: str) -> str:
    """A reason without the client that it begins with."""
    rest = reason.removeprefix(f"{title} ")
    return reason if rest == reason else f"it {rest}"


def say_dry_run() -> None:
    """Say that nothing was changed."""
    say("This was a dry run; nothing was changed.")

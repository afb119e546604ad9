"""A plan as Markdown, for a comment on a pull request."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

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
    unstated_moves,
    whose,
)
from callsheet.client.printable import printable
from callsheet.domain.plan.plan import Plan
from callsheet.domain.plan.step import Step

_TICKS: Final = re.compile("`+")
#: What sites make links of in plain text, whatever is escaped.
_LINKED: Final = re.compile(r"@|://|www\.|#\d")

_NOTHING: Final = "nothing"


def plan_markdown(plan: Plan) -> str:
    """Return what would change, for whom, and what to beware of.

    Whatever comes from the catalogue is in code spans, so that nothing in it is taken for Markdown, a mention or a
    link.
    """
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    yield f"### Callsheet: {headline(plan)}"
    for warning in plan.warnings:
        yield from ("", f"> **Warning:** {_text(warning.message)}")
    if plan.is_empty:
        return
    yield from ("", "| Change | Of | What changes |", "|---|---|---|")
    for step in plan.steps[:MAX_SHOWN_STEPS]:
        yield f"| {step.action} {step.kind} | {_cell(code(subject(step)))} | {_cell(_what(step))} |"
    left = len(plan.steps) - MAX_SHOWN_STEPS
    if left > 0:
        yield from ("", f"… and {left:,} more changes.")
    yield from ("", *_impact(plan))


def _impact(plan: Plan) -> Iterator[str]:
    impact = plan.impact
    if impact.is_empty:
        yield no_impact(plan)
        return
    yield from ("**For whom**", "")
    if not impact.audiences:
        yield "* No list would change."
    for audience in impact.audiences:
        yield f"* {whose(audience, (code(each.name) for each in audience.workspaces))}"
        for row in rows(audience):
            about = _codes(row.ids) if row.ids else _text(row.text)
            yield (
                f"    * {row.label} ({about})"
                if audience.starts or audience.stops
                else f"    * {row.label} {about}"
            )
    for alias, before, after, _ in unstated_moves(plan):
        yield f"* {code(alias)} will mean {_value(after)}, instead of {_value(before)}"
    for client in not_shown(impact):
        yield f"* {client.title} will not show {_codes(client.ids)}: {client.reason}."


def _what(step: Step) -> str:
    return "; ".join(map(_edit_text, edits(step)))


def _edit_text(edit: Edit) -> str:
    field, before, after = edit
    name = f"{_text(field)}: " if field else ""
    return f"{name}{_value(after)}" if before is None and field else f"{name}{_value(before)} → {_value(after)}"


def _value(text: str | None) -> str:
    return _NOTHING if text is None else code(text)


def _codes(ids: Iterable[str]) -> str:
    return shown_names(map(code, ids))


def code(text: str) -> str:
    """Return ``text`` as a code span, whatever is in it, on one line."""
    line = printable(" ".join(text.split()), None)
    fence = "`" * (max(map(len, _TICKS.findall(line)), default=0) + 1)
    blank = " " if line[:1] in ("`", " ", "") or line[-1:] == "`" else ""
    return f"{fence}{blank}{line}{blank}{fence}"


def _cell(text: str) -> str:
    """``text`` within a table, where a bar ends a cell even in a code span."""
    return text.replace("|", "\\|")


def _text(text: str) -> str:
    """A sentence with ids and names as plain text, or as a code span if sites would make a link of part of it."""
    if _LINKED.search(text):
        return code(text)
    return re.sub(r"([\\`*_{}\[\]<>#|~&])", r"\\\1", printable(" ".join(text.split()), None))

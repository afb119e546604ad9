"""Drift: what differs from catalogue files, for people."""

from callsheet.cli.output.plan_words import Edit, edits, subject
from callsheet.cli.output.tables import cell_text, print_table, put
from callsheet.service.manifests.service import Planned


def print_drift(made: Planned) -> None:
    """Print each field that differs from the files, what they say, what is, and who decides it."""
    if made.is_in_sync:
        put("Everything is as the files say.")
        return
    rows: list[tuple[object, ...]] = []
    for step in made.plan.steps:
        changed = list(edits(step)) or [Edit("", None, None)]
        rows += (
            (
                f"{step.kind} {subject(step)}",
                field or str(step.action),
                cell_text(after),
                cell_text(before),
                "apply",
            )
            for field, before, after in changed
        )
    rows += (
        (f"{held.kind} {held.subject}", held.field, cell_text(held.wanted), cell_text(held.present), held.manager)
        for held in made.held
    )
    print_table(("Of", "Field", "Files say", "Is", "Held by"), rows, {"Field": 12, "Files say": 16, "Is": 16})
    if made.plan.steps:
        put("callsheet apply brings about what is not held by others.")
    if made.held:
        put("callsheet adopt lets the files decide what people hold.")

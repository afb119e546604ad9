"""What clients show of a list, as people read it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from callsheet.cli.output.plan_words import shown_names
from callsheet.cli.output.tables import print_table, put_wrapped, say

if TYPE_CHECKING:
    from callsheet.service.clients.views import ClientView


def print_clients(views: "Sequence[ClientView]", known: Sequence[str], who: str) -> None:
    """Print how much each client shows, and why not the rest, which is named below the table.

    Parameters
    ----------
    views
        What the clients show.
    known
        Ids of the listed models.
    who
        For whom they are listed.
    """
    _print_overview(views)
    for line in dict.fromkeys(_left_out_lines(views)):
        put_wrapped(line)
    say(f"{len(known):,} listed for {who}.")


def print_client(views: "Sequence[ClientView]", known: Sequence[str], who: str) -> None:
    """Print how much the versions of one client show, and of the newest each model; parameters as above."""
    _print_overview(views)
    newest = views[0]
    shown = {model.id: model.name for model in newest.shown or ()}
    reasons = {model_id: each.why for each in newest.left_out for model_id in each.ids}
    put_wrapped("")
    print_table(
        ("Model", "Shown as", "Why not"),
        ((model_id, shown.get(model_id, "-"), reasons.get(model_id, "-")) for model_id in known),
        {"Shown as": 12, "Why not": 20},
    )
    for line in dict.fromkeys(each.advice for each in newest.left_out if each.advice):
        put_wrapped(line)
    say(f"{len(known):,} listed for {who}.")


def _print_overview(views: "Sequence[ClientView]") -> None:
    print_table(
        ("Client", "Versions", "Shows", "Why not the rest"),
        ((each.title, each.versions or "all", _shows(each), _whys(each)) for each in views),
        {"Client": 12, "Versions": 16, "Why not the rest": 20},
    )


def _shows(view: "ClientView") -> str:
    return "no list" if view.shown is None else f"{len(view.shown):,} of {view.listed:,}"


def _whys(view: "ClientView") -> str:
    return " ".join(each.why for each in view.left_out) or "-"


def _left_out_lines(views: "Sequence[ClientView]") -> Iterator[str]:
    for each in views:
        left_out = [model_id for some in each.left_out for model_id in some.ids]
        if left_out and each.shown is not None:
            yield f"{each.title} leaves out: {shown_names(left_out)}."

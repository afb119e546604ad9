"""Who sees a model, and what a key or a workspace sees, as people read it."""

from collections.abc import Iterator, Sequence
from typing import Final

from callsheet.cli.output.plan_words import shown_names
from callsheet.cli.output.tables import print_table, say
from callsheet.domain.plan.warnings import keys_in_words
from callsheet.domain.query import Reach
from callsheet.service.explain.seeing import Compared, Sighting, Viewers
from callsheet.service.explain.subject import Subject

_SEES: Final = {Reach.LISTED: "listed", Reach.RETRIEVABLE: "only retrievable", Reach.ABSENT: "no"}


def print_viewers(viewers: Sequence[Viewers], *, with_others: bool) -> None:
    """Print who sees a model by which rules, and with ``with_others`` who does not; then how many that are."""
    shown = [each for each in viewers if with_others or each.reach is not Reach.ABSENT]
    if shown:
        print_table(
            ("Workspaces", "Keys", "Sees it", "By"),
            ((shown_names(_names(each)), each.keys, _SEES[each.reach], _by(each)) for each in shown),
            {"Sees it": 8, "By": 16},
        )
    seeing = [each for each in viewers if each.reach is not Reach.ABSENT]
    rooms, keys = sum(len(each.workspaces) for each in seeing), sum(each.keys for each in seeing)
    every = sum(len(each.workspaces) for each in viewers)
    noun = "workspace" if every == 1 else "workspaces"
    verb = "sees" if rooms == 1 else "see"
    works = "works" if keys == 1 else "work"
    say(f"{rooms:,} of {every:,} {noun} {verb} it, with {keys_in_words(keys)} that {works}.")


def _names(viewers: Viewers) -> list[str]:
    return [each.name for each in viewers.workspaces]


def _by(viewers: Viewers) -> str:
    """The pattern that decides."""
    patterns = shown_names(map(repr, viewers.matching))
    if viewers.reach is not Reach.ABSENT:
        return f"allowed by {patterns}" if viewers.allow else "no rule against it"
    return f"denied by {patterns}" if patterns else f"not among {shown_names(map(repr, viewers.allow))}"


def print_sightings(subject: Subject, sightings: Sequence[Sighting], refusal: str) -> None:
    """Print what ``subject`` sees, or why it is refused."""
    if refusal:
        say(f"It sees nothing: {refusal}.")
        return
    print_table(
        ("ID", "Name", "Sees it", "Lifecycle"),
        ((model.id, model.display_name, _SEES[reach], model.lifecycle) for model, reach in sightings),
        {"Name": 10, "Sees it": 8},
    )
    listed = sum(reach is Reach.LISTED for _, reach in sightings)
    title = subject.title
    say(f"{listed:,} listed for {title}, and {len(sightings) - listed:,} only retrievable.")


def print_compared(first: Subject, second: Subject, compared: Compared) -> None:
    """Print what two keys or workspaces see differently."""
    rows = [*_differences(compared)]
    if rows:
        print_table(("ID", *_titles(first, second)), rows)
    else:
        say("Both see the same.")


def _titles(first: Subject, second: Subject) -> tuple[str, str]:
    """What the columns are called: names, or ids if both have the same name."""
    holders = [each.key or each.workspace for each in (first, second)]
    one, other = ("" if each is None else each.name for each in holders)
    if one != other:
        return one, other
    one, other = ("" if each is None else each.id for each in holders)
    return one, other


def _differences(compared: Compared) -> Iterator[tuple[str, str, str]]:
    listed, retrievable, none = _SEES.values()
    yield from ((each, listed, none) for each in compared.only_first)
    yield from ((each, none, listed) for each in compared.only_second)
    yield from ((each, retrievable, none) for each in compared.only_first_unlisted)
    yield from ((each, none, retrievable) for each in compared.only_second_unlisted)
    yield from ((each, "yes", "with other fields") for each in compared.written_otherwise)

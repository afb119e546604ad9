"""Retirements as people read them."""

from collections.abc import Sequence
from typing import Final

from callsheet.cli.output.plan_words import shown_names
from callsheet.cli.output.tables import day, print_table, say
from callsheet.domain.model import RetirementPrecision
from callsheet.domain.plan.warnings import keys_in_words
from callsheet.domain.retirement.chain import Chain, End
from callsheet.domain.retirement.stage import Stage
from callsheet.service.retirements.find import Retirement

#: What is said of the end of a chain that leads to no model to move to.
_ENDS: Final = {
    End.DEPRECATED: "deprecated, too",
    End.HIDDEN: "hidden",
    End.RETIRED: "retired",
    End.MISSING: "not there",
    End.LOOP: "in a circle",
}

#: Replacements that are shown of a chain; ``--json`` has all of them.
_MAX_STEPS: Final = 2


def print_retirements(found: Sequence[Retirement]) -> None:
    """Print a table of retirements, what needs attention of each below it, and how many there are."""
    if found:
        print_table(
            ("ID", "Retires", "Move to", "State", "Seen by", "Aliases"),
            (
                (
                    each.model.id,
                    _date(each),
                    replacement_text(each.replacement),
                    _state(each),
                    _seen_by(each),
                    list(each.aliases),
                )
                for each in found
            ),
            {"Retires": 10, "Move to": 16, "Seen by": 14, "Aliases": 10},
        )
    for each in found:
        _say_what_is_lost(each)
    overdue = sum(each.stage is Stage.OVERDUE for each in found)
    noun = "retirement" if len(found) == 1 else "retirements"
    say(f"{len(found):,} {noun}{f', {overdue:,} of them overdue' if overdue else ''}.")


def replacement_text(chain: Chain) -> str:
    """Return a chain of replacements in words; of a long one, the first and the last."""
    if not chain.ids:
        return "-"
    shown = chain.ids if len(chain.ids) <= _MAX_STEPS else (chain.ids[0], "…", chain.ids[-1])
    steps = " > ".join(shown)
    return steps if chain.end is End.USABLE else f"{steps} ({_ENDS[chain.end]})"


def _date(each: Retirement) -> str:
    text = day(each.record()["retires_at"])
    earliest = each.model.retirement_precision is RetirementPrecision.EARLIEST and each.stage is not Stage.RETIRED
    return f"{text} or later" if earliest else text


def _state(each: Retirement) -> str:
    days = each.days_left
    if each.stage is not Stage.UPCOMING or days is None:
        return str(each.stage)
    return "today" if days == 0 else f"in {days:,} day{'s' * (days != 1)}"


def _seen_by(each: Retirement) -> str:
    rooms = len(each.workspaces)
    return f"{rooms:,} workspace{'s' * (rooms != 1)}, {keys_in_words(each.keys)}"


def _say_what_is_lost(each: Retirement) -> None:
    if each.left_without_line:
        names = shown_names(workspace.name for workspace in each.left_without_line)
        verb = "has" if len(each.left_without_line) == 1 else "have"
        say(f"Without {each.model.id}, {names} {verb} no {each.model.line} model.")
    if each.replacement.weaker and each.stage is not Stage.RETIRED:
        less = shown_names(each.replacement.weaker)
        say(f"{each.replacement.ids[-1]}, which replaces {each.model.id}, has less: {less}.")

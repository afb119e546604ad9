"""What is other at another moment, and who set each field, as people read it."""

from collections.abc import Iterator, Sequence
from typing import Final

from callsheet.cli.output.capabilities import short_capabilities
from callsheet.cli.output.changes import what_changed
from callsheet.cli.output.tables import cell_text, day, print_table, say, second
from callsheet.domain.changes.change import ChangeRecord
from callsheet.domain.history.difference import Difference, Kind
from callsheet.domain.history.moment import AsOf
from callsheet.domain.times import format_instant
from callsheet.service.moments.blaming import Blame, Blamed
from callsheet.service.moments.comparing import Compared

#: Shown in place of the actor where no change is recorded.
_DATES: Final = "a date that passed"


def print_differences(compared: Compared) -> None:
    """Print what is other at the second moment, with the last change of each; how many there are goes to stderr."""
    if compared.differences:
        print_table(
            ("Difference", "Revision", "Time", "Actor"),
            (_row(each) for each in compared.differences),
            {"Difference": 31},
        )
    counts = {kind: sum(each.what is kind for each in compared.differences) for kind in Kind}
    words = ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count)
    say(f"From {moment(compared.first)} to {moment(compared.second)}: {words or 'no difference'}.")


def moment(as_of: AsOf) -> str:
    """Return a moment in words."""
    when = f"{second(format_instant(as_of.at))} UTC"
    return f"{when} (to come)" if as_of.is_future else f"{when} (revision {as_of.revision})"


def _row(each: Difference) -> tuple[object, ...]:
    shown = what_changed(short_capabilities(_as_record(each)), {})
    if each.last is None:
        return shown, None, None, _DATES
    by = each.last.actor if each.last.manager is None else f"{each.last.manager} ({each.last.actor})"
    return shown, each.last.revision, second(each.last.at), by


def _as_record(each: Difference) -> ChangeRecord:
    return ChangeRecord(0, 0, "", "", each.what, each.kind, each.subject, each.before, each.after)


def print_blame(found: Blame) -> None:
    """Print each field with its present value; below it, in brackets, the ones that it had before."""
    print_table(
        ("Field", "Value", "Said by", "Revision", "Since", "Changed by", "Reason"),
        (row for name, values in found.fields.items() for row in _values(name, values)),
        {"Field": 13, "Value": 20, "Said by": 9, "Changed by": 10, "Reason": 8},
    )


def _values(name: str, values: Sequence[Blamed]) -> Iterator[tuple[object, ...]]:
    for number, each in enumerate(values):
        value = _value(each)
        shown = value if number == 0 else f"({value})"
        where = name if number == 0 else ""
        yield where, shown, each.manager, each.revision, day(each.at), each.actor, each.reason


def _value(each: Blamed) -> str:
    value = each.value
    if isinstance(value, dict):
        return f"{len(value)} {'entry' if len(value) == 1 else 'entries'}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "not known" if value is None else cell_text(value)

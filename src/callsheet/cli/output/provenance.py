"""Who says what of a model, as people and programs read it."""

from collections.abc import Iterator, Sequence

from callsheet.cli.output.tables import cell_text, day, print_json, print_table
from callsheet.domain.claims.claims import ClaimKind
from callsheet.service.provenance import LISTED, Said, Suppressed, WhoSays
from callsheet.service.records import suppressed_record


def print_provenance(said: WhoSays) -> None:
    """Print who says what of each field; below it, in brackets, what that shadows."""
    print_table(
        ("Field", "Value", "Said by", "Revision", "Since"),
        (row for name, claims in _fields_last(said) for row in _rows(name, claims)),
        {"Value": 16, "Said by": 14},
    )


def print_suppressed(suppressed: Sequence[Suppressed], *, as_json: bool) -> None:
    """Print the models and aliases that were removed although others list them."""
    if as_json:
        print_json([suppressed_record(each) for each in suppressed])
        return
    print_table(
        ("ID", "Removed by", "Revision", "Since", "Listed by"),
        (
            (
                name if kind is ClaimKind.MODEL else f"{name} (alias)",
                said_by(said[LISTED][0]),
                said[LISTED][0].since,
                day(said[LISTED][0].at),
                [each.manager for each in said[LISTED] if each.value],
            )
            for kind, name, said in suppressed
        ),
        {"Removed by": 14, "Listed by": 12},
    )


def said_by(each: Said) -> str:
    """Return who says something: the manager, and of a person which."""
    who = f"{each.manager} ({each.actor})" if each.manager == "person" and each.actor else each.manager
    return who if each.of is None else f"{who}, of {each.of}"


def _fields_last(said: WhoSays) -> Iterator[tuple[str, list[Said]]]:
    """Whether it is listed first, then the fields."""
    for name in sorted(said, key=lambda each: each != LISTED):
        yield name, [*said[name]]


def _rows(name: str, claims: list[Said]) -> Iterator[tuple[object, ...]]:
    for number, each in enumerate(claims):
        value = _value(each.value)
        shown = value if number == 0 else f"({value})"
        yield name if number == 0 else "", shown, said_by(each), each.since, day(each.at)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return f"{len(value)} {'entry' if len(value) == 1 else 'entries'}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "not known" if value is None else cell_text(value)

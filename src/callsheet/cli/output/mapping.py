"""What an upstream's rows come to, field by field, as ``sources try`` shows it."""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.cli.output.tables import cell_text, print_record, print_table, put, say
from callsheet.domain.claims.claims import CLAIMABLE
from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.listing import Lists
from callsheet.sources.upstream import FIRST_SEEN, LastKnown, Listed

_MAX_SHOWN: Final = 20  # models
_MAX_NOTES: Final = 10

#: Fields that an upstream may know; the others say something of the row in this catalogue.
_FACTS: Final = tuple(sorted(CLAIMABLE - {"hidden", "same_as", "description", "replacement", "line", "source"}))


def print_mapping(lists: Lists) -> None:
    """Print what becomes of the first models, how often each field is known, and what is left out."""
    chosen = lists.chosen
    put(f"{len(chosen)} model{'s' * (len(chosen) != 1)} would be listed, of {lists.rows} rows.")
    put("")
    for model in chosen[:_MAX_SHOWN]:
        print_record({"id": model.id, **_shown(model)})
        put("")
    if len(chosen) > _MAX_SHOWN:
        put(f"and {len(chosen) - _MAX_SHOWN} more; --json shows all")
        put("")
    if chosen:
        _print_fields(chosen)
    for reason, count in lists.left_out.items():
        say(f"Left out: {count}, because {reason}.")
    _say_notes(chosen)


def mapping_record(config: SourceConfig, lists: Lists) -> dict[str, Any]:
    """Return the same as plain JSON values, of all models."""
    return {
        "kind": str(config.kind),
        "rows": lists.rows,
        "models": [
            {
                "id": model.id,
                "fields": {name: _plain(value) for name, value in model.fields.items()},
                "aliases": list(model.aliases),
                "notes": list(model.notes),
            }
            for model in lists.chosen
        ],
        "unknown": [name for name in _FACTS if not any(name in model.fields for model in lists.chosen)],
        "left_out": dict(lists.left_out),
    }


def _shown(model: Listed) -> dict[str, Any]:
    fields = {name: _text(value) for name, value in model.fields.items()}
    return {**fields, "aliases": list(model.aliases), "left out": "; ".join(model.notes) or None}


def _print_fields(chosen: "list[Listed] | tuple[Listed, ...] | Any") -> None:
    print_table(
        ("Field", "Known of", "Example"),
        ((name, *_known(name, chosen)) for name in _FACTS),
        {"Example": 20},
    )


def _known(name: str, chosen: Any) -> tuple[str, str]:
    values = [model.fields[name] for model in chosen if name in model.fields]
    if not values:
        return "none", "stays unknown, unless others know it"
    return ("all" if len(values) == len(chosen) else f"{len(values)} of {len(chosen)}"), _text(values[0])


def _say_notes(chosen: Any) -> None:
    notes = [f"{model.id}: {note}" for model in chosen for note in model.notes]
    for note in notes[:_MAX_NOTES]:
        say(f"{note}.")
    if len(notes) > _MAX_NOTES:
        say(f"and {len(notes) - _MAX_NOTES} more notes; --json shows all")


def _text(value: object) -> str:
    plain = _plain(value)
    if isinstance(plain, Mapping):
        return cell_text(dict(plain))
    return cell_text(plain)


def _plain(value: object) -> object:
    if value is FIRST_SEEN:
        return "when it is first seen"
    if isinstance(value, LastKnown):
        return value.otherwise
    return value

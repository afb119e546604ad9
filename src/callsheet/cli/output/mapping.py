"""What an upstream's rows come to, field by field, as ``sources try`` shows it."""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.cli.output.tables import cell_text, print_record, print_table, put, say
from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.listing import Lists
from callsheet.sources.mapping import FieldMapping, ListMapping, Reason, map_list, plain_value
from callsheet.sources.upstream import FIRST_SEEN, Listed

_MAX_SHOWN: Final = 20  # models
_MAX_NOTES: Final = 10


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
    mapped = map_list(chosen, lists.dropped)
    if chosen:
        _print_fields(mapped)
    for reason in mapped.dropped:
        say(f"Left out: {reason.count}, because {reason.reason}{_such_as(reason)}.")
    for note in mapped.notes[:_MAX_NOTES]:
        say(f"Note on {note.count} model{'s' * (note.count != 1)}: {note.reason}{_such_as(note)}.")
    if len(mapped.notes) > _MAX_NOTES:
        say(f"and {len(mapped.notes) - _MAX_NOTES} more notes; --json shows all")


def mapping_record(config: SourceConfig, lists: Lists) -> dict[str, Any]:
    """Return the same as plain JSON values, of all models."""
    return {
        "kind": str(config.kind),
        "rows": lists.rows,
        "models": [
            {
                "id": model.id,
                "fields": {name: plain_value(value) for name, value in model.fields.items()},
                "aliases": list(model.aliases),
                "notes": list(model.notes),
            }
            for model in lists.chosen
        ],
        "unknown": list(map_list(lists.chosen).unknown),
        "left_out": dict(lists.left_out),
    }


def _shown(model: Listed) -> dict[str, Any]:
    fields = {name: _text(value) for name, value in model.fields.items()}
    return {**fields, "aliases": list(model.aliases), "notes": "; ".join(model.notes) or None}


def _print_fields(mapped: ListMapping) -> None:
    known = [(each.field, _known(each, mapped.rows), _examples(each)) for each in mapped.fields]
    unknown = [(name, "none", "stays unknown, unless others know it") for name in mapped.unknown]
    print_table(("Field", "Known of", "Example"), [*known, *unknown], {"Example": 20})


def _known(field: FieldMapping, rows: int) -> str:
    return "all" if field.stated == rows else f"{field.stated} of {rows}"


def _examples(field: FieldMapping) -> str:
    if field.examples:
        return _text(field.examples[0].value)
    return _text(FIRST_SEEN) if field.first_seen else "not stated now: what was known last stays"


def _such_as(reason: Reason) -> str:
    return f" ({', '.join(map(cell_text, reason.ids))})" if reason.ids else ""


def _text(value: object) -> str:
    plain = plain_value(value)
    if isinstance(plain, Mapping):
        return cell_text(dict(plain))
    return cell_text(plain)

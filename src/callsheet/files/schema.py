"""The JSON Schema of catalogue files, made of the table of fields."""

import json
from collections.abc import Mapping
from typing import Any, Final

from callsheet.domain.manifest import Collection
from callsheet.files.fields import SHAPES, Field, Kind, Shapes

#: What a file calls the schema: a name beside it, so that no editor has to ask another host.
SCHEMA_FILE: Final = "callsheet.catalog.schema.json"

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"  # the newest that editors support everywhere
_TIME: Final = r"^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d))?$"

_CAPABILITY: Final = {
    "type": "object",
    "minProperties": 1,
    "properties": {"supported": {"type": "boolean"}},
    "additionalProperties": {"$ref": "#/definitions/capability"},
}

_VALUES: Final[Mapping[Kind, Mapping[str, Any]]] = {
    Kind.TEXT: {"type": "string", "minLength": 1},
    Kind.TEXTS: {"type": "array", "items": {"type": "string", "minLength": 1}},
    Kind.NAMES: {"type": "array", "items": {"type": "string"}},
    Kind.MAP: {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
    Kind.COUNT: {"type": "integer", "minimum": 1},
    Kind.FLAG: {"type": "boolean"},
    Kind.TIME: {"type": "string", "pattern": _TIME},
    Kind.CHOICE: {},
    Kind.LISTED: {"enum": [True, False, "others"]},
    Kind.CAPABILITIES: {"type": "object", "additionalProperties": {"$ref": "#/definitions/capability"}},
}


def catalog_schema() -> dict[str, Any]:
    """Return the schema as plain JSON values."""
    collections = {
        str(each): {
            "description": SHAPES[each].about,
            "type": "array",
            "items": {"$ref": f"#/definitions/{SHAPES[each].noun}"},
        }
        for each in Collection
    }
    return {
        "$schema": _DRAFT,
        "$id": "urn:callsheet:catalog",
        "title": "A catalogue of Callsheet",
        "type": "object",
        "required": ["manager"],
        "additionalProperties": False,
        "properties": {
            "$schema": {"type": "string"},
            "manager": {
                "description": "Who claims what the file says. Files of one manager count as one.",
                "type": "string",
                "pattern": "^[a-z0-9][a-z0-9._-]{0,62}$",
            },
            **collections,
        },
        "definitions": {
            **{SHAPES[each].noun: _entry(SHAPES[each]) for each in Collection},
            "capability": _CAPABILITY,
        },
    }


def schema_text() -> str:
    """Return the schema as it is published."""
    return json.dumps(catalog_schema(), indent=2, ensure_ascii=False) + "\n"


def _entry(shapes: Shapes) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [shapes.subject],
        "additionalProperties": False,
        "properties": {name: _property(field) for name, field in shapes.fields.items()},
    }


def _property(field: Field) -> dict[str, Any]:
    value = dict(_VALUES[field.kind])
    if field.kind is Kind.CHOICE:
        value["enum"] = [*field.choices, None] if field.nullable else list(field.choices)
    elif field.nullable:
        value["type"] = [value["type"], "null"]
    if field.pattern:
        value["pattern"] = field.pattern
    return {"description": field.about, **value, "examples": [json.loads(field.example)]}

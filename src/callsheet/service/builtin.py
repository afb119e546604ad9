"""The built-in catalogue: the public Claude models, from ``data/models.json``."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from callsheet.domain.model import MODEL_FIELDS, Lifecycle, Model, RetirementPrecision
from callsheet.domain.times import EPOCH, parse_instant


def builtin_catalog() -> tuple[list[Model], dict[str, str]]:
    """Return the models, and every alias with the id it means.

    ``created_at`` is what Anthropic's endpoint answered where that was seen, else the day of release in its
    documents, else the epoch. A name that is not known is the id. Capabilities are there only where every
    known one is: clients take an object of capabilities to be complete. Every date of retirement is exact, as it
    was announced or has passed. ``data/evidence.json`` says where each fact comes from.
    """
    models = _read("models.json")["models"]
    aliases = {alias: row["id"] for row in models for alias in row.get("aliases", ())}
    return [_model(row) for row in models], aliases


def facts_date() -> str:
    """Return the day up to which the built-in facts were gathered."""
    return str(_read("models.json")["as_of"])


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(files("callsheet.data").joinpath(name).read_text(encoding="utf-8"))
    return content


def _model(row: Mapping[str, Any]) -> Model:
    return Model(**{"display_name": row["id"], "source": "anthropic", **_values(row)})


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a row as a `Model` has them."""
    values = {name: value for name, value in row.items() if name in MODEL_FIELDS}
    for name in ("created_at", "deprecated_at", "retires_at"):
        if values.get(name) is not None:
            values[name] = parse_instant(values[name])
    if "created_at" in values and values["created_at"] is None:
        values["created_at"] = EPOCH
    if "lifecycle" in values:
        values["lifecycle"] = Lifecycle(values["lifecycle"])
    if values.get("retires_at") is not None:
        values["retirement_precision"] = RetirementPrecision.EXACT
    return values

"""The built-in catalogue: the public Claude models, from ``data/models.json``."""

import json
from importlib.resources import files
from typing import Any

from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import parse_instant


def builtin_catalog() -> tuple[list[Model], dict[str, str]]:
    """Return the models, and every alias with the id it means.

    ``created_at`` is what Anthropic's endpoint answered where that was seen, else the day of release in its
    documents, else the epoch. Capabilities are there only where every known one is: clients take an object
    of capabilities to be complete.
    """
    data = json.loads(files("callsheet.data").joinpath("models.json").read_text(encoding="utf-8"))
    aliases = {alias: row["id"] for row in data["models"] for alias in row.get("aliases", ())}
    return [_model(row) for row in data["models"]], aliases


def _model(row: dict[str, Any]) -> Model:
    given = {name: value for name, value in row.items() if name != "aliases"}
    for name in ("created_at", "deprecated_at", "retires_at"):
        if name in given:
            given[name] = parse_instant(given[name])
    return Model(**{**given, "lifecycle": Lifecycle(row["lifecycle"]), "source": "anthropic"})

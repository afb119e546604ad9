"""Comparing: how what a gateway lists to a key differs from what this catalogue would show. Pure."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from callsheet.domain.access.grant import GrantedModels
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.catalog import Catalog
from callsheet.domain.claims.values import claimed_by
from callsheet.domain.model import Model

_MAX_EXAMPLES: Final = 5

#: What a gateway may know of a model that the catalogue shows otherwise.
_COMPARED: Final = ("display_name", "created_at", "max_input_tokens", "max_tokens", "lifecycle", "retires_at")


class Difference(StrEnum):
    """In what a list differs. The values are those of a metric."""

    UNKNOWN = "unknown"
    REMOVED = "removed"
    HIDDEN = "hidden"
    NOT_ALLOWED = "not_allowed"
    FACTS = "facts"


_WORDS: Final[Mapping[Difference, str]] = {
    Difference.UNKNOWN: "not in the catalogue, so govern leaves them out",
    Difference.REMOVED: "removed here, so fill and govern leave them out",
    Difference.HIDDEN: "hidden here, so fill and govern leave them out",
    Difference.NOT_ALLOWED: "not allowed by the rules of the workspace, so govern leaves them out",
    Difference.FACTS: "described otherwise in the catalogue, as fill and govern show",
}

Differences = Mapping[Difference, tuple[str, ...]]


def compare(models: GrantedModels, catalog: Catalog, rules: Visibility) -> Differences:
    """Return the ids in which a gateway's list differs from what ``fill`` and ``govern`` would make of it.

    Parameters
    ----------
    models
        What the gateway lists.
    catalog, rules
        What is known here, and what the workspace of delegated keys may see.
    """
    found: dict[Difference, list[str]] = {}
    removed, rules = catalog.tombstones(), rules.among(catalog.has_id)
    for model_id, stated in models.stated.items():
        for difference in _differences(stated, catalog.get(model_id), rules, is_removed=model_id in removed):
            found.setdefault(difference, []).append(model_id)
    return {difference: tuple(ids) for difference, ids in found.items()}


def describe(differences: Differences) -> str:
    """Return the differences as clauses for people, each with some of the ids."""
    return "; ".join(f"{_WORDS[difference]}: {_some(ids)}" for difference, ids in differences.items())


def _differences(
    stated: Model, known: Model | None, rules: Visibility, *, is_removed: bool
) -> Iterator[Difference]:
    if known is None:
        yield Difference.REMOVED if is_removed else Difference.UNKNOWN
        return
    if known.hidden:
        yield Difference.HIDDEN
    if not rules.sees(stated.id):
        yield Difference.NOT_ALLOWED
    said, ours = claimed_by(stated), known.record()
    if any(name in said and said[name] != ours[name] for name in _COMPARED):
        yield Difference.FACTS


def _some(ids: tuple[str, ...]) -> str:
    shown = ", ".join(ids[:_MAX_EXAMPLES])
    return shown if len(ids) <= _MAX_EXAMPLES else f"{shown} and {len(ids) - _MAX_EXAMPLES:,} more"

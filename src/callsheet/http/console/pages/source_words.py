"""The configuration of a source in words: terms, each with what is said of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from callsheet.service.sync.config import DEFAULTS

_APPEARS: Final = {
    "list": "is listed",
    "hide": "is hidden: it can be retrieved by its id, and no list shows it",
    "hold": "waits for a person",
}
_GOES: Final = {
    "keep": "stays",
    "hide": "is hidden",
    "deprecate": "is deprecated",
    "retire": "is retired",
}
_KEYS: Final = {
    "fill": "Each sees the models that the source lists to it, with the facts of the catalogue",
    "observe": "Each sees what the source lists to it, as it is",
    "govern": "Each sees those of the models listed to it that the rules of the workspace show",
}
_PLACES: Final = {"env": "in the environment variable", "file": "in the file"}

#: Patterns, or renames, that are named.
_MAX_NAMED: Final = 20


def in_words(config: Mapping[str, Any], workspaces: Mapping[str, str]) -> list[list[str]]:
    """Return pairs of a term and what is said of it.

    Parameters
    ----------
    config
        As an answer of the Admin API has it: without what is as by default.
    workspaces
        Names by id.
    """
    given = {**DEFAULTS, **config}
    rows = [
        ("Answers as", given["kind"]),
        ("Address", given["url"]),
        ("Secret", _secret(given["secret"])),
        ("Asked", "on demand only" if given["every"] == "never" else f"every {given['every']}"),
        ("Ids", _ids(given)),
        ("Called", _names(given)),
        ("A model that appears", _APPEARS[given["new"]]),
        ("A model that goes", _going(given)),
        ("Provider", given["provider"]),
        ("Region", given["region"]),
        ("Keys", _keys(given, workspaces)),
    ]
    return [[term, said] for term, said in rows if said]


def _secret(reference: str | None) -> str:
    if reference is None:
        return "none"
    place, _, name = reference.partition(":")
    return f"{_PLACES.get(place, place)} {name} of each server that asks it"


def _ids(given: Mapping[str, Any]) -> str:
    allowed, denied = given["allow"], given["deny"]
    words = f"those that match {_some(allowed, ' or ')}" if allowed else "all"
    return f"{words}, but none that matches {_some(denied, ' or ')}" if denied else words


def _names(given: Mapping[str, Any]) -> str:
    said = []
    if given["fold_variants"]:
        said.append("variants such as :free are left out where the model itself is listed")
    if given["rename"]:
        said.append(_some([f"{before} as {after}" for before, after in given["rename"].items()], ", "))
    if given["prefix"]:
        said.append(f"with {given['prefix']} before every id")
    if given["long_context_rows"]:
        said.append("also with [1m] where the context window holds a million tokens")
    if given["picker_prefix"]:
        said.append(f"also with {given['picker_prefix']} before ids that Claude Code's picker leaves out")
    return "; ".join(said) or "as the source calls them"


def _going(given: Mapping[str, Any]) -> str:
    end = _GOES[given["missing"]]
    return end if given["missing"] == "keep" else f"{end} after {given['after']} without it"


def _keys(given: Mapping[str, Any], workspaces: Mapping[str, str]) -> str:
    if not given["asks_keys"]:
        return "it is not asked about keys"
    workspace = workspaces.get(given["workspace"], given["workspace"]) or "default"
    return f"it is asked about keys that Callsheet does not have. {_KEYS[given['key_mode']]}; workspace {workspace}"


def _some(texts: Sequence[str], joiner: str) -> str:
    more = f" and {len(texts) - _MAX_NAMED:,} more" if len(texts) > _MAX_NAMED else ""
    return joiner.join(texts[:_MAX_NAMED]) + more

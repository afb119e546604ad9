"""How LiteLLM describes a model, in its price file and in its proxy's ``model_info``."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from callsheet.sources.values import text_in

WILDCARD: Final = "it is a wildcard, not a model"
EXAMPLE: Final = "it is LiteLLM's example of an entry"
NO_TEXT: Final = "it does not generate text"

_TEXT_MODES: Final = frozenset({"chat", "completion", "responses"})
#: Capability to LiteLLM's flags for it; the first that is known counts. ``supports_response_schema`` includes
#: models for which LiteLLM imitates structured outputs by a tool.
_FLAGS: Final[Mapping[str, tuple[str, ...]]] = {
    "image_input": ("supports_vision",),
    "pdf_input": ("supports_pdf_input",),
    "structured_outputs": ("supports_native_structured_output", "supports_response_schema"),
    "thinking": ("supports_reasoning",),
}


def reason_to_drop(name: str, entries: Iterable[Mapping[str, Any]]) -> str | None:
    """Return why a name is not that of a model that generates text; None if it may be.

    Parameters
    ----------
    entries
        Everything that LiteLLM says of it. A name without a known mode may generate text.
    """
    if "*" in name:
        return WILDCARD
    if name == "sample_spec":
        return EXAMPLE
    modes = {mode for mode in (text_in(entry, "mode") for entry in entries) if mode}
    return NO_TEXT if modes and not modes & _TEXT_MODES else None


def flags_of(entry: Mapping[str, Any]) -> dict[str, object]:
    """Return the capabilities that an entry states, true or false."""
    found = {
        name: next((entry[flag] for flag in flags if _is_known(entry, flag)), None)
        for name, flags in _FLAGS.items()
    }
    return {name: flag for name, flag in found.items() if flag is not None}


def _is_known(entry: Mapping[str, Any], flag: str) -> bool:
    return isinstance(entry.get(flag), bool)

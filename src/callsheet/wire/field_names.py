"""The names that servers use for the fields of a model, and which one counts if there are several. Pure.

Everything that reads a server's list uses this one table. ``docs/reference/client.md`` shows it to users.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from callsheet.wire.field_values import (
    read_capabilities,
    read_instant,
    read_lifecycle,
    read_shutdown,
    read_text,
    read_tokens,
)

#: The names of each field, the one that counts first; a dot leads into an object, or the first object of a list. A
#: name whose value makes no sense is skipped. What a server serves comes before what a model was trained for.
NAMES: Final[dict[str, tuple[str, ...]]] = {
    "type": ("type",),
    "display_name": ("display_name", "displayName", "name"),
    "created_at": ("created_at", "created", "modified_at"),
    "line": ("line",),
    "max_input_tokens": (
        "max_input_tokens",  # Anthropic, Callsheet, LiteLLM
        "context_window",  # Groq, Codex
        "context_length",  # OpenRouter, Together
        "max_model_len",  # vLLM, SGLang
        "top_provider.context_length",  # OpenRouter
        "meta.n_ctx",  # llama.cpp
        "loaded_context_length",  # LM Studio, /api/v0
        "loaded_instances.config.context_length",  # LM Studio, /api/v1
        "inputTokenLimit",  # Gemini
        "max_context_length",  # LM Studio: what it could be loaded with
        "details.context_length",  # Ollama: trained
        "meta.n_ctx_train",  # llama.cpp: trained
    ),
    "max_tokens": (
        "max_tokens",
        "max_completion_tokens",  # Groq
        "max_output_tokens",  # LiteLLM
        "top_provider.max_completion_tokens",  # OpenRouter
        "outputTokenLimit",  # Gemini
    ),
    "capabilities": ("capabilities",),
    "lifecycle": ("lifecycle",),
    "deprecated_at": ("deprecated_at",),
    "retires_at": (
        "retires_at",
        "shutdown_date",  # OpenAI
        "expiration_date",  # OpenRouter
        "deprecation_date",  # LiteLLM, which means the last day of service
    ),
    "description": ("description",),
}

#: The names of an id; all but the first only in lists named ``models``: of Ollama, LM Studio, Codex and Gemini.
ID_NAMES: Final = ("id", "model", "key", "slug", "name")

_READ: Final[dict[str, Callable[[Any], object]]] = {
    "created_at": read_instant,
    "max_input_tokens": read_tokens,
    "max_tokens": read_tokens,
    "capabilities": read_capabilities,
    "lifecycle": read_lifecycle,
    "deprecated_at": read_instant,
    "retires_at": read_shutdown,
}

_TABLE: Final = tuple(
    (field, _READ.get(field, read_text), tuple((name, name.split(".") if "." in name else None) for name in names))
    for field, names in NAMES.items()
)


def _find_rows() -> dict[str, list[int]]:
    """By the first member on the way to a value, the rows of the table to which it may lead."""
    rows: dict[str, list[int]] = {}
    for number, names in enumerate(NAMES.values()):
        for first in {name.partition(".")[0] for name in names}:
            rows.setdefault(first, []).append(number)
    return rows


_ROWS: Final = _find_rows()  # most objects have few members, and lists are long


def read_fields(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields for which a server's JSON object has a value that makes sense, but not the id."""
    found = {}
    for number in {number for name in sent for number in _ROWS.get(name, ())}:
        field, read, names = _TABLE[number]
        for name, path in names:
            value = sent.get(name) if path is None else _follow(sent, path)
            if value is not None and (value := read(value)) is not None:
                found[field] = value
                break
    return found


def _follow(sent: Mapping[str, Any], path: list[str]) -> object:
    value: object = sent
    for name in path:
        if isinstance(value, list):
            value = value[0] if value else None
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value

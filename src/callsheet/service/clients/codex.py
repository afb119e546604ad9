"""Codex's configuration: a provider, and beside it the file of the models that it has."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from callsheet.domain.model import Model
from callsheet.service.clients.capabilities import has_capability
from callsheet.service.clients.config_file import KEY_VARIABLE, ConfigFile, json_file

FILE: Final = "config.toml"
MODELS_FILE: Final = "callsheet-models.json"

#: Codex refuses a model without instructions, and has its own only for the models that it knows.
_INSTRUCTIONS: Final = (
    "You are a coding agent. You run in the Codex CLI, in a folder on the user's computer. Read what you need "
    "before you change anything, keep changes small and in the style of the project, check them by running what "
    "the project has for that, and say briefly what you did and what is left."
)

_MAX_OUTPUT_TOKENS: Final = 10_000  # of one command, as for Codex's own models


def codex_config(models: Sequence[Model], url: str) -> tuple[ConfigFile, ...]:
    """Return the configuration with which Codex offers ``models``, in their order.

    Parameters
    ----------
    models
        At least one.
    url
        As `read_base_url` returns it.
    """
    lines = (
        f"model = {_text(models[0].id)}",
        'model_provider = "callsheet"',
        f'model_catalog_json = "{MODELS_FILE}"',
        "",
        "[model_providers.callsheet]",
        'name = "Callsheet"',
        f"base_url = {_text(f'{url}/v1')}",
        f'env_key = "{KEY_VARIABLE}"',
        'wire_api = "responses"',
        "",
    )
    rows = [dict(_row(model, place)) for place, model in enumerate(models, 1)]
    return (ConfigFile(FILE, "\n".join(lines)), json_file(MODELS_FILE, {"models": rows}))


def _text(text: str) -> str:
    """A basic string of TOML; ids have only printable characters."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _row(model: Model, place: int) -> Iterator[tuple[str, Any]]:
    yield "slug", model.id
    yield "display_name", model.display_name
    if model.description:
        yield "description", model.description
    if model.max_input_tokens is not None:
        yield "context_window", model.max_input_tokens
    yield "input_modalities", ["text", "image"] if has_capability(model, "image_input") else ["text"]
    yield "priority", place
    yield "visibility", "list"
    yield "supported_in_api", True
    yield "supported_reasoning_levels", []
    yield "support_verbosity", False
    yield "shell_type", "shell_command"
    yield "experimental_supported_tools", []
    yield "truncation_policy", {"mode": "tokens", "limit": _MAX_OUTPUT_TOKENS}
    yield "base_instructions", _INSTRUCTIONS

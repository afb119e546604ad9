"""Claude Code's settings: a picker with the listed models and nothing else.

2.1.332 and 2.1.248 show these rows. 2.1.223 and 2.1.129 do not know ``modelPicker``: they show ``model``, and those
of ``availableModels`` that they know.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from callsheet.domain.model import Model
from callsheet.service.clients.config_file import ConfigFile, json_file

FILE: Final = "settings.json"

#: The variables that say which model each of the names means that it uses itself, also in the background.
_LINES: Final = {
    "opus": "ANTHROPIC_DEFAULT_OPUS_MODEL",
    "sonnet": "ANTHROPIC_DEFAULT_SONNET_MODEL",
    "haiku": "ANTHROPIC_DEFAULT_HAIKU_MODEL",
    "fable": "ANTHROPIC_DEFAULT_FABLE_MODEL",
}


def claude_code_settings(models: Sequence[Model], url: str) -> tuple[ConfigFile, ...]:
    """Return the settings with which Claude Code offers ``models``, in their order.

    What it calls opus, sonnet, haiku and fable is the newest listed model of that line, else the first model: it
    uses these names by itself, and a gateway need not know others. The key stays in ``ANTHROPIC_API_KEY`` or
    ``ANTHROPIC_AUTH_TOKEN``.

    Parameters
    ----------
    models
        At least one.
    url
        As `read_base_url` returns it.
    """
    content = {
        "$schema": "https://json.schemastore.org/claude-code-settings.json",
        "env": {"ANTHROPIC_BASE_URL": url, **{name: _of_line(models, line) for line, name in _LINES.items()}},
        "model": models[0].id,
        "availableModels": [model.id for model in models],
        "modelPicker": {"replaceBuiltInOptions": True, "options": [dict(_row(model)) for model in models]},
    }
    return (json_file(FILE, content),)


def _of_line(models: Sequence[Model], line: str) -> str:
    newest = max((model for model in models if model.line == line), key=lambda each: each.created_at, default=None)
    return (newest or models[0]).id


def _row(model: Model) -> Iterator[tuple[str, Any]]:
    yield "model", model.id
    yield "label", model.display_name
    if model.description:
        yield "description", model.description

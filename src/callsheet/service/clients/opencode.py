"""opencode's configuration: a provider with the listed models, and no other provider."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from callsheet.domain.model import Model
from callsheet.domain.times import EPOCH
from callsheet.service.clients.capabilities import has_capability
from callsheet.service.clients.config_file import KEY_VARIABLE, ConfigFile, json_file

FILE: Final = "opencode.json"

_PROVIDER: Final = "callsheet"
_KEY: Final = f'"apiKey": "{{env:{KEY_VARIABLE}}}"'

#: What opencode replaces in the text of its file before it parses it, whatever string it is in. As the name of a
#: model, it would have a variable or a file of the user sent to the gateway.
_REPLACED: Final = ("{env:", "{file:")


def opencode_config(models: Sequence[Model], url: str) -> tuple[ConfigFile, ...]:
    """Return the configuration with which opencode offers ``models``, in Anthropic's format.

    Parameters
    ----------
    models
        At least one.
    url
        As `read_base_url` returns it.
    """
    provider = {
        "npm": "@ai-sdk/anthropic",
        "name": "Callsheet",
        "options": {"baseURL": f"{url}/v1", "apiKey": f"{{env:{KEY_VARIABLE}}}"},
        "models": {model.id: dict(_entry(model)) for model in models},
    }
    content = {
        "$schema": "https://opencode.ai/config.json",
        "enabled_providers": [_PROVIDER],
        "model": f"{_PROVIDER}/{models[0].id}",
        "provider": {_PROVIDER: provider},
    }
    _, text = json_file(FILE, content)
    return (ConfigFile(FILE, _escaped(text).replace(_escaped(_KEY), _KEY, 1)),)


def _escaped(text: str) -> str:
    for each in _REPLACED:
        text = text.replace(each, f"\\u007b{each[1:]}")
    return text


def _entry(model: Model) -> Iterator[tuple[str, Any]]:
    yield "name", model.display_name
    if model.created_at != EPOCH:
        yield "release_date", model.created_at.date().isoformat()
    inputs = {"image": has_capability(model, "image_input"), "pdf": has_capability(model, "pdf_input")}
    yield "attachment", any(inputs.values())
    yield "reasoning", has_capability(model, "thinking")
    yield "modalities", {"input": ["text", *(name for name, has in inputs.items() if has)], "output": ["text"]}
    if model.max_input_tokens is not None and model.max_tokens is not None:
        yield "limit", {"context": model.max_input_tokens, "output": model.max_tokens}

"""Snippets: how each client is given this server and a key."""

from shlex import quote
from typing import Final, TypeAlias

from callsheet.service.clients.config_file import KEY_VARIABLE

#: A title, and what to type or to write.
Snippet: TypeAlias = dict[str, str]

_ANTHROPIC: Final = """\
{imports}from anthropic import Anthropic

client = Anthropic(base_url={url!r}, api_key={key})
for model in client.models.list():
    print(model.id)"""

_OPENAI: Final = """\
{imports}from openai import OpenAI

client = OpenAI(base_url="{url}/v1", api_key={key})
for model in client.models.list():
    print(model.id)"""


def snippets(base_url: str, secret: str | None = None) -> list[Snippet]:
    """Return what each known client is given.

    Parameters
    ----------
    base_url
        Where clients find the Models API; of characters that URLs have.
    secret
        Of the key; None for the variable that is to hold one.
    """
    in_shell = f'"${KEY_VARIABLE}"' if secret is None else quote(secret)
    in_python = f'os.environ["{KEY_VARIABLE}"]' if secret is None else repr(secret)
    values = {"url": base_url, "key": in_python, "imports": "import os\n\n" if secret is None else ""}
    curl = (
        f"curl {quote(f'{base_url}/v1/models')} -H x-api-key:{in_shell} -H {quote('anthropic-version: 2023-06-01')}"
    )
    claude_code = (
        f"export ANTHROPIC_BASE_URL={quote(base_url)}\n"
        f"export ANTHROPIC_API_KEY={in_shell}\n"
        "export CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY=1\n"
        "claude"
    )
    return [
        {"title": "curl", "text": curl},
        {"title": "Claude Code", "text": claude_code},
        {"title": "Anthropic SDK for Python", "text": _ANTHROPIC.format(**values)},
        {"title": "OpenAI SDK for Python", "text": _OPENAI.format(**values)},
    ]

"""LiteLLM's real proxy with keys of their own models.

It reaches the database of its virtual keys by Prisma's engine, which is in no registry; so the keys here are known
to its hook for keys that are kept elsewhere (`check_key`). All else is the proxy's own: it lists to a key the
models of this key, and refuses a message with another one (``key_model_access_denied``). It does the latter only
with both settings below.
"""

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import httpx2

from tests.program import DEADLINE
from tests.sources.real import LITELLM_KEY, litellm

#: What the proxy routes, and to which provider; each answers by itself.
ROUTED: Final = {
    "claude-sonnet-5": "anthropic/claude-sonnet-5",
    "us.anthropic.claude-opus-5": "bedrock/us.anthropic.claude-opus-5",
    "team/claude-maple:7b": "openai/claude-maple",
    "gpt-5": "openai/gpt-5",
    "kimi-k3": "openai/kimi-k3",
}

#: Routed for embeddings: no conversation can be had with it.
EMBEDDINGS: Final = "vectors"

#: Means every model that the proxy routes.
ALL: Final = "all-proxy-models"

_SETTINGS: Final = {
    "general_settings": {
        "master_key": LITELLM_KEY,
        "custom_auth": "check_key.check",
        "custom_auth_run_common_checks": True,
    },
    "litellm_settings": {"enable_post_custom_auth_checks": True, "num_retries": 0},
}


class Gateway:
    """The running proxy: ``url`` is where, and ``keys`` the folder that its hook reads."""

    def __init__(self, url: str, keys: Path) -> None:
        self.url = url
        self._keys = keys

    def allow(self, key: str, models: Iterable[str]) -> str:
        """Let a key call these models, and no others, from its next request on; return it."""
        made = self._keys / f"{sha256(key.encode()).hexdigest()}.new"
        made.write_text(json.dumps(list(models)))
        made.rename(made.with_suffix(""))
        return key

    def revoke(self, key: str) -> None:
        """Do not know a key from its next request on."""
        (self._keys / sha256(key.encode()).hexdigest()).unlink()

    def listed(self, key: str) -> list[str]:
        """The ids that the proxy itself lists to a key."""
        with httpx2.Client(base_url=self.url, trust_env=False, timeout=DEADLINE) as client:
            answer = client.get("/v1/models", headers={"x-api-key": key}).raise_for_status()
        return [model["id"] for model in answer.json()["data"]]


def accepts(url: str, key: str, model: str) -> bool:
    """Whether a message with this model is answered at a URL; a refusal is one of the key or of its model."""
    with httpx2.Client(base_url=url, trust_env=False, timeout=DEADLINE) as client:
        answer = client.post("/v1/messages", headers={"x-api-key": key}, json=_message(model))
    assert answer.status_code in (200, 401, 403), answer.text
    return answer.status_code == 200


def _message(model: str) -> dict[str, Any]:
    return {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}


@contextmanager
def gateway(folder: Path) -> Iterator[Gateway]:
    """Run the proxy; every process of the tests that needs it has one."""
    keys = folder / "keys"
    keys.mkdir()
    shutil.copy(Path(__file__).with_name("check_key.py"), folder)
    with litellm(folder, [*map(_routed, ROUTED), _embeddings()], _SETTINGS) as running:
        yield Gateway(running.url, keys)


def _routed(name: str) -> dict[str, object]:
    answered = {"mock_response": f"Hello from {name}", "api_key": "sk-of-the-provider"}
    return {"model_name": name, "litellm_params": {"model": ROUTED[name], **answered}}


def _embeddings() -> dict[str, object]:
    provider = {"model": "openai/text-embedding-3-small", "api_key": "sk-of-the-provider"}
    return {"model_name": EMBEDDINGS, "litellm_params": {**provider, "api_base": "http://127.0.0.1:9"}}

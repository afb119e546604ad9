"""The gateway of a page: as LiteLLM answers, with one key."""

from contextlib import AbstractContextManager
from typing import Any, Final

from tests.serving import JSONHandler, serving

#: As the pages write it.
KEY: Final = "sk-of-your-gateway"

_MODELS: Final = {"claude-sonnet-5": 1_000_000, "gpt-5": 272_000, "kimi-k3": 262_144}


def page_gateway() -> AbstractContextManager[str]:
    """Serve until the block ends; yield the URL."""
    return serving(_Handler)


class _Handler(JSONHandler):
    def get(self) -> None:
        """Answer what is asked for, of which this has the list."""
        if self.path == "/health/liveliness":
            self.send(200, "I'm alive!")
        elif self.path.partition("?")[0] != "/v1/models":
            self.send(404, {"detail": "Not Found"})
        elif self.key == KEY:
            self.send(200, self._list())
        else:
            self.send(401, {"error": {"message": "Authentication Error, Invalid proxy server token passed"}})

    def _list(self) -> dict[str, Any]:
        if self.headers["anthropic-version"] is None:
            rows = [_openai_row(model_id, tokens) for model_id, tokens in _MODELS.items()]
            return {"data": rows, "object": "list"}
        rows = [_anthropic_row(model_id, tokens) for model_id, tokens in _MODELS.items()]
        first, *_, last = _MODELS
        return {"data": rows, "has_more": False, "first_id": first, "last_id": last}


def _openai_row(model_id: str, tokens: int) -> dict[str, Any]:
    row = {"id": model_id, "object": "model", "created": 1677610602, "owned_by": "openai", "mode": "chat"}
    return {**row, "max_input_tokens": tokens}


def _anthropic_row(model_id: str, tokens: int) -> dict[str, Any]:
    row = {"type": "model", "id": model_id, "display_name": model_id, "created_at": "2023-02-28T18:56:42Z"}
    return {**row, "max_input_tokens": tokens, "max_tokens": None}

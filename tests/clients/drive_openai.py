"""Ask a Models API through OpenAI's Python client, and report what the client made of the answers.

`drive_openai.py sync|async` reads a job (JSON) on stdin and prints a report (JSON) on stdout. It runs in an
environment that holds nothing but the client.
"""

import asyncio
import inspect
import json
import sys
from collections.abc import AsyncIterable, Callable
from functools import partial
from typing import Any

import openai  # type: ignore[import-not-found]  # lives in the client's own environment

_MESSAGE = {"model": "any", "messages": [{"role": "user", "content": "x" * 100_000}], "stream": True}


async def main(mode: str, job: dict[str, Any]) -> dict[str, Any]:
    """Do everything `job` asks for."""
    client = _open(mode, job["base_url"], job["api_key"])
    stranger = _open(mode, job["base_url"], job["wrong_key"])
    models = client.models
    try:
        page = await _settle(models.list())
        return {
            "version": openai.__version__,
            "object": page.object,
            "request_id": page._request_id,
            "all": [_plain(model) for model in await _items(models)],
            "retrieved": {name: _plain(await _settle(models.retrieve(name))) for name in job["names"]},
            "errors": {
                "wrong_key": await _error(stranger.models.list),
                "unknown_model": await _error(models.retrieve, job["unknown"]),
                "message": await _error(partial(client.chat.completions.create, **_MESSAGE)),
            },
        }
    finally:
        await _settle(client.close())
        await _settle(stranger.close())


def _open(mode: str, base_url: str, api_key: str) -> Any:
    """A client that shows every failure, and refuses an answer that is not of the client's types."""
    kind = {"sync": openai.OpenAI, "async": openai.AsyncOpenAI}[mode]
    return kind(base_url=f"{base_url}/v1", api_key=api_key, max_retries=0, _strict_response_validation=True)


async def _settle(value: Any) -> Any:
    """The result of a call, whichever client it was made on."""
    return await value if inspect.isawaitable(value) else value


async def _items(models: Any) -> list[Any]:
    """Every model the client comes to by itself."""
    listing = models.list()
    if isinstance(listing, AsyncIterable):
        return [model async for model in listing]
    return list(listing)


async def _error(call: Callable[..., Any], *values: Any) -> dict[str, Any] | None:
    """What the client raised; None if it raised nothing."""
    try:
        await _settle(call(*values))
    except openai.APIStatusError as error:
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "code": error.code,
            "request_id": error.request_id,
            "body": error.body,
        }
    return None


def _plain(model: Any) -> Any:
    """A model as JSON, out of the client's typed fields."""
    return model.to_dict(mode="json")


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], json.load(sys.stdin)))))

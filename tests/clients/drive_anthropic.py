"""Ask a Models API through Anthropic's Python client, and report what the client made of the answers.

`drive_anthropic.py sync|async` reads a job (JSON) on stdin and prints a report (JSON) on stdout. It runs in an
environment that holds nothing but the client, of any release from 0.42 on.
"""

import asyncio
import inspect
import json
import sys
from collections.abc import AsyncIterable, Callable
from typing import Any

import anthropic  # type: ignore[import-not-found]  # lives in the client's own environment


async def main(mode: str, job: dict[str, Any]) -> dict[str, Any]:
    """Do everything `job` asks for."""
    client = _open(mode, job["base_url"], job["api_key"])
    strict = _open(mode, job["base_url"], job["api_key"], strict=True)
    stranger = _open(mode, job["base_url"], job["wrong_key"])
    models, limit = client.models, job["limit"]
    try:
        return {
            "version": anthropic.__version__,
            "page": await _page(models, limit),
            "forward": await _walk(models, limit=limit),
            "backward": await _walk(models, limit=limit, before_id=job["last_id"]),
            "all": [_plain(model) for model in await _items(models, limit=1000)],
            "lifecycle": await _lifecycle(models, limit=limit, lifecycle=job["lifecycle"]),
            "retrieved": {name: _plain(await _settle(strict.models.retrieve(name))) for name in job["names"]},
            "beta": await _beta(client.beta.models, job),
            "errors": {
                "wrong_key": await _error(stranger.models.list),
                "unknown_model": await _error(models.retrieve, job["unknown"]),
                "limit": await _error(models.list, limit=1001),
                "after_id": await _error(models.list, after_id=job["unknown"]),
                "before_id": await _error(models.list, before_id=job["unknown"]),
            },
        }
    finally:
        for each in (client, strict, stranger):
            await _settle(each.close())


def _open(mode: str, base_url: str, api_key: str, *, strict: bool = False) -> Any:
    """A client that shows every failure; a strict one refuses an answer that is not of the client's types."""
    kind = {"sync": anthropic.Anthropic, "async": anthropic.AsyncAnthropic}[mode]
    return kind(base_url=base_url, api_key=api_key, max_retries=0, _strict_response_validation=strict)


async def _settle(value: Any) -> Any:
    """The result of a call, whichever client it was made on."""
    return await value if inspect.isawaitable(value) else value


async def _items(models: Any, **query: Any) -> list[Any]:
    """Every model the client comes to by itself."""
    listing = models.list(**query)
    if isinstance(listing, AsyncIterable):
        return [model async for model in listing]
    return list(listing)


async def _walk(models: Any, **query: Any) -> dict[str, Any]:
    """The ids of a walk, both as the client strings them together and page by page."""
    page = await _settle(models.list(**query))
    pages = [[model.id for model in page.data]]
    while page.has_next_page():
        page = await _settle(page.get_next_page())
        pages.append([model.id for model in page.data])
    return {"ids": [model.id for model in await _items(models, **query)], "pages": pages}


async def _page(models: Any, limit: int) -> dict[str, Any]:
    page = await _settle(models.list(limit=limit))
    return {
        "ids": [model.id for model in page.data],
        "has_more": page.has_more,
        "first_id": page.first_id,
        "last_id": page.last_id,
        "request_id": page._request_id,
    }


async def _lifecycle(models: Any, **query: Any) -> list[str] | None:
    """The ids of a filtered walk; None from a client that has no such filter."""
    if not _takes(models.list, "lifecycle"):
        return None
    return [model.id for model in await _items(models, **query)]


async def _beta(models: Any, job: dict[str, Any]) -> dict[str, Any]:
    """The same routes by way of `client.beta`, with beta values where the client sends any."""
    betas = {"betas": job["betas"]} if _takes(models.list, "betas") else {}
    return {
        "ids": [model.id for model in await _items(models, limit=job["limit"], **betas)],
        "retrieved": _plain(await _settle(models.retrieve(job["beta_name"], **betas))),
    }


async def _error(call: Callable[..., Any], *values: Any, **query: Any) -> dict[str, Any] | None:
    """What the client raised; None if it raised nothing."""
    try:
        await _settle(call(*values, **query))
    except anthropic.APIStatusError as error:
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "request_id": error.request_id,
            "body": error.body,
        }
    return None


def _takes(method: Callable[..., Any], name: str) -> bool:
    return name in inspect.signature(method).parameters


def _plain(model: Any) -> Any:
    """A model as JSON, out of the client's typed fields."""
    return model.to_dict(mode="json")


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], json.load(sys.stdin)))))

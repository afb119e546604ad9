"""Ask the double through Anthropic's Python client, in one process with it, and report what the client made of it.

`drive_sdk.py sync|async` prints a report (JSON) on stdout. It runs in an environment that holds the client and what
that needs, with Callsheet's source on the path: the double wants nothing more.
"""

import asyncio
import inspect
import json
import sys
from collections.abc import AsyncIterable
from contextlib import contextmanager
from typing import Any

import anthropic  # type: ignore[import-not-found]  # lives in the client's own environment

from callsheet.testing import ModelsAPI

try:
    import httpx2 as httpx  # which the client of today uses
except ImportError:
    import httpx  # type: ignore[no-redef]  # and the client of yesterday

MODELS = ["claude-a", "claude-b", "claude-c", "claude-d", "claude-e"]


async def main(mode: str) -> dict[str, Any]:
    """Meet every fault."""
    kind = {"sync": anthropic.Anthropic, "async": anthropic.AsyncAnthropic}[mode]
    with ModelsAPI(MODELS) as api, api.env:
        patient, client = kind(), kind(max_retries=0)
        try:
            report = {"version": anthropic.__version__, **await meet(api, patient, client)}
        finally:
            for each in (patient, client):
                await settle(each.close())
    if mode == "async":
        report["without_network"] = await ask_without_network()
    return report


async def meet(api: ModelsAPI, patient: Any, client: Any) -> dict[str, Any]:
    """What `patient`, who tries again, and `client`, who does not, make of every fault."""
    report: dict[str, Any] = {"walked": await walk(client)}
    first = api.requests[0]
    report["sent"] = [first.headers.get("x-api-key"), first.headers.get("authorization")]
    report["key"] = api.api_key

    with asked(api) as statuses:
        api.fail(status=429, retry_after=0.01, times=2)
        report["patient"] = [len((await settle(patient.models.list())).data), statuses]
    for name, fault in {
        "overloaded": {"status": 529},
        "broken": {"status": 500},
        "late": {"delay": 60},
        "cut": {"cut": True},
    }.items():
        asked_for = api.fail(**fault)  # type: ignore[arg-type]
        report[name] = await error(client.with_options(timeout=0.2) if name == "late" else client)
        while not asked_for.used:  # the client may have given up before the double came to it
            await asyncio.sleep(0.01)
    for name, fault in {
        "hidden": {"has_more": False},
        "null": {"null_ids": True},
        "loop": {"loop": True},
    }.items():
        api.fail(**fault)  # type: ignore[arg-type]
        report[name] = await walk(client)
    report["unused"] = len(api.unused_faults)

    key = api.key(expires_at="2026-11-30")
    api.clock.advance(days=1)
    report["expired"] = await error(client.with_options(api_key=key))
    api.retire("claude-a")
    report["after_retirement"] = await walk(client)
    return report


async def ask_without_network() -> str:
    """Ask the double as an ASGI application."""
    api = ModelsAPI(MODELS)
    transport = httpx.ASGITransport(app=api.asgi)
    async with anthropic.AsyncAnthropic(
        base_url="http://models.test", api_key=api.api_key, http_client=httpx.AsyncClient(transport=transport)
    ) as client:
        return str((await client.models.retrieve("claude-c")).id)


async def settle(value: Any) -> Any:
    """The result of a call, whichever client it was made on."""
    return await value if inspect.isawaitable(value) else value


async def walk(client: Any) -> list[str]:
    """Every id that the client comes to, two on a page."""
    listing = client.models.list(limit=2)
    if isinstance(listing, AsyncIterable):
        return [model.id async for model in listing]
    return [model.id for model in listing]


async def error(client: Any) -> str | None:
    """What a list raises."""
    try:
        await settle(client.models.list())
    except anthropic.APIError as raised:
        return f"{type(raised).__name__}: {getattr(raised, 'body', None) and raised.body['error']['message']}"
    return None


@contextmanager
def asked(api: ModelsAPI) -> Any:
    """The statuses of what is asked meanwhile, known at the end."""
    before, statuses = len(api.requests), []  # type: ignore[var-annotated]
    yield statuses
    statuses += [request.status for request in api.requests[before:]]


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1]))))

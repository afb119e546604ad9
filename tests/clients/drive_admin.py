"""Administer Callsheet through Anthropic's Python client, with every answer checked against the client's types.

`drive_admin.py sync|async` reads a job (JSON) on stdin and prints a report (JSON) on stdout.
"""

import asyncio
import inspect
import json
import sys
from collections.abc import AsyncIterable
from typing import Any

import anthropic  # type: ignore[import-not-found]  # lives in the client's own environment


async def main(mode: str, job: dict[str, Any]) -> dict[str, Any]:
    """Do everything `job` asks for."""
    client = _open(mode, job["base_url"], job["admin_key"])
    bearer = _open(mode, job["base_url"], None, auth_token=job["admin_key"])
    stranger = _open(mode, job["base_url"], job["api_key"])
    reader = _open(mode, job["base_url"], job["read_key"])
    organization = client.organization
    workspaces, keys = organization.workspaces, organization.api_keys
    new = await _settle(workspaces.create(name="made", display_color="#6C5BB9", tags={"team": "a", "gone": "b"}))
    report = {
        "version": anthropic.__version__,
        "me": _plain(await _settle(organization.retrieve())),
        "bearer": _plain(await _settle(bearer.organization.retrieve())),
        "created": _plain(new),
        "retrieved": _plain(await _settle(workspaces.retrieve(new.id))),
        "updated": _plain(
            await _settle(workspaces.update(new.id, name="renamed", tags={"gone": None, "more": "c"}))
        ),
        "archived": _plain(await _settle(workspaces.archive(new.id))),
        "workspaces": await _walk(workspaces, limit=2),
        "every_workspace": await _walk(workspaces, limit=2, include_archived=True, include_default=True),
        "some_workspaces": await _some(workspaces, job["workspace_ids"]),
        "keys": await _walk(keys, limit=2),
        "keys_backward": await _walk(keys, limit=2, before_id=job["first_key_id"]),
        "of_workspace": await _walk(keys, limit=2, workspace_id=job["workspace_ids"][0]),
        "by_status": {
            status: await _walk(keys, limit=2, status=status)
            for status in ("active", "inactive", "archived", "expired")
        },
        "key": _plain(await _settle(keys.retrieve(job["first_key_id"]))),
        "changed": [
            _plain(await _settle(keys.update(job["first_key_id"], **change)))
            for change in ({"name": "other"}, {"status": "inactive"}, {"status": "active", "name": None})
        ],
        "errors": {
            "unknown": await _error(keys.retrieve, "apikey_none"),
            "taken": await _error(workspaces.create, name=job["workspace_name"]),
            "invalid": await _error(workspaces.create, name=""),
            "client_key": await _error(stranger.organization.retrieve),
            "scope": await _error(reader.organization.workspaces.create, name="x"),
            "cursor": await _error(keys.list, after_id="apikey_none"),
            "models": await _error(client.models.list),
        },
    }
    for each in (client, bearer, stranger, reader):
        await _settle(each.close())
    return report


def _open(mode: str, base_url: str, api_key: str | None, **options: Any) -> Any:
    kind = {"sync": anthropic.Anthropic, "async": anthropic.AsyncAnthropic}[mode]
    return kind(base_url=base_url, api_key=api_key, max_retries=0, _strict_response_validation=True, **options)


async def _settle(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def _walk(resource: Any, **query: Any) -> list[str]:
    """The ids of a list, to its end, as the client pages through it."""
    listing = resource.list(**query)
    if isinstance(listing, AsyncIterable):
        return [each.id async for each in listing]
    return [each.id for each in listing]


async def _some(resource: Any, ids: list[str]) -> list[str] | None:
    """The same of these ids; None from a client that cannot ask for them."""
    if "ids" not in inspect.signature(resource.list).parameters:
        return None
    return await _walk(resource, ids=ids, limit=1000)


async def _error(call: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
    try:
        await _settle(call(*arguments, **options))
    except anthropic.APIStatusError as error:
        body = error.body
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "code": body["error"].get("details", {}).get("error_code") if isinstance(body, dict) else None,
        }
    return {"class": None}


def _plain(value: Any) -> Any:
    return json.loads(value.model_dump_json())


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], json.load(sys.stdin)))))

"""Asking works where the app is mounted in another one, without a lifespan, and in one loop after the other."""

import asyncio
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.routing import Mount

from callsheet.http.app import CallsheetApp
from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.sources import SourcesService
from callsheet.sources.upstream import SourceKind
from tests.http.plain import make_app
from tests.installation import Installation, now
from tests.service.delegation.gateway import serve_gateway

KEY = "sk-of-the-gateway-0123456789"
HEADERS = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}


def app_over(installation: Installation, port: int) -> CallsheetApp:
    sources = SourcesService(installation.store, "test", now)
    url = f"http://127.0.0.1:{port}"
    sources.add("gateway", SourceConfig(kind=SourceKind.OPENAI, url=url, asks_keys=True, every_seconds=0))
    return make_app(installation)


async def ids(app: Any, url: str) -> list[str]:
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get(url, headers=HEADERS)
        assert response.status_code == 200, response.text
        return [model["id"] for model in response.json()["data"]]


def test_mounted_without_a_lifespan_it_asks_in_each_event_loop(empty: Installation) -> None:
    apps: list[CallsheetApp] = []

    async def begin() -> None:
        async with serve_gateway(0) as gateway:
            gateway.keys = {KEY: ["alpha"]}
            port = int(gateway.url.rpartition(":")[2])
            if apps:
                SourcesService(empty.store, "test", now).change("gateway", {"url": gateway.url})
                apps[0].live.refresh()
            else:
                apps.append(app_over(empty, port))
            mounted = Starlette(routes=[Mount("/models-api", apps[0])])
            assert await ids(mounted, "/models-api/v1/models") == ["alpha"]
            assert len(gateway.asked) == 1
            await apps[0].keys.close()

    asyncio.run(begin())
    asyncio.run(begin())
    apps[0].stop()


def test_the_end_of_the_lifespan_closes_all_connections(empty: Installation) -> None:
    async def begin() -> None:
        async with serve_gateway() as gateway:
            gateway.keys = {KEY: ["alpha"]}
            app = app_over(empty, int(gateway.url.rpartition(":")[2]))
            async with app.router.lifespan_context(app):
                assert await ids(app, "/v1/models") == ["alpha"]
                assert gateway.connected
            while gateway.connected:
                await asyncio.sleep(0)

    asyncio.run(begin())

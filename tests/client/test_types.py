"""What a type checker knows of the public surface. mypy checks the `assert_type`s, with the rest of the suite."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any, assert_type

import pytest

from callsheet import (
    AsyncClient,
    AsyncListing,
    AsyncModels,
    AsyncPage,
    Client,
    Lifecycle,
    ModelInfo,
    ModelNotFoundError,
    Models,
    Page,
)
from tests.client.conftest import ALIAS, DIFFICULT, Site


def test_a_client_gives_pages_of_models(site: Site) -> None:
    with Client(base_url=site.url, api_key=site.key) as client:
        assert_type(client, Client)
        assert_type(client.models, Models)
        page = client.models.list(limit=4, lifecycle=[Lifecycle.ACTIVE, "deprecated"])
        assert_type(page, Page[ModelInfo])
        assert_type(page.data, list[ModelInfo])
        assert_type(page.has_more, bool | None)
        assert_type(page.first_id, str | None)
        assert_type(page.last_id, str | None)
        assert_type(page.request_id, str | None)
        assert_type(page.stale, bool)
        assert_type(page.age, timedelta | None)
        assert_type(page.has_next_page(), bool)
        assert_type(page.get_next_page(), Page[ModelInfo])
        assert_type(page.iter_pages(), Iterator[Page[ModelInfo]])
        models = iter(page)
        assert_type(models, Iterator[ModelInfo])
        assert isinstance(next(models), ModelInfo)
        watched = client.models.watch(interval=1)
        assert_type(watched, Iterator[list[ModelInfo]])
        assert isinstance(next(watched)[0], ModelInfo)
        assert_type(client.models.resolve(ALIAS), str)


def test_a_model_has_typed_fields(site: Site) -> None:
    with Client(base_url=site.url, api_key=site.key) as client:
        model = client.models.retrieve(DIFFICULT, betas=["a"], workspace_id=None)
    assert_type(model, ModelInfo)
    assert_type(model.id, str)
    assert_type(model.display_name, str)
    assert_type(model.created_at, datetime)
    assert_type(model.line, str | None)
    assert_type(model.max_input_tokens, int | None)
    assert_type(model.max_tokens, int | None)
    assert_type(model.capabilities, dict[str, Any] | None)
    assert_type(model.lifecycle, Lifecycle | str)
    assert_type(model.retires_at, datetime | None)
    assert_type(model.description, str | None)
    assert_type(model.stale, bool)
    assert_type(model.to_dict(), dict[str, Any])
    assert isinstance(model.created_at, datetime)


def test_an_async_client_gives_the_same_by_await(site: Site) -> None:
    async def ask() -> None:
        async with AsyncClient(base_url=site.url, api_key=site.key) as client:
            assert_type(client, AsyncClient)
            assert_type(client.models, AsyncModels)
            listing = client.models.list(limit=4)
            assert_type(listing, AsyncListing[ModelInfo])
            page = await listing
            assert_type(page, AsyncPage[ModelInfo])
            assert_type(page.data, list[ModelInfo])
            assert_type(await page.get_next_page(), AsyncPage[ModelInfo])
            assert_type(page.iter_pages(), AsyncIterator[AsyncPage[ModelInfo]])
            async for model in listing:
                assert_type(model, ModelInfo)
            assert_type(await client.models.retrieve(ALIAS), ModelInfo)
            assert_type(await client.models.resolve(ALIAS), str)
            assert_type(client.models.watch(), AsyncIterator[list[ModelInfo]])

    asyncio.run(ask())


def test_an_error_has_typed_attributes(site: Site) -> None:
    with Client(base_url=site.url, api_key=site.key) as client, pytest.raises(ModelNotFoundError) as raised:
        client.models.retrieve("nope")
    assert_type(raised.value.status, int | None)
    assert_type(raised.value.request_id, str | None)
    assert_type(raised.value.body, object)
    assert_type(raised.value.retry_after, float | None)
    assert raised.value.status == 404

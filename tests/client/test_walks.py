"""What the client lists and retrieves, from a correct server over real HTTP."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
import trio

from callsheet import AsyncClient, Client, Lifecycle, ModelInfo, PagingError
from tests.client.asking import MakeAsker, Script, ids_of, page
from tests.client.conftest import ALIAS, DIFFICULT, Site

RECORDED: Final = json.loads((Path(__file__).parents[1] / "fixtures" / "recorded-lists.json").read_text())[
    "answers"
]


@pytest.mark.parametrize("limit", [1, 4, 1000, None])
def test_a_list_iterates_over_all_models_of_all_pages(asker: MakeAsker, site: Site, limit: int | None) -> None:
    assert ids_of(asker().models(limit=limit)) == site.ids


def test_a_walk_back_gives_the_pages_before_the_cursor(asker: MakeAsker, site: Site) -> None:
    pages = [ids_of(page.data) for page in asker().pages(limit=4, before_id=site.ids[-1])]
    assert pages[0] == site.ids[-5:-1]
    assert [each for page in reversed(pages) for each in page] == site.ids[:-1]


def test_with_both_cursors_all_between_them_is_walked(asker: MakeAsker, site: Site) -> None:
    models = asker().models(limit=3, after_id=site.ids[1], before_id=site.ids[-2])
    assert ids_of(models) == site.ids[2:-2]


def test_pages_have_what_the_server_said(asker: MakeAsker, site: Site) -> None:
    first, *_, last = asker().pages(limit=5)
    assert (first.has_more, first.first_id, first.last_id) == (True, site.ids[0], site.ids[4])
    assert first.has_next_page()
    assert first.request_id.startswith("req_01")
    assert (first.stale, first.age) == (False, None)
    assert (last.has_more, last.has_next_page()) == (False, False)


def test_a_page_is_fetched_when_it_is_needed_and_not_before() -> None:
    script = Script(page("a", "b", has_more=True), page("c"))
    models = iter(script.client().models.list(limit=2))
    asked = [(next(models).id, len(script.asked)) for _ in range(3)]
    assert asked == [("a", 1), ("b", 1), ("c", 2)]
    assert [each.url.query for each in script.asked] == [b"limit=2", b"after_id=b&limit=2"]


def test_a_page_can_be_asked_for_its_next_again_and_again(site: Site) -> None:
    with Client(base_url=site.url, api_key=site.key) as client:
        first = client.models.list(limit=4)
        assert ids_of(first.get_next_page().data) == ids_of(first.get_next_page().data) == site.ids[4:8]
        assert ids_of(list(first)) == ids_of(list(first)) == site.ids


def test_a_list_that_has_changed_can_be_walked_from_the_same_page_again() -> None:
    second, third, added = page("b", has_more=True), page("a"), page("x", has_more=True)
    first = Script(page("c", has_more=True), second, third, added, second, third).client().models.list(limit=1)
    assert ids_of(list(first)) == ["c", "b", "a"]
    assert ids_of(list(first)) == ["c", "x", "b", "a"]


def test_the_last_page_has_no_next(site: Site) -> None:
    with Client(base_url=site.url, api_key=site.key) as client:
        page = client.models.list(limit=1000)
        with pytest.raises(PagingError, match="has_next_page"):
            page.get_next_page()


def test_the_lifecycle_chooses_the_stages(asker: MakeAsker) -> None:
    retired = asker().models(lifecycle="retired", limit=3)
    assert {model.lifecycle for model in retired} == {Lifecycle.RETIRED}
    both = asker().models(lifecycle=["retired", Lifecycle.DEPRECATED], limit=1000)
    assert {model.lifecycle for model in both} == {Lifecycle.RETIRED, Lifecycle.DEPRECATED}
    assert len(both) > len(retired) > 3


def test_a_model_is_retrieved_with_every_field(asker: MakeAsker) -> None:
    model = asker().retrieve(DIFFICULT)
    assert (model.id, model.display_name, model.line, model.max_tokens) == (DIFFICULT, DIFFICULT, "opus", 8)
    assert model.created_at == datetime(2026, 11, 12, tzinfo=UTC)
    assert (model.lifecycle, model.max_input_tokens, model.description) == (Lifecycle.ACTIVE, None, "Ours.")
    assert model.to_dict()["created_at"] == "2026-11-12T00:00:00Z"
    assert not model.stale


def test_an_alias_is_resolved_to_the_id_it_means(asker: MakeAsker) -> None:
    assert asker().resolve(ALIAS) == DIFFICULT
    assert asker().resolve(DIFFICULT) == DIFFICULT


def test_betas_and_workspace_go_with_every_page(asker: MakeAsker, site: Site) -> None:
    workspace = str(site.installation.access.list_workspaces()[0].id)
    options = {"betas": ["a-1", "b-2"], "workspace_id": workspace}
    assert ids_of(asker().models(limit=6, **options)) == site.ids
    assert asker().retrieve(ALIAS, **options).id == DIFFICULT


def test_a_token_is_sent_as_bearer_and_does_the_same(asker: MakeAsker, site: Site) -> None:
    assert ids_of(asker(api_key=None, auth_token=site.key).models()) == site.ids


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
def test_the_base_url_may_end_as_people_write_it(asker: MakeAsker, site: Site, ending: str) -> None:
    assert asker(base_url=site.url + ending).resolve(ALIAS) == DIFFICULT


def test_the_openai_dialect_lists_and_retrieves_the_same(asker: MakeAsker, site: Site) -> None:
    openai = asker(dialect="openai", base_url=f"{site.url}/v1")
    models = openai.models()
    assert ids_of(models) == site.ids
    assert {"object", "owned_by", "created"} <= set(models[0].to_dict())
    assert models[0].created_at == asker().models()[0].created_at
    assert (openai.resolve(ALIAS), openai.retrieve(DIFFICULT).max_tokens) == (DIFFICULT, 8)


@pytest.mark.parametrize("answer", RECORDED, ids=[each["recorded_at"] for each in RECORDED])
def test_what_the_real_api_has_answered_is_read_whole(answer: dict[str, Any]) -> None:
    listed = Script(answer["body"].encode()).client().models.list()
    assert [model.to_dict() for model in listed.data] == json.loads(answer["body"])["data"]
    assert all(model.display_name != model.id for model in listed.data)


def test_an_async_client_runs_in_trio_as_well(tmp_path: Path) -> None:
    script = Script(httpx2.Response(500, headers={"retry-after-ms": "1"}), page("a", has_more=True), page("b"))

    async def ask() -> list[ModelInfo]:
        own = httpx2.AsyncClient(transport=httpx2.MockTransport(script))
        async with own, AsyncClient(api_key="k", http_client=own, cache=tmp_path) as client:
            return [model async for model in client.models.list()]

    assert ids_of(trio.run(ask)) == ["a", "b"]
    assert len(list(tmp_path.iterdir())) == 2

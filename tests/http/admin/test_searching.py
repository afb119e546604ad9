"""Looking for models in the Admin API, and counting them."""

from typing import Any
from urllib.parse import quote, urlencode

import pytest

from callsheet.domain.access.admin_key import Scope
from tests.http.admin.asking import Admin
from tests.http.admin.test_catalog import fits
from tests.installation import Installation, make_model


@pytest.fixture
def admin(installation: Installation) -> Admin:
    """A caller of an installation with a few models."""
    installation.clear_catalog()
    installation.add(
        make_model("acme/claude-one", "2026-03-01", line="opus", source="gateway", display_name="Claude One"),
        make_model("claude-two", "2026-02-01", line="opus", hidden=True),
        make_model("模型-3", "2026-01-01", source="vllm"),
    )
    installation.catalog.alias("best", "acme/claude-one")
    installation.catalog.retire("模型-3")
    return Admin(installation)


def ids(admin: Admin, **query: Any) -> list[str]:
    """Those of the models that a search answers."""
    answer = fits("/catalog/search", "GET", admin.get(f"/catalog/search?{urlencode(query)}"))
    return [each["id"] for each in answer["data"]]


def test_models_are_found_by_words_and_by_what_they_are_in_the_order_of_the_models_api(admin: Admin) -> None:
    assert ids(admin) == ["acme/claude-one", "claude-two", "模型-3"]
    assert ids(admin, text="CLAUDE") == ["acme/claude-one", "claude-two"]
    assert ids(admin, text="claude best") == ["acme/claude-one"]
    assert ids(admin, text="模型") == ids(admin, lifecycle="retired") == ids(admin, source="vllm") == ["模型-3"]
    assert ids(admin, line="opus", hidden="true") == ["claude-two"]
    assert ids(admin, listed="true") == ["acme/claude-one"]
    assert ids(admin, text="nothing-like-it") == []


def test_rows_are_those_of_the_list(admin: Admin) -> None:
    listed = {each["id"]: each for each in admin.get("/catalog/models").json["data"]}
    for each in admin.get("/catalog/search").json["data"]:
        assert each == listed[each["id"]]


def test_pages_lead_on_and_back(admin: Admin) -> None:
    first = admin.get("/catalog/search?limit=2").json
    assert first["has_more"]
    after = quote(first["last_id"], safe="")
    assert ids(admin, limit=2, after_id=first["last_id"]) == ["模型-3"]
    back = admin.get(f"/catalog/search?limit=1&before_id={after}").json
    assert (back["first_id"], back["has_more"]) == ("acme/claude-one", False)


def test_a_cursor_may_be_a_model_that_does_not_fit_or_an_alias_but_not_just_anything(admin: Admin) -> None:
    assert ids(admin, text="模型", after_id="claude-two") == ["模型-3"]
    assert ids(admin, after_id="best") == ["claude-two", "模型-3"]
    refused = admin.get("/catalog/search?after_id=nothing")
    assert (refused.status, refused.code) == (400, "invalid_cursor")


def test_a_parameter_that_means_nothing_is_refused_by_name(admin: Admin) -> None:
    for query in ("lifecycle=dead", "hidden=perhaps", "limit=0", f"text={'x' * 301}", "colour=red"):
        refused = admin.get(f"/catalog/search?{query}")
        assert refused.status == 400
        assert query.partition("=")[0] in refused.message


def test_counts_are_by_kind_line_and_source(admin: Admin) -> None:
    answer = fits("/catalog/counts", "GET", admin.get("/catalog/counts"))
    assert answer["counts"] == {"listed": 1, "retired": 1, "hidden": 1}
    assert answer["lines"] == [{"name": "opus", "models": 2}]
    assert answer["sources"] == [{"name": "gateway", "models": 1}, {"name": "vllm", "models": 1}]
    assert admin.get("/catalog/counts?wait=false").json == answer


def test_who_may_read_may_search_and_others_may_not(admin: Admin) -> None:
    reader, other = admin.make_key("reader", Scope.READ), "sk-cs-admin-nothing"
    assert admin.get("/catalog/search", x_api_key=reader).status == 200
    assert admin.get("/catalog/search", x_api_key=other).status == 401

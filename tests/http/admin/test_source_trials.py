"""Trying a source over the Admin API: what answers there, what would be listed, and that nothing is written."""

from collections.abc import Iterator
from typing import Any

import pytest

from callsheet.domain.access.admin_key import Scope
from callsheet.http.admin.catalog.trials import MAX_TRIED_MODELS
from callsheet.service.sync.guard import UpstreamGuard
from tests.http.admin.asking import Admin, Reply
from tests.http.admin.test_catalog import fits
from tests.installation import Installation
from tests.service.sync.upstream import Upstream, serve_upstream


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serve_upstream() as serving:
        yield serving


@pytest.fixture
def admin(installation: Installation) -> Admin:
    return Admin(installation, guard=UpstreamGuard(["127.0.0.0/8"]))


def attempt(admin: Admin, **config: Any) -> Reply:
    return admin.post("/catalog/source_trials", {"config": config})


def test_what_answers_is_found_out_and_its_list_shown_field_by_field(admin: Admin, upstream: Upstream) -> None:
    rows = [{"id": f"m{number}", "object": "model", "created": 1_700_000_000} for number in range(105)]
    upstream.rows([*rows, {"object": "model"}])
    before = admin.revision
    listed_before = admin.get("/catalog/models?limit=1000").json["data"]
    answer = fits("/catalog/source_trials", "POST", attempt(admin, url=upstream.url, deny=["m0"], prefix="up/"))
    assert answer["kind"] == "openai"
    assert answer["evidence"] == ["/v1/models answers with a list of OpenAI's"]
    assert answer["builtin_leaving"] == len(listed_before)
    assert (answer["rows"], answer["listed"], len(answer["models"])) == (106, 104, MAX_TRIED_MODELS)
    assert answer["models"][0]["id"] == "up/m1"
    assert {each["field"] for each in answer["fields"]} >= {"created_at", "same_as"}
    assert "max_input_tokens" in answer["unknown"]
    assert {each["count"] for each in answer["dropped"]} == {1}
    assert admin.revision == before
    assert admin.get("/catalog/sources").json["data"] == []


def test_a_kind_that_is_given_is_not_asked_for(admin: Admin, upstream: Upstream) -> None:
    upstream.lists("m")
    answer = attempt(admin, url=upstream.url, kind="openai").json
    assert (answer["evidence"], answer["listed"]) == ([], 1)
    assert [each.path for each in upstream.asked] == ["/v1/models"]


def test_trying_reads_no_secret_and_no_file_of_the_host_and_names_the_member(admin: Admin) -> None:
    for config, field in (
        ({"url": "http://127.0.0.1:1", "secret": "env:HOME"}, "secret"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "http://10.0.0.1"}, "url"),
        ({"url": "http://169.254.169.254/latest"}, "url"),
        ({"url": "http://127.0.0.1:1", "kind": "pigeon"}, "kind"),
        ({"url": "http://127.0.0.1:1", "every": "often"}, "every"),
        ({"url": "http://127.0.0.1:1", "allow": "*"}, "allow"),
        ({}, "url"),
    ):
        refused = attempt(admin, **config)
        assert (refused.status, refused.code) == (400, "invalid"), refused
        assert refused.json["error"]["details"]["field"] == field


def test_a_redirect_is_not_followed(admin: Admin, upstream: Upstream) -> None:
    upstream.status, upstream.headers = 302, {"location": "http://169.254.169.254/latest"}
    for kind in ({}, {"kind": "openai"}):
        refused = attempt(admin, url=upstream.url, **kind)
        assert (refused.code, "which is not followed" in refused.message) == ("source", True)


def test_only_who_may_change_the_catalogue_may_try(admin: Admin, upstream: Upstream) -> None:
    body = {"config": {"url": upstream.url}}
    for scope in ("read", "keys"):
        narrow = admin.make_key(scope, Scope(scope))
        assert admin.post("/catalog/source_trials", body, x_api_key=narrow).code == "scope_missing"
    assert not upstream.asked


def test_what_the_built_in_models_are_for_is_said(admin: Admin) -> None:
    assert fits("/catalog/builtin", "GET", admin.get("/catalog/builtin")) == {"mode": "list"}
    admin.post("/catalog/builtin", {"mode": "inform"})
    assert admin.get("/catalog/builtin").json == {"mode": "inform"}


def test_a_name_that_means_another_address_by_now_is_not_read(
    installation: Installation, upstream: Upstream
) -> None:
    """What was resolved for the check is public; what is connected to is not."""
    upstream.lists("inside")
    admin = Admin(installation, guard=UpstreamGuard((), lambda _host, _port: ["93.184.216.34"]))
    reply = attempt(admin, url=upstream.url.replace("127.0.0.1", "localhost"))
    assert (reply.status, reply.code) == (400, "source")
    assert "which is not public" in reply.message
    assert upstream.asked == []

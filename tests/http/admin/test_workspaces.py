"""Workspaces by program: their rules above all. Absent is not empty, and empty is not all."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callsheet.domain.access.visibility import NOTHING, PatternMatches, Visibility
from callsheet.domain.access.workspace import Workspace
from callsheet.http.admin.workspace_types import allow_of, show_workspace, shown_allow
from tests.http.admin.asking import Admin
from tests.installation import make_model, now, on_both

PATTERNS = st.lists(st.sampled_from(["*", "claude-*", "a", "nothing[z-a]x", "[", "?"]), max_size=3)
IDS = st.one_of(st.sampled_from([NOTHING, "claude-1", "a", "*", "nothing"]), st.text(min_size=1))

NAME = "team"


def seen(rules: Visibility, model_id: str, *, is_model: bool) -> bool:
    return rules.among(lambda each: is_model and each == model_id).sees(model_id)


@given(PATTERNS, IDS, st.booleans())
def test_an_empty_allow_list_lets_nothing_through_and_a_star_all(
    patterns: list[str], model_id: str, is_model: bool
) -> None:
    rules = Visibility(allow_of(patterns))
    if not patterns:
        assert not seen(rules, model_id, is_model=is_model)
        assert not PatternMatches(model_id, lambda each: each == model_id).sees(rules)
        assert list(rules.among(lambda _: True).seen([model_id])) == []
    if "*" in patterns:
        assert seen(rules, model_id, is_model=is_model)
    assert shown_allow(rules) == patterns


@given(st.lists(st.sampled_from(["*", "claude-*", "a"]), max_size=2), st.lists(st.just("b"), max_size=1))
def test_what_is_shown_of_the_rules_gives_the_same_rules(allow: list[str], deny: list[str]) -> None:
    workspace = Workspace(
        id="wrkspc_1", name=NAME, visibility=Visibility(allow_of(allow), tuple(deny)), created_at=now()
    )
    shown = show_workspace(workspace, "")
    assert Visibility(allow_of(shown.allow), tuple(shown.deny)) == workspace.visibility


def rules_of(admin: Admin, workspace_id: str) -> Visibility:
    return next(each for each in admin.installation.access.list_workspaces() if each.id == workspace_id).visibility


@on_both
def test_absent_leaves_the_rules_and_empty_shuts_everything(admin: Admin) -> None:
    admin.installation.add(make_model(NOTHING))
    created = admin.post("/workspaces", {"name": NAME, "allow": ["claude-*"], "deny": ["claude-x"]}).json
    path = f"/workspaces/{created['id']}"
    assert admin.post(path, {"tags": {"a": "b"}}).json["allow"] == ["claude-*"]
    assert rules_of(admin, created["id"]) == Visibility(("claude-*",), ("claude-x",))
    assert admin.post(path, {"allow": []}).json["allow"] == []
    state = admin.installation.live().current
    view = state.view(state.workspaces[created["id"]])
    assert not any(view.visibility.sees(model.id) for model in state.catalog)
    assert admin.post(path, {"allow": ["*"]}).json["allow"] == ["*"]
    assert rules_of(admin, created["id"]).allow == ()
    assert admin.post("/workspaces", {"name": "all"}).json["allow"] == ["*"]
    assert admin.post("/workspaces", {"name": "none", "allow": []}).json["allow"] == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    member=st.sampled_from(["allow", "deny"]),
    value=st.one_of(
        st.none(),
        st.text(max_size=3),
        st.integers(),
        st.booleans(),
        st.dictionaries(st.text(max_size=2), st.just("a"), max_size=2),
        st.lists(st.one_of(st.none(), st.integers(), st.just(""), st.just(" a"), st.just("\u202e")), min_size=1),
    ),
)
def test_rules_that_are_malformed_are_refused_and_change_nothing(admin: Admin, member: str, value: Any) -> None:
    known = admin.__dict__.get("workspace") or admin.post("/workspaces", {"name": NAME, "allow": ["a"]}).json["id"]
    admin.__dict__["workspace"] = known
    before = admin.revision
    for path, body in ((f"/workspaces/{known}", {member: value}), ("/workspaces", {"name": "x", member: value})):
        assert admin.post(path, body).status == 400
    assert admin.revision == before
    assert rules_of(admin, known) == Visibility(("a",))


@pytest.mark.parametrize(
    "body",
    [
        {"name": NAME, "tags": {"anthropic-x": "a"}},
        {"name": NAME, "tags": {"": "a"}},
        {"name": NAME, "tags": {"a": "\n"}},
        {"name": NAME, "tags": {str(number): "a" for number in range(51)}},
        {"name": NAME, "display_color": "red"},
        {"name": NAME, "external_key_id": "x"},
        {"name": NAME, "data_residency": {"workspace_geo": "eu"}},
        {"name": NAME, "shape": "round"},
        {"name": ""},
    ],
)
def test_what_a_workspace_cannot_be_is_refused(admin: Admin, body: dict[str, Any]) -> None:
    assert admin.post("/workspaces", body).status == 400


def test_the_default_workspace_is_in_the_list_on_demand_and_cannot_be_archived(admin: Admin) -> None:
    assert admin.get("/workspaces").json["data"] == []
    (default,) = admin.get("/workspaces?include_default=true").json["data"]
    assert default["is_default"] is True
    assert admin.post(f"/workspaces/{default['id']}/archive").code == "conflict"


def test_an_archived_workspace_is_listed_on_demand(admin: Admin) -> None:
    made = admin.post("/workspaces", {"name": NAME}).json
    assert admin.post(f"/workspaces/{made['id']}/archive").json["archived_at"] is not None
    assert admin.get("/workspaces").json["data"] == []
    assert [each["id"] for each in admin.get("/workspaces?include_archived=true").json["data"]] == [made["id"]]
    assert admin.post(f"/workspaces/{made['id']}/archive").code == "conflict"


def test_at_most_a_hundred_workspaces_are_named(admin: Admin) -> None:
    made = admin.post("/workspaces", {"name": NAME}).json["id"]
    ids = "&".join(f"ids[]={each}" for each in (made, "wrkspc_none"))
    assert [each["id"] for each in admin.get(f"/workspaces?{ids}").json["data"]] == [made]
    assert admin.get("/workspaces?" + "&".join(["ids%5B%5D=a"] * 101)).status == 400
    assert admin.get("/workspaces?" + "&".join(["ids[]=a"] * 1000)).status == 400

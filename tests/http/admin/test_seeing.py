"""What the Admin API answers of what is seen: pages of it, and what clients show of it."""

from typing import Any

import pytest

from callsheet.domain.access.visibility import Visibility
from tests.http.admin.asking import Admin
from tests.http.admin.test_catalog import fits, walk
from tests.installation import Installation, make_model, on_both


@pytest.fixture
def admin(empty: Installation) -> Admin:
    """A caller at an installation with four models and three distinct sets of rules."""
    for name in ("claude-one", "claude-two", "gpt-one"):
        empty.catalog.add(make_model(name))
    empty.catalog.add(make_model("claude-hidden", hidden=True))
    empty.workspace("Claude", ("claude-*",))
    empty.workspace("Claude too", ("claude-*",))
    empty.workspace("One", ("*-one",))
    return Admin(empty)


def sets_of(answer: Any) -> list[list[str]]:
    return [[each["name"] for each in seers["workspaces"]] for seers in answer["data"]]


def test_the_matrix_can_be_asked_for_some_models_and_some_sets_of_rules(admin: Admin) -> None:
    whole = fits("/matrix", "GET", admin.get("/matrix"))
    assert (whole["total"], whole["has_more"], len(whole["model_ids"])) == (3, False, 4)
    part = fits(
        "/matrix", "GET", admin.get("/matrix?ids[]=gpt-one&ids[]=claude-hidden&ids[]=nothing&search=CLAUDE")
    )
    assert part["model_ids"] == ["gpt-one", "claude-hidden"]
    assert sets_of(part) == [["Claude", "Claude too"]]
    assert (part["data"][0]["listed"], part["data"][0]["retrievable"]) == ([], ["claude-hidden"])


def test_the_sets_of_rules_of_a_matrix_are_paged(admin: Admin) -> None:
    whole = sets_of(admin.get("/matrix").json)
    first = admin.get("/matrix?limit=1").json
    assert first["has_more"] is True
    rest = admin.get(f"/matrix?limit=5&after_id={first['last_id']}").json
    assert sets_of(first) + sets_of(rest) == whole
    back = admin.get(f"/matrix?limit=5&before_id={rest['first_id']}").json
    assert sets_of(back) == sets_of(first)
    assert admin.get("/matrix?limit=1&after_id=wrkspc_nothing").code == "invalid_cursor"


def test_what_one_sees_is_paged_in_the_order_of_the_api(admin: Admin) -> None:
    whole = [each["id"] for each in fits("/what_sees", "GET", admin.get("/what_sees?subject=Claude"))["models"]]
    found: list[str] = []
    cursor = ""
    while True:
        page = admin.get(f"/what_sees?subject=Claude&limit=1{cursor}").json
        found += [each["id"] for each in page["models"]]
        if not page["has_more"]:
            break
        cursor = f"&after_id={page['last_id']}"
    assert found == whole
    back = admin.get(f"/what_sees?subject=Claude&limit=1&before_id={whole[-1]}").json
    assert [each["id"] for each in back["models"]] == [whole[-2]]
    assert "go on from" in admin.get("/what_sees?subject=Claude&limit=1&after_id=nothing").message


def test_an_explanation_has_the_words_of_the_command_line_and_plans_only_if_asked(admin: Admin) -> None:
    path = "/explain?model=gpt-one&workspace=Claude"
    answer = fits("/explain", "GET", admin.get(path))
    assert "none of the allowed patterns matches gpt-one: 'claude-*'" in [step["why"] for step in answer["steps"]]
    assert answer["fixes"][0]["plan"]["steps"]
    without = admin.get(f"{path}&plans=false").json
    assert [each["plan"] for each in without["fixes"]] == [None]
    assert [each["commands"] for each in without["fixes"]] == [each["commands"] for each in answer["fixes"]]


@on_both
def test_workspaces_are_searched_and_counted(installation: Installation) -> None:
    admin = Admin(installation)
    installation.workspace("100% Ränder", ("claude-opus-*",))
    archived = installation.workspace("Old 100%")
    installation.access.archive_workspace(archived)
    installation.key(workspace="100% Ränder")
    found = fits("/access/workspaces", "GET", admin.get("/access/workspaces?search=100%25&counts=true"))["data"]
    assert [each["name"] for each in found] == ["Old 100%", "100% Ränder"]
    counts = [(each["keys"], each["models"]) for each in found]
    opus = len(installation.access.sights(Visibility(("claude-opus-*",)))[0].visible)
    assert counts == [(None, None), (1, opus)]
    names = [each["name"] for each in walk(admin, "/access/workspaces", 1)]
    assert sorted(names) == ["100% Ränder", "Old 100%", "default"]
    there = admin.get("/access/workspaces?search=100%25&archived=false").json["data"]
    assert [each["name"] for each in there] == ["100% Ränder"]
    past = admin.get("/access/workspaces?search=100%25&archived=false&counts=true&as_of=1000d").json
    assert past.get("data", []) == []


def test_a_workspace_gets_a_colour(admin: Admin) -> None:
    made = admin.post("/access/workspaces", {"name": "Red", "display_color": "#FF0000"}).json
    assert made["display_color"] == "#FF0000"
    changed = admin.post("/access/workspaces/Red", {"display_color": None}).json
    assert "display_color" not in changed
    assert admin.post("/access/workspaces/Red", {"display_color": "red"}).code == "invalid"


def test_rules_are_tried_on_the_beginning_of_the_catalogue(admin: Admin) -> None:
    rules = [{"allow": ["claude-*", "zz-*"]}, {"allow": ["*"]}]
    whole = fits("/access/sights", "POST", admin.post("/access/sights", {"rules": rules, "most": 100}))
    assert whole["is_whole"] is True
    assert (whole["data"][0]["idle"], whole["data"][0]["listed"]) == (["zz-*"], 3)
    part = admin.post("/access/sights", {"rules": rules, "most": 2}).json
    assert (part["is_whole"], part["data"][0]["idle"]) == (False, [])
    assert part["data"][1]["visible"] == whole["data"][1]["visible"][: part["data"][1]["listed"]]


def test_what_clients_show_is_what_the_command_line_says(admin: Admin) -> None:
    answer = fits("/clients", "GET", admin.get("/clients?client=claude-code"))
    view = answer["data"][0]
    assert {each["id"] for each in view["shown"]} == {"claude-one", "claude-two"}
    assert view["left_out"][0]["ids"] == ["gpt-one"]
    assert (answer["listed"], answer["has_more"]) == (3, False)
    cut = admin.get("/clients?limit=1").json
    assert (cut["listed"], cut["has_more"]) == (1, True)
    assert admin.get("/clients?client=nothing").code == "invalid"
    assert admin.get("/clients?workspace=nowhere").code == "does_not_exist"


def test_each_client_is_asked_about_one_model(admin: Admin) -> None:
    steps = fits("/clients/steps", "GET", admin.get("/clients/steps?model=gpt-one"))["data"]
    shows = {each["client"]: each["shows"] for each in steps}
    assert (shows["claude-code"], shows["python-sdk"]) == (False, True)
    assert admin.get("/clients/steps?model=gpt-one&workspace=Claude").json["data"] == []
    assert admin.get("/clients/steps?model=claude-hidden").json["data"] == []
    assert admin.get("/clients/steps?model=nothing").code == "does_not_exist"


def test_one_model_of_a_long_list_is_looked_at_as_if_it_were_alone(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = admin.get("/clients/steps?model=gpt-one").json["data"]
    monkeypatch.setattr("callsheet.service.clients.playing.MAX_STEPS_MODELS", 1)
    assert admin.get("/clients/steps?model=gpt-one").json["data"] == whole


def test_the_configuration_of_a_client_has_the_models_of_the_list(admin: Admin) -> None:
    path = "/clients/{client}/configuration"
    for client in ("claude-code", "opencode", "codex"):
        sent = admin.get(f"/clients/{client}/configuration?url=https://models.example/v1&workspace=Claude")
        text = "".join(each["text"] for each in fits(path, "GET", sent)["files"])
        assert "https://models.example" in text
        assert "claude-one" in text
        assert "gpt-one" not in text
    url = "url=https://models.example"
    assert admin.get(f"/clients/emacs/configuration?{url}").code == "does_not_exist"
    assert admin.get("/clients/codex/configuration?url=nothing").code == "invalid"
    admin.post("/access/workspaces/One", {"allow": []})
    assert "nothing to offer" in admin.get(f"/clients/codex/configuration?{url}&workspace=One").message

"""The catalogue, workspaces and keys in the Admin API: the records of the command line, and their types."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.plan.reading import read_plan
from callsheet.http.admin.endpoints import ENDPOINTS
from callsheet.service.records import plan_id
from callsheet.service.sync.guard import UpstreamGuard
from tests.http.admin.asking import ROOT, Admin, Reply
from tests.installation import Installation, make_model, on_both


def fits(path: str, method: str, reply: Reply) -> Any:
    """The answer of a call, which has the type that its description says."""
    assert reply.status == 200, reply.content
    (endpoint,) = [each for each in ENDPOINTS if (each.method, each.path) == (method, f"{ROOT}{path}")]
    endpoint.answer.model_validate_json(reply.content)
    return reply.json


def walk(admin: Admin, path: str, limit: int) -> list[Any]:
    """Every row of a list."""
    found: list[Any] = []
    cursor = ""
    while True:
        page = admin.get(f"{path}?limit={limit}{cursor}").json
        found += page["data"]
        if not page["has_more"]:
            return found
        cursor = f"&after_id={quote(page['last_id'], safe='')}"


@on_both
def test_a_model_is_added_changed_retired_and_removed(admin: Admin) -> None:
    wanted = {"id": "acme/next:1", "line": "opus", "created_at": "2026-02-03"}
    made = fits("/catalog/models", "POST", admin.post("/catalog/models", wanted))
    assert (made["id"], made["created_at"], made["aliases"]) == ("acme/next:1", "2026-02-03T00:00:00Z", [])
    path = "/catalog/models/acme%2Fnext:1"
    changed = fits("/catalog/models/{model}", "POST", admin.post(path, {"line": None, "display_name": "Next"}))
    assert (changed["line"], changed["display_name"]) == (None, "Next")
    fits("/catalog/aliases", "POST", admin.post("/catalog/aliases", {"alias": "next", "model_id": "acme/next:1"}))
    shown = fits("/catalog/models/{model}", "GET", admin.get("/catalog/models/next"))
    assert shown["aliases"] == ["next"]
    assert shown["provenance"]["display_name"][0]["actor"].startswith("admin:")
    ended = admin.post(f"{path}/deprecate", {"retires_at": "2030-01-01", "replacement": "claude-opus-4-8"})
    assert ended.json["lifecycle"] == "deprecated"
    several = fits("/catalog/hide", "POST", admin.post("/catalog/hide", {"models": ["acme/*", "claude-fable-5"]}))
    assert several["changed"] == ["acme/next:1", "claude-fable-5"]
    assert fits("/catalog/choose", "POST", admin.post("/catalog/choose", {"models": ["acme/*"]}))["data"] == [
        "acme/next:1"
    ]
    assert admin.send("DELETE", path, None).json["id"] == "acme/next:1"
    assert admin.get(path).code == "does_not_exist"
    newest = fits("/catalog/changes", "GET", admin.get("/catalog/changes?limit=1"))["data"][0]
    assert (newest["action"], newest["subject"]) == ("remove", "acme/next:1")
    assert fits("/catalog/changes/{number}", "GET", admin.get(f"/catalog/changes/{newest['number']}")) == newest


def test_a_deprecation_and_a_retirement_have_the_dates_that_are_sent(admin: Admin) -> None:
    path = "/catalog/models/claude-opus-4-8"
    ended = admin.post(f"{path}/deprecate", {"deprecated_at": "2026-05-01"}).json
    assert (ended["lifecycle"], ended["deprecated_at"]) == ("deprecated", "2026-05-01T00:00:00Z")
    gone = admin.post(f"{path}/retire", {"retires_at": "2026-06-01"}).json
    assert (gone["lifecycle"], gone["retires_at"]) == ("retired", "2026-06-01T00:00:00Z")
    refused = admin.post("/catalog/retire", {"models": ["claude-fable-5"], "retires_at": "2999-01-01"})
    assert (refused.status, "future" in refused.message) == (400, True)


def test_a_call_of_several_changes_all_or_nothing(admin: Admin) -> None:
    before = admin.revision
    refused = admin.post("/catalog/retire", {"models": ["claude-opus-4-8", "nothing"]})
    assert (refused.status, refused.code, admin.revision) == (404, "does_not_exist", before)
    dry = admin.post("/catalog/retire?dry_run=true", {"models": ["claude-opus-4-8"]}).json
    assert (dry["type"], admin.revision) == ("plan", before)
    assert {step["subject"] for step in dry["steps"]} >= {"claude-opus-4-8"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text("abAB-/:é~*", min_size=1, max_size=4), max_size=8, unique=True), st.integers(1, 7))
def test_lists_have_every_model_alias_and_change_once(admin: Admin, ids: list[str], limit: int) -> None:
    here = admin.installation
    here.add_at_once(make_model(f"m{each}") for each in ids)
    models = walk(admin, "/catalog/models", limit + 20)
    assert sorted(each["id"] for each in models) == sorted(item.model.id for item in here.catalog.list())
    named = {each["id"]: each["aliases"] for each in models}
    assert named == {item.model.id: item.aliases for item in here.catalog.list()}
    with here.store.read() as reading:
        aliases = reading.aliases()
    assert {each["alias"]: each["model_id"] for each in walk(admin, "/catalog/aliases", limit)} == aliases


def test_a_hint_travels_in_parts(admin: Admin) -> None:
    error = admin.post("/catalog/models", {"id": "claude-opus-4-8"}).json["error"]["details"]
    assert error["error_code"] == "conflict"
    assert error["hint"] == "change_model"


def test_a_source_of_the_api_reads_no_file_and_sends_no_secret_elsewhere(installation: Installation) -> None:
    admin = Admin(installation, guard=UpstreamGuard(["127.0.0.0/8"]))

    def add(**config: Any) -> Reply:
        return admin.post("/catalog/sources", {"name": "acme", "config": {"kind": "openai", **config}})

    assert "is read on the host only" in add(url="file:///etc/passwd").message
    assert "is not set over the API" in add(url="http://x", secret="env:HOME").message
    assert fits("/catalog/sources", "POST", add(url="http://127.0.0.1:1"))["name"] == "acme"
    with admin.installation.store.write("test", admin.api._clock.now()) as writing:
        source = writing.source("acme")
        assert source is not None
        config = {**source.config, "secret": "env:GATEWAY"}
        writing.put_source(type(source)(source.name, source.position, config, source.created_at))
    moved = admin.post("/catalog/sources/acme", {"config": {"url": "http://127.0.0.2:1"}})
    assert (moved.status, moved.code) == (409, "conflict")
    document = {"manager": "git", "sources": [{"name": "other", "kind": "openai", "url": "file:///etc/passwd"}]}
    planned = fits("/catalog/plans", "POST", admin.post("/catalog/plans", {"document": document}))
    assert (
        "is read on the host only"
        in admin.post(f"/catalog/plans/{planned['id']}/apply", planned_of(planned)).message
    )


def planned_of(planned: Any) -> Any:
    return {"plan": planned["plan"]}


def test_a_plan_is_applied_by_its_id_once(admin: Admin) -> None:
    document = {"manager": "git", "models": [{"id": "acme/one"}], "workspaces": [{"name": "team"}]}
    planned = admin.post("/catalog/plans", {"document": document}).json
    path = f"/catalog/plans/{planned['id']}/apply"
    before = admin.revision
    assert admin.post("/catalog/plans/plan_other/apply", planned_of(planned)).code == "conflict"
    narrow = admin.make_key("narrow", Scope.CATALOG)
    assert admin.post(path, planned_of(planned), x_api_key=narrow).code == "scope_missing"
    assert admin.get("/catalog/models/acme%2Fone").status == 404
    assert admin.revision >= before
    done = fits("/catalog/plans/{plan}/apply", "POST", admin.post(path, planned_of(planned)))
    assert done == {"id": planned["id"], "applied": 2}
    assert admin.get("/catalog/models/acme%2Fone").status == 200
    assert admin.post(path, planned_of(planned)).code == "conflict"
    again = admin.post("/catalog/plans", {"document": document}).json
    assert (again["in_sync"], again["plan"]["steps"]) == (True, [])


def test_the_environment_of_the_server_is_not_looked_at(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "sk-the-server-has-this-1234567890abcdef")
    document = {"manager": "git", "keys": [{"name": "ci", "secret_env": "A_KEY"}]}
    assert "A_KEY" in admin.post("/catalog/plans", {"document": document}).message
    sent = {"A_KEY": "sk-the-caller-sends-this-1234567890abcd"}
    planned = admin.post("/catalog/plans", {"document": document, "secrets": sent}).json
    done = admin.post(f"/catalog/plans/{planned['id']}/apply", {"plan": planned["plan"], "secrets": sent})
    assert done.status == 200, done.content
    assert admin.get("/access/keys/ci").json["partial_key_hint"] == "...abcd"
    for answer in (planned, done.json, admin.get("/catalog/changes?limit=50").json):
        assert sent["A_KEY"] not in str(answer)


def test_what_explanations_answer_has_the_type_of_their_description(admin: Admin) -> None:
    admin.installation.workspace("team", deny=("claude-opus-*",))
    admin.installation.key(name="ci", workspace="team")
    explained = fits("/explain", "GET", admin.get("/explain?model=claude-opus-4-8&key=ci"))
    assert (explained["reach"], explained["fixes"][0]["remedies"][0]["kind"]) == ("absent", "change-rules")
    assert fits("/who_sees", "GET", admin.get("/who_sees?model=claude-opus-4-8"))["data"][0]["reach"] == "listed"
    seen = fits("/what_sees", "GET", admin.get("/what_sees?subject=team"))
    assert not any(each["id"].startswith("claude-opus-") for each in seen["models"])
    assert fits("/diff_keys", "GET", admin.get("/diff_keys?first=ci&second=default"))["only_second"]
    assert fits("/matrix", "GET", admin.get("/matrix"))["model_ids"]
    assert admin.get("/explain?model=claude-opus-4-8").code == "invalid"


def test_retirements_are_those_of_the_command_line(admin: Admin) -> None:
    admin.post("/catalog/deprecate", {"models": ["claude-opus-4-8"], "retires_at": "2099-01-01"})
    found = fits("/catalog/retirements", "GET", admin.get("/catalog/retirements"))["data"]
    assert (found[-1]["id"], found[-1]["state"]) == ("claude-opus-4-8", "upcoming")
    soon = admin.get("/catalog/retirements?within_days=30&workspace=default").json["data"]
    assert "claude-opus-4-8" not in [each["id"] for each in soon]
    assert len(admin.get("/catalog/retirements?state=all").json["data"]) > len(found)


def test_the_impact_of_several_calls_is_one_plan(admin: Admin) -> None:
    calls = [
        {"path": f"{ROOT}/catalog/retire", "body": {"models": ["claude-opus-4-8"]}},
        {"path": f"{ROOT}/access/workspaces", "body": {"name": "team", "allow": []}},
    ]
    before = admin.revision
    plan = fits("/impact", "POST", admin.post("/impact", {"calls": calls}))
    assert {step["kind"] for step in plan["steps"]} >= {"model", "workspace"}
    assert admin.revision == before
    only_read = [{"path": f"{ROOT}/catalog/choose", "body": {"models": ["x"]}}]
    assert "changes nothing" in admin.post("/impact", {"calls": only_read}).message


def test_rules_that_are_empty_let_nothing_through(admin: Admin) -> None:
    made = fits("/access/workspaces", "POST", admin.post("/access/workspaces", {"name": "none", "allow": []}))
    assert made["allow"] == []
    assert admin.get("/what_sees?subject=none").json["models"] == []
    everything = admin.post("/access/workspaces", {"name": "all"}).json
    assert everything["allow"] == ["*"]
    assert admin.get("/what_sees?subject=all").json["models"]
    assert admin.post("/access/workspaces/all", {"allow": None}).status == 400
    sights = fits("/access/sights", "POST", admin.post("/access/sights", {"rules": [{"allow": []}, {}]}))["data"]
    assert (sights[0]["visible"], len(sights[1]["visible"])) == ([], sights[1]["listed"])


def test_a_secret_is_in_one_answer_and_in_no_repetition(admin: Admin) -> None:
    made = admin.post("/access/keys", {"name": "ci"}, idempotency_key="once")
    secret = fits("/access/keys", "POST", made)["secret"]
    again = admin.post("/access/keys", {"name": "ci"}, idempotency_key="once").json
    assert (again["secret"], again["id"]) == (None, made.json["id"])
    brought = admin.post("/access/keys", {"name": "own", "secret": "sk-brought-along-1234567890abcdefgh"}).json
    assert brought["secret"] is None
    rotated = fits("/access/keys/{key}/rotate", "POST", admin.post("/access/keys/ci/rotate"))
    assert rotated["secret"] not in (None, secret)
    for path in ("/access/keys", "/access/keys/ci", "/catalog/changes"):
        assert secret not in admin.get(path).content.decode()


def test_the_id_of_a_plan_is_a_digest_of_all_of_it(admin: Admin) -> None:
    document = {"manager": "git", "models": [{"id": "acme/one"}]}
    planned = admin.post("/catalog/plans", {"document": document}).json
    plan = read_plan(json.dumps(planned["plan"]))
    assert plan_id(plan) == planned["id"]
    assert plan_id(replace(plan, base_revision=plan.base_revision + 1)) != planned["id"]

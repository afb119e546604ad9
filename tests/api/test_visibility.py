"""What a workspace may see: everything else is, to it, as if it did not exist."""

import sys
from dataclasses import replace
from typing import Any

import pytest

from callsheet.api.state import State
from callsheet.domain.access.visibility import Visibility
from tests.api.states import ask, make_state
from tests.doors import Door
from tests.installation import Installation, make_model

RULES = {
    "allow": ((("pub-*",), ()), {"pub-a", "pub-z"}),
    "deny": (((), ("*-z", "prv-*")), {"pub-a"}),
    "both, deny wins": ((("pub-*", "prv-a"), ("pub-z",)), {"pub-a", "prv-a"}),
    "one exactly": ((("prv-z",), ()), {"prv-z"}),
    "any single character": ((("pub-?",), ("pub-[a-m]",)), {"pub-z"}),
    "nothing": (((), ("*",)), set()),
}
ALL = {"pub-a", "pub-z", "prv-a", "prv-z"}


@pytest.fixture
def four(empty: Installation) -> Installation:
    """Four models, each with an alias, and as many that were removed."""
    for name in ALL:
        empty.add(make_model(name), make_model(f"{name[:3]}-gone{name[3:]}"))
        empty.catalog.alias(f"alias-of-{name}", name)
        empty.catalog.remove(f"{name[:3]}-gone{name[3:]}")
    return empty


def secret_for(installation: Installation, rule: str) -> str:
    (allow, deny), _ = RULES[rule]
    return installation.key(workspace=installation.workspace("Some", allow=allow, deny=deny))


def anthropic(secret: str) -> dict[str, str]:
    return {"x-api-key": secret, "anthropic-version": "2023-06-01"}


@pytest.mark.parametrize("rule", RULES)
def test_only_visible_models_exist(door: Door, four: Installation, rule: str) -> None:
    secret, seen = secret_for(four, rule), RULES[rule][1]
    for headers in (anthropic(secret), {"authorization": f"Bearer {secret}"}):
        assert set(door.ask("GET", "/v1/models", headers).ids) == seen
        for name in ALL:
            expected = 200 if name in seen else 404
            for asked in (name, f"alias-of-{name}"):
                assert door.ask("GET", f"/v1/models/{asked}", headers).status == expected, asked


@pytest.mark.parametrize("rule", RULES)
def test_only_visible_models_are_cursors(door: Door, four: Installation, rule: str) -> None:
    secret, seen = secret_for(four, rule), RULES[rule][1]
    for cursor in ("after_id", "before_id"):
        for name in ALL:
            for asked in (name, f"alias-of-{name}"):
                reply = door.ask("GET", f"/v1/models?{cursor}={asked}", anthropic(secret))
                assert reply.status == (200 if name in seen else 400), asked


def test_a_removed_model_that_was_never_visible_is_an_unknown_cursor(door: Door, four: Installation) -> None:
    headers = anthropic(secret_for(four, "allow"))
    assert door.ask("GET", "/v1/models?after_id=pub-gone-a", headers).status == 200
    for cursor in ("prv-gone-a", "never-there"):
        reply = door.ask("GET", f"/v1/models?after_id={cursor}", headers)
        assert reply.error == (400, "invalid_request_error", "Invalid pagination cursor for 'after_id'")


def test_an_invisible_model_is_refused_word_for_word_like_an_unknown_one(door: Door, four: Installation) -> None:
    secret = secret_for(four, "allow")
    for name in ("prv-a", "alias-of-prv-a", "unknown-a", "prv-gone-a"):
        reply = door.ask("GET", f"/v1/models/{name}", anthropic(secret))
        assert reply.error == (404, "not_found_error", f"model: {name}")
    for name in ("prv-a", "unknown-a"):
        reply = door.ask("GET", f"/v1/models/{name}", {"authorization": f"Bearer {secret}"})
        assert reply.json["error"]["message"] == f"model: {name}"


def test_a_pattern_that_is_an_id_means_that_id_as_soon_as_there_is_one(door: Door, empty: Installation) -> None:
    long_context, other = "claude-opus-4-8[1m]", "claude-opus-4-8m"
    empty.add(make_model(other, "2026-01-01"))
    allowed = anthropic(empty.key(workspace=empty.workspace("Allowed", allow=(long_context,))))
    denied = anthropic(empty.key(workspace=empty.workspace("Denied", deny=(long_context,))))
    for _ in range(3):  # so that it is remembered
        assert door.ask("GET", "/v1/models", allowed).ids == [other]
        assert door.ask("GET", "/v1/models", denied).ids == []
    empty.add(make_model(long_context, "2026-01-02"))
    for _ in range(3):
        assert door.ask("GET", "/v1/models", allowed).ids == [long_context]
        assert door.ask("GET", "/v1/models", denied).ids == [other]
        assert door.ask("GET", f"/v1/models/{other}", allowed).status == 404
        assert door.ask("GET", f"/v1/models?after_id={other}", allowed).status == 400
    empty.catalog.remove(long_context)  # its name is still taken for what it was
    assert door.ask("GET", "/v1/models", allowed).ids == []
    assert door.ask("GET", f"/v1/models?after_id={long_context}", allowed).status == 200
    assert door.ask("GET", "/v1/models", denied).ids == [other]


def steps(state: State, target: bytes, query: bytes = b"") -> list[str]:
    """Every function that is called to answer, Python's own ones included, in order."""
    called: list[str] = []

    def note(frame: Any, event: str, argument: Any) -> None:
        if event == "call":
            called.append(frame.f_code.co_qualname)
        elif event == "c_call":
            called.append(argument.__qualname__)

    ask(state, target, query)  # what is prepared once is prepared now
    sys.setprofile(note)
    try:
        response = ask(state, target, query)
    finally:
        sys.setprofile(None)
    assert response.status in (404, 400)
    return called


@pytest.mark.parametrize("rules", [Visibility(("pub-*",)), Visibility((), ("prv-*",)), Visibility(("prv-[x]",))])
def test_an_invisible_model_takes_the_same_steps_as_one_that_is_not_there(rules: Visibility) -> None:
    hidden = make_state([make_model("prv-a"), make_model("pub-a")], visibility=rules)
    hidden = replace(hidden, catalog=hidden.catalog.changed(aliases={"prv-alias": "prv-a"}))
    absent = make_state([make_model("pub-a")], visibility=rules)
    for name in (b"prv-a", b"prv-alias"):
        path = b"/v1/models/" + name
        assert steps(hidden, path) == steps(absent, path)
    assert steps(hidden, b"/v1/models/prv-a/") == steps(absent, b"/v1/models/prv-a/")


def test_pages_count_only_visible_models(door: Door, letters: Installation) -> None:
    secret = letters.key(workspace=letters.workspace("Some", deny=("b", "d")))
    page = door.ask("GET", "/v1/models?limit=2", anthropic(secret)).json
    assert ([model["id"] for model in page["data"]], page["has_more"]) == (["a", "c"], True)
    page = door.ask("GET", "/v1/models?limit=2&after_id=c", anthropic(secret)).json
    assert ([model["id"] for model in page["data"]], page["has_more"]) == (["e"], False)


def test_rules_that_change_are_seen_at_once(door: Door, letters: Installation) -> None:
    workspace = letters.workspace("Some", allow=("a",))
    headers = anthropic(letters.key(workspace=workspace))
    assert door.ask("GET", "/v1/models", headers).ids == ["a"]
    letters.access.archive_workspace(workspace)
    assert door.ask("GET", "/v1/models", headers).status == 401


def test_hidden_models_are_not_listed_but_can_be_retrieved(door: Door, letters: Installation) -> None:
    letters.catalog.hide("c")
    bearer = {"authorization": f"Bearer {door.secret}"}
    assert door.get("/v1/models").ids == ["a", "b", "d", "e"]
    assert door.ask("GET", "/v1/models", bearer).ids == ["a", "b", "d", "e"]
    assert door.get("/v1/models/c").json["id"] == "c"
    assert door.ask("GET", "/v1/models/c", bearer).json["id"] == "c"
    letters.catalog.unhide("c")
    assert door.get("/v1/models").ids == ["a", "b", "c", "d", "e"]


def test_aliases_are_never_listed(door: Door, letters: Installation) -> None:
    letters.catalog.alias("z", "c")
    assert door.get("/v1/models").ids == ["a", "b", "c", "d", "e"]
    assert door.ask("GET", "/v1/models", {"authorization": f"Bearer {door.secret}"}).ids == list("abcde")


def test_an_alias_works_until_it_is_dropped(door: Door, letters: Installation) -> None:
    letters.catalog.alias("latest", "a")
    assert door.get("/v1/models/latest").json["id"] == "a"
    letters.catalog.unalias("latest")
    letters.catalog.alias("latest", "b")
    assert door.get("/v1/models/latest").json["id"] == "b"
    letters.catalog.unalias("latest")
    assert door.get("/v1/models/latest").error == (404, "not_found_error", "model: latest")

"""What is explained of a key that only a gateway knows is what asking with it gives; the gateway is asked."""

import logging
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.api.dialect import Dialect
from callsheet.api.explain import explain_granted
from callsheet.api.grants import Grants, Verdict
from callsheet.api.state import State
from callsheet.domain.access.delegation import Delegation, KeyMode
from callsheet.domain.access.grant import Grant, GrantedModels
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.explain import Explanation
from callsheet.domain.model import Lifecycle
from callsheet.domain.query import Reach
from tests.service.test_explain import THEN, by_asking
from tests.service.test_impact import IDS, NAMES, ROOMS, Caller, World, model, room, worlds
from tests.tiers import examples

KEY = "sk-of-the-gateway"

granted_ids = st.lists(st.sampled_from([*IDS, "old", "theirs"]), max_size=6, unique=True)


def granting(world: World, mode: KeyMode, ids: list[str], workspace_id: str | None) -> tuple[State, Grant]:
    """The world's State once the gateway listed ``ids`` to the key; ``theirs`` is its other name of ``a``."""
    grants = Grants(b"0" * 32)
    sources = {"theirs": "a"} if "theirs" in ids else {}
    models = GrantedModels([model(each, display_name="Theirs") for each in ids], sources)
    grants.put(KEY.encode(), Verdict.ACCEPTED, models, THEN, THEN + 60)
    state = replace(world.state(), delegation=Delegation("gateway", mode, workspace_id), grants=grants)
    answered = grants.find(KEY.encode(), THEN)
    assert answered is not None
    assert answered.grant is not None
    return state, answered.grant


def explained(state: State, grant: Grant, name: str, dialect: Dialect = Dialect.ANTHROPIC) -> Explanation:
    assert state.delegation is not None
    return explain_granted(state, state.delegation, grant, dialect, name)


@examples(2)
@given(worlds(), st.sampled_from(KeyMode), granted_ids, st.sampled_from([None, *ROOMS[:2]]))
def test_listed_is_what_pages_hold_and_retrievable_what_is_answered(
    world: World, mode: KeyMode, ids: list[str], workspace_id: str | None
) -> None:
    state, grant = granting(world, mode, ids, workspace_id)
    caller = Caller(state, KEY)
    for name in (*NAMES, "nowhere"):
        explanation = explained(state, grant, name)
        assert explanation.reach is by_asking(caller, name), (name, explanation)
        if explanation.reach is not Reach.ABSENT:
            assert caller.found[name][0]["id"] == explanation.model_id
        found = caller.ask(name, openai=True)
        assert (found is not None) == (explained(state, grant, name, Dialect.OPENAI).reach is not Reach.ABSENT)


@pytest.mark.parametrize(
    ("mode", "name", "steps"),
    [
        (KeyMode.OBSERVE, "b", [("name", True, "id"), ("grant", True, "granted"), ("rules", True, "not-applied")]),
        (KeyMode.FILL, "b", [("name", True, "id"), ("grant", True, "granted"), ("rules", True, "not-applied")]),
        (KeyMode.GOVERN, "b", [("name", True, "id"), ("grant", True, "granted"), ("rules", False, "denied")]),
        (
            KeyMode.GOVERN,
            "x*",
            [("name", False, "unknown"), ("grant", True, "granted"), ("rules", True, "no-rules")],
        ),
        (KeyMode.FILL, "a", [("name", True, "id"), ("grant", False, "not-granted")]),
        (
            KeyMode.FILL,
            "ab",
            [("name", False, "removed"), ("grant", True, "granted"), ("rules", True, "not-applied")],
        ),
    ],
)
def test_each_mode_has_its_steps(mode: KeyMode, name: str, steps: list[Any]) -> None:
    team: Workspace = room(ROOMS[0])
    team = replace(team, visibility=team.visibility._replace(deny=("b",)))
    world = World(
        {"a": model("a"), "b": model("b", lifecycle=Lifecycle.RETIRED)},
        tombstones={"ab": model("ab").sort_key},
        rooms={ROOMS[0]: team},
    )
    state, grant = granting(world, mode, ["b", "x*", "ab"], None)
    made = [(step.check, step.passes, step.reason) for step in explained(state, grant, name).steps]
    assert made[0] == ("key", True, "accepted")
    assert [each for each in made if each[0] in ("name", "grant", "rules")] == steps


def test_nothing_of_a_secret_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    world = World({"a": model("a")}, rooms={ROOMS[0]: room(ROOMS[0])})
    state, grant = granting(world, KeyMode.FILL, ["a"], None)
    with caplog.at_level(logging.DEBUG):
        assert KEY not in repr(explained(state, grant, "a").record())
    assert KEY not in caplog.text

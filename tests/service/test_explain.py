"""What is explained is what asking gives."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from callsheet.api.dialect import Dialect
from callsheet.api.explain import Asker, admission, explain
from callsheet.api.state import State
from callsheet.doctor.clients.rules import load_clients
from callsheet.domain.access.visibility import PatternMatches, Visibility
from callsheet.domain.explain import Check
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.query import Reach
from callsheet.service.clients.played import play_in
from callsheet.service.clients.views import client_steps, client_views
from callsheet.service.explain.matrix import matrix, rule_sets
from callsheet.service.explain.seeing import compare, what_sees, who_sees
from tests.service.test_impact import (
    ASKING,
    IDS,
    NAMES,
    NOW,
    ROOMS,
    Caller,
    World,
    asking_key,
    key,
    model,
    patterns,
    room,
    secret_of,
    worlds,
)
from tests.tiers import examples

THEN = NOW.timestamp()

#: One that drops ids, one that asks once without a limit, and one that walks pages.
CLIENTS = load_clients(["claude-code", "open-webui", "python-sdk"])


@st.composite
def worlds_of_any_kind(draw: st.DrawFn) -> World:
    world = draw(worlds())
    return replace(world, options=replace(world.options, any_key=draw(st.sampled_from([False, False, True]))))


def askers(world: World, state: State) -> list[tuple[Asker, Caller]]:
    """Everyone who may ask, with and without naming a workspace, and what asking gives them."""
    found = []
    for each in (asking_key(), *world.keys.values()):
        secret = ASKING if each.id == "apikey_asking" else secret_of(each.id)
        known = state.keyring.get(each.fingerprint)
        found += [(Asker(known, room_id), Caller(state, secret, room_id)) for room_id in (None, *ROOMS[:2])]
    found += [
        (Asker(None, room_id), Caller(replace(state, options=world.options), ASKING, room_id))
        for room_id in world.rooms
    ]
    return found


def by_asking(caller: Caller, name: str) -> Reach:
    found = caller.found.get(name)
    if found is None:
        return Reach.ABSENT
    return Reach.LISTED if found[0]["id"] in caller.listed else Reach.RETRIEVABLE


@examples(1)
@given(worlds_of_any_kind())
def test_listed_is_what_pages_hold_and_retrievable_what_is_answered(world: World) -> None:
    state = world.state()
    for asker, caller in askers(world, state):
        for name in (*NAMES, "nowhere"):
            explanation = explain(state, asker, name, THEN)
            assert explanation.reach is by_asking(caller, name), (asker, name, explanation)
            if explanation.reach is not Reach.ABSENT:
                assert caller.found[name][0]["id"] == explanation.model_id
        assert (admission(state, asker, THEN).rules is not None) == caller.works


@examples(0.5)
@given(worlds_of_any_kind())
def test_clients_of_openai_see_what_is_explained_for_them(world: World) -> None:
    state = world.state()
    for asker, caller in askers(world, state):
        everything = caller.ask("", openai=True)
        listed = [] if everything is None else [each["id"] for each in everything["data"]]
        for name in NAMES:
            reach = explain(state, asker._replace(dialect=Dialect.OPENAI), name, THEN).reach
            found = caller.ask(name, openai=True)
            assert (reach is not Reach.ABSENT) == (found is not None), (asker, name)
            assert (reach is Reach.LISTED) == (found is not None and found["id"] in listed), (asker, name)


@examples(0.5)
@given(worlds_of_any_kind())
def test_what_sees_is_everything_that_asking_gives_in_the_order_of_the_api(world: World) -> None:
    state = world.state()
    for asker, caller in askers(world, state):
        sightings = list(what_sees(state, asker, THEN))
        assert {each.model.id for each in sightings} == caller.own().keys()
        assert [each.model.id for each in sightings if each.reach is Reach.LISTED] == caller.listed


@examples(0.5)
@given(worlds())
def test_who_sees_says_of_workspaces_what_is_explained_of_each_and_counts_keys_that_work(
    world: World,
) -> None:
    state = world.state()
    for name in NAMES:
        viewers = who_sees(state, name, THEN)
        said = {room.id: each.reach for each in viewers for room in each.workspaces}
        assert said == {each: explain(state, Asker(None, each), name, THEN).reach for each in state.workspaces}
        keys = [record for _, record in state.keyring.credentials()]
        for reach in Reach:
            counted = sum(each.keys for each in viewers if each.reach is reach)
            working = [each for each in keys if admission(state, Asker(each), THEN).rules is not None]
            assert counted == sum(explain(state, Asker(each), name, THEN).reach is reach for each in working)


@examples(0.5)
@given(worlds())
def test_two_askers_differ_in_what_one_of_them_gets(world: World) -> None:
    state = world.state()
    everyone = askers(world, state)
    for (one, first), (other, second) in pairwise(everyone):
        found = compare(state, one, other, THEN)
        mine, theirs = first.own(), second.own()
        assert set(found.only_first) == set(first.listed) - set(second.listed)
        assert set(found.only_second) == set(second.listed) - set(first.listed)
        assert set(found.only_first_unlisted) == mine.keys() - theirs.keys() - set(first.listed)
        assert set(found.only_second_unlisted) == theirs.keys() - mine.keys() - set(second.listed)
        both = mine.keys() & theirs.keys()
        assert set(found.written_otherwise) == {each for each in both if mine[each][0] != theirs[each][0]}


@given(patterns, patterns, st.sampled_from(IDS), st.sets(st.sampled_from(IDS)))
def test_one_id_matches_by_pattern_what_the_rules_say(
    allow: tuple[str, ...], deny: tuple[str, ...], model_id: str, ids: set[str]
) -> None:
    matches = PatternMatches(model_id, ids.__contains__)
    rules = Visibility(allow, deny).among(ids.__contains__)
    assert matches.sees(rules) == rules.sees(model_id)
    for pattern in (*allow, *deny):
        alone = Visibility((pattern,)).among(ids.__contains__)
        assert (matches.among((pattern,)) == (pattern,)) == alone.sees(model_id)


def test_a_pattern_that_cannot_match_is_not_compiled_and_no_key_is_looked_at_by_itself() -> None:
    world = World({"a": model("a")})
    for number in range(300):
        rules = Visibility((f"team-{number}-*", "a"))
        world.rooms[f"wrkspc_{number}"] = room(f"wrkspc_{number}", visibility=rules)
        for more in range(3):
            name = f"apikey_{number}_{more}"
            world.keys[name] = key(name, f"wrkspc_{number}")
    state = world.state()
    compiled = count_of_compiled()
    viewers = who_sees(state, "a", THEN)
    assert count_of_compiled() - compiled <= 1
    assert sum(each.keys for each in viewers) == 901


def count_of_compiled() -> int:
    from callsheet.domain.access import visibility

    return visibility._matcher.cache_info().misses


def steps_of(world: World, name: str, **of: Any) -> list[tuple[str, bool, str]]:
    explanation = explain(world.state(), Asker(**of), name, THEN)
    return [(step.check, step.passes, step.reason) for step in explanation.steps]


def test_the_steps_come_in_the_order_of_the_server_each_with_its_reason() -> None:
    world = World(
        {"a": model("a", hidden=True, lifecycle=Lifecycle.RETIRED)},
        {"latest": "a"},
        rooms={ROOMS[0]: room(ROOMS[0], visibility=Visibility(("a*", "b"), ("[a]", "?")))},
    )
    explanation = explain(world.state(), Asker(None, ROOMS[0], Dialect.OPENAI), "latest", THEN)
    assert [(step.check, step.passes, step.reason) for step in explanation.steps] == [
        ("dialect", world.options.openai_dialect, "answered"),
        ("workspace", True, "own"),
        ("name", True, "alias"),
        ("rules", False, "denied"),
        ("hidden", False, "hidden"),
        ("lifecycle", False, "retired"),
    ]
    rules = explanation.step(Check.RULES)
    assert rules is not None
    assert rules.patterns == ("[a]", "?")
    assert explanation.obstacle == rules


def test_what_cannot_be_checked_is_left_out() -> None:
    world = World(rooms={ROOMS[0]: room(ROOMS[0])}, tombstones={"gone": model("gone").sort_key})
    assert steps_of(world, "gone", workspace_id="wrkspc_9") == [
        ("workspace", False, "archived"),
        ("name", False, "removed"),
    ]


def test_a_name_of_a_path_is_explained_as_it_is_retrieved() -> None:
    strange = Model(id="a/b c[1m]", display_name="x")
    state = World({strange.id: strange}, rooms={ROOMS[0]: room(ROOMS[0])}).state()
    assert explain(state, Asker(None, ROOMS[0]), strange.id, THEN).reach is Reach.LISTED
    assert Caller(state, ASKING).ask(strange.id)["id"] == strange.id


@examples(0.5)
@given(worlds())
def test_the_matrix_is_what_is_explained_of_each_workspace_and_model(world: World) -> None:
    state = world.state()
    found = {
        (room.id, model_id): reach
        for row in matrix(state, rule_sets(state, THEN))
        for room in row.workspaces
        for reach, ids in ((Reach.LISTED, row.listed), (Reach.RETRIEVABLE, row.retrievable))
        for model_id in ids
    }
    for room_id in state.workspaces:
        for model_id in world.models:
            reach = explain(state, Asker(None, room_id), model_id, THEN).reach
            assert found.get((room_id, model_id), Reach.ABSENT) is reach


@examples(0.2)
@given(worlds())
def test_a_client_shows_a_model_only_if_it_is_listed_and_says_so_as_explain_does(world: World) -> None:
    state = world.state()
    for room_id, workspace in state.workspaces.items():
        listed = [
            each.model.id for each in what_sees(state, Asker(None, room_id), THEN) if each.reach is Reach.LISTED
        ]
        for rules in CLIENTS:
            views = client_views(play_in(state, room_id, listed, [rules], NOW), listed)
            for view in views:
                shown = [each.id for each in view.shown or ()]
                left_out = [model_id for some in view.left_out for model_id in some.ids]
                assert sorted([*shown, *left_out]) == sorted(listed), (rules.name, workspace)
            for model_id in world.models:
                explanation = explain(state, Asker(None, room_id), model_id, THEN)
                steps = client_steps(state, rules, room_id, listed, model_id, NOW) if model_id in listed else []
                assert (model_id in listed) == (explanation.reach is Reach.LISTED)
                assert any(step.shows for step in steps) == any(
                    model_id in {each.id for each in view.shown or ()} for view in views
                )

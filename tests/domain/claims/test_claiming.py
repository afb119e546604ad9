"""What becomes of the catalogue when managers change what they say."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.alias import Alias
from callsheet.domain.catalog import Catalog
from callsheet.domain.changes.aliases import add_alias, remove_alias
from callsheet.domain.changes.change import Action, AnyChange, Subject
from callsheet.domain.changes.choosing import choose_models
from callsheet.domain.changes.claimed import Claimed
from callsheet.domain.changes.claiming import claim
from callsheet.domain.changes.models import (
    add_model,
    change_model,
    deprecate_models,
    hide_models,
    remove_models,
    retire_models,
)
from callsheet.domain.changes.releasing import release
from callsheet.domain.claims.claims import SAME_AS, ClaimKind, Claims
from callsheet.domain.claims.manager import BUILTIN, PERSON, Manager, ManagerKind
from callsheet.domain.claims.resolve import alias_target, is_listed, merged
from callsheet.domain.errors import ConflictError, DoesNotExistError, InvalidError
from callsheet.domain.hints import Hint
from callsheet.domain.model import Model
from callsheet.testing.memory import Memory

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
VLLM = Manager(ManagerKind.SOURCE, "vllm")
TEAM = Manager(ManagerKind.FILE, "team")
IDS = ["a", "b", "c", "x"]

fields = st.fixed_dictionaries(
    {},
    optional={
        "display_name": st.sampled_from(["A", "B"]),
        "max_tokens": st.sampled_from([None, 1, 2]),
        "hidden": st.booleans(),
        "replacement": st.sampled_from(IDS),
        SAME_AS: st.sampled_from([None, *IDS]),
    },
)


def of_model(subject: str, manager: Manager, lists: bool | None, said: dict[str, Any]) -> Claims:
    return Claims(subject, manager, lists, {name: value for name, value in said.items() if value != subject})


def of_alias(subject: str, manager: Manager, lists: bool | None, model_id: str) -> Claims:
    return Claims(subject, manager, lists, {"model_id": model_id} if lists else {}, ClaimKind.ALIAS)


managers = st.sampled_from([BUILTIN, VLLM, TEAM, PERSON])
lists = st.sampled_from([True, True, False, None])
wishes = st.builds(of_model, st.sampled_from(IDS), managers, lists, fields) | st.builds(
    of_alias, st.sampled_from(["x", "y"]), managers, lists, st.sampled_from(["a", "b"])
)
sequences = st.lists(st.lists(wishes, min_size=1, max_size=4), min_size=1, max_size=6)


def fresh() -> Memory:
    return Memory(Catalog(), "wrkspc_0")


def make(memory: Memory, *wanted: Claims) -> list[AnyChange]:
    changes = claim(memory, wanted)
    memory.apply(changes, NOW)
    return changes


def after(drawn: list[list[Claims]]) -> Memory:
    memory = fresh()
    for wanted in drawn:
        try:
            make(memory, *{(each.kind, each.subject, each.manager): each for each in wanted}.values())
        except ConflictError:
            continue
    return memory


def content(memory: Memory) -> tuple[object, ...]:
    stored = {
        (kind, subject): sorted(map(repr, claims))
        for kind in ClaimKind
        for subject, claims in memory.claims_of([*IDS, "y"], kind).items()
    }
    return list(memory.models()), memory.aliases(), stored


def visible(changes: list[AnyChange]) -> list[tuple[Action, str]]:
    return [(change.action, change.subject) for change in changes if change.kind is not Subject.CLAIM]


@given(sequences)
def test_the_catalogue_is_what_its_claims_come_to(drawn: list[list[Claims]]) -> None:
    memory = after(drawn)
    claimed = Claimed(memory)
    for model_id in IDS:
        ordered = claimed.ordered(model_id)
        model = memory.model(model_id)
        assert (model is not None) is is_listed(ordered)
        if model is not None:
            expected = merged(ordered, claimed.inherited(model_id)).get("display_name")
            assert model.display_name == (expected or model_id)
    ids = set(memory.model_ids())
    for name in ("x", "y"):
        target = alias_target(claimed.ordered(name, ClaimKind.ALIAS))
        is_there = target in ids and name not in ids
        assert memory.aliases().get(name) == (target if is_there else None)


@given(sequences)
def test_claiming_again_what_is_claimed_changes_nothing(drawn: list[list[Claims]]) -> None:
    memory = after(drawn)
    stored = [
        each for kind in ClaimKind for claims in memory.claims_of([*IDS, "y"], kind).values() for each in claims
    ]
    assert claim(memory, stored) == []


@given(st.lists(wishes, max_size=5), st.randoms())
def test_the_order_of_what_is_wanted_does_not_matter(wanted: list[Claims], random: Any) -> None:
    unique = list({(each.kind, each.subject, each.manager): each for each in wanted}.values())
    shuffled = unique.copy()
    random.shuffle(shuffled)
    outcomes: list[object] = []
    for order in (unique, shuffled):
        try:
            outcomes.append(claim(fresh(), order))
        except ConflictError as refusal:
            outcomes.append(str(refusal))
    assert outcomes[0] == outcomes[1]


@given(sequences, wishes)
def test_a_release_undoes_a_claim_exactly(drawn: list[list[Claims]], wish: Claims) -> None:
    memory = after(drawn)
    manager = Manager(ManagerKind.FILE, "undone")  # which says nothing yet
    wish = Claims(wish.subject, manager, wish.lists, wish.fields, wish.kind)
    before = content(memory)
    try:
        make(memory, wish)
        make(memory, Claims(wish.subject, manager, kind=wish.kind))
    except ConflictError:
        return
    assert content(memory) == before


@given(sequences, st.lists(wishes, min_size=1, max_size=3))
def test_no_other_manager_changes_what_a_person_decided(drawn: list[list[Claims]], wanted: list[Claims]) -> None:
    memory = after(drawn)
    persons = {
        (each.kind, each.subject): each
        for kind in ClaimKind
        for claims in memory.claims_of([*IDS, "y"], kind).values()
        for each in claims
        if each.manager == PERSON
    }
    others = {
        (each.kind, each.subject): Claims(each.subject, VLLM, each.lists, each.fields, each.kind) for each in wanted
    }
    try:
        make(memory, *others.values())
    except ConflictError:
        return
    for (kind, subject), claims in persons.items():
        assert claims in memory.claims_of([subject], kind)[subject]
        if kind is ClaimKind.MODEL and claims.lists is False:
            assert memory.model(subject) is None


def test_a_model_that_people_typed_keeps_its_values_when_a_source_lists_it() -> None:
    memory = Memory(Catalog([Model(id="a", display_name="Ours", max_tokens=5)]), "wrkspc_0")
    changes = make(memory, Claims("a", VLLM, True, {"display_name": "theirs", "max_input_tokens": 9}))
    assert [change.manager for change in changes if change.kind is Subject.CLAIM] == [PERSON, VLLM]
    assert memory.model("a") == Model(id="a", display_name="Ours", max_tokens=5, max_input_tokens=9)


def test_removing_what_a_source_lists_suppresses_it_until_it_is_released() -> None:
    memory = fresh()
    make(memory, Claims("a", VLLM, True, {"max_tokens": 1}))
    memory.apply(add_alias(memory, "y", "a"), NOW)
    removed = remove_models(memory, choose_models(memory, ["a"]))
    assert visible(removed) == [(Action.UNALIAS, "y"), (Action.REMOVE, "a")]
    memory.apply(removed, NOW)
    assert visible(make(memory, Claims("a", VLLM, True, {"max_tokens": 2}))) == []
    released = release(memory, "a")
    assert visible(released) == [(Action.ADD, "a"), (Action.ALIAS, "y")]


def test_releasing_a_field_shows_what_is_below_it() -> None:
    memory = fresh()
    make(memory, Claims("a", VLLM, True, {"max_tokens": 1}))
    model = memory.model("a")
    assert model is not None
    memory.apply(change_model(memory, model, {"max_tokens": 7, "description": "x"}, NOW), NOW)
    memory.apply(release(memory, "a", ["max_tokens"]), NOW)
    assert memory.model("a") == Model(id="a", display_name="a", max_tokens=1, description="x")
    with pytest.raises(DoesNotExistError, match=r"^No person set line of a\.$"):
        release(memory, "a", ["line"])


def test_with_the_stage_of_a_model_its_dates_are_released() -> None:
    memory = fresh()
    make(memory, Claims("a", VLLM, True, {"line": "opus"}))
    memory.apply(retire_models(memory, choose_models(memory, ["a"]), NOW), NOW)
    memory.apply(release(memory, "a", ["lifecycle"]), NOW)
    make(memory, Claims("a", VLLM, True, {"lifecycle": "deprecated", "retires_at": "2027-01-01T00:00:00Z"}))
    model = memory.model("a")
    assert model is not None
    assert model.retires_at == datetime(2027, 1, 1, tzinfo=UTC)
    assert [each.manager for each in memory.claims_of(["a"])["a"]] == [VLLM]


def test_what_people_set_of_a_model_outlasts_that_nobody_lists_it() -> None:
    memory = fresh()
    make(memory, Claims("a", VLLM, True, {"max_tokens": 1}), Claims("a", PERSON, fields={"max_tokens": 2}))
    make(memory, Claims("a", VLLM))
    memory.apply(add_model(memory, Model(id="a", display_name="A"), NOW), NOW)
    assert memory.model("a") == Model(id="a", display_name="A", max_tokens=2)


def test_what_a_person_hides_stays_hidden_when_the_source_that_hid_it_lists_it_again() -> None:
    memory = fresh()
    make(memory, Claims("a", VLLM, True, {"hidden": True}))
    hidden = hide_models(memory, choose_models(memory, ["a"]))
    assert visible(hidden) == []
    memory.apply(hidden, NOW)
    make(memory, Claims("a", VLLM, True))
    assert memory.model("a") == Model(id="a", display_name="a", hidden=True)


def test_a_date_that_a_person_gives_stays_when_the_source_that_gave_it_no_longer_does() -> None:
    memory = fresh()
    date = datetime(2027, 1, 1, tzinfo=UTC)
    said = {
        "lifecycle": "deprecated",
        "deprecated_at": "2026-01-01T00:00:00Z",
        "retires_at": "2027-01-01T00:00:00Z",
    }
    make(memory, Claims("a", VLLM, True, said))
    before = memory.model("a")
    memory.apply(deprecate_models(memory, choose_models(memory, ["a"]), NOW, date), NOW)
    assert memory.model("a") == before
    make(memory, Claims("a", VLLM, True))
    assert memory.model("a") == before


@pytest.mark.parametrize("is_stored", [False, True])
def test_an_alias_goes_for_good_with_a_model_that_only_people_listed(is_stored: bool) -> None:
    memory = Memory(Catalog([Model(id="a", display_name="a")], {"y": "a"}), "wrkspc_0")
    make(memory, Claims("a", BUILTIN, fields={"line": "opus"}))
    if is_stored:
        make(memory, of_alias("y", BUILTIN, True, "b"))
    memory.apply(remove_models(memory, choose_models(memory, ["a"])), NOW)
    memory.apply(add_model(memory, Model(id="a", display_name="a"), NOW), NOW)
    assert memory.aliases() == {}


def test_what_only_people_list_cannot_be_released() -> None:
    memory = Memory(Catalog([Model(id="a", display_name="a")]), "wrkspc_0")
    with pytest.raises(ConflictError, match=r"^Only people list a, so it would be gone; ") as refusal:
        release(memory, "a")
    assert refusal.value.hint is Hint.REMOVE_MODEL


def test_a_model_that_is_the_same_as_another_shows_its_facts_and_follows_them() -> None:
    memory = fresh()
    make(memory, Claims("claude", BUILTIN, None, {"max_tokens": 1, "line": "opus", "hidden": True}))
    memory.apply(add_model(memory, Model(id="team", display_name="Team"), NOW, same_as="claude"), NOW)
    assert memory.model("team") == Model(id="team", display_name="Team", max_tokens=1, line="opus")
    changes = make(memory, Claims("claude", BUILTIN, None, {"max_tokens": 2}))
    assert visible(changes) == [(Action.CHANGE, "team")]
    assert memory.model("team") == Model(id="team", display_name="Team", max_tokens=2)


def test_what_is_said_of_a_model_itself_outranks_all_that_same_as_brings_along() -> None:
    memory = fresh()
    make(memory, Claims("claude", PERSON, None, {"max_tokens": 1}))
    make(memory, Claims("team", BUILTIN, True, {"max_tokens": 2, SAME_AS: "claude"}))
    assert memory.model("team") == Model(id="team", display_name="team", max_tokens=2)


def test_a_circle_of_same_as_is_refused_of_people_and_harmless_otherwise() -> None:
    memory = fresh()
    make(memory, Claims("a", VLLM, True, {SAME_AS: "b"}), Claims("b", VLLM, True, {SAME_AS: "a", "max_tokens": 3}))
    assert memory.model("a") == Model(id="a", display_name="a", max_tokens=3)
    model = memory.model("b")
    assert model is not None
    with pytest.raises(InvalidError, match=r"^b cannot be the same as a, which is the same as b\.$"):
        change_model(memory, model, {"same_as": "a"}, NOW)


def test_an_alias_that_a_source_gives_is_suppressed_by_its_removal() -> None:
    memory = fresh()
    make(memory, Claims("a", VLLM, True), of_alias("y", VLLM, True, "a"))
    assert memory.aliases() == {"y": "a"}
    memory.apply(remove_alias(memory, "y"), NOW)
    assert visible(make(memory, of_alias("y", VLLM, True, "a"))) == []
    assert memory.aliases() == {}


def test_what_people_say_of_an_alias_is_released() -> None:
    memory = fresh()
    make(memory, Claims("a", VLLM, True), Claims("b", VLLM, True), of_alias("y", VLLM, True, "a"))
    memory.apply(remove_alias(memory, "y"), NOW)
    memory.apply(add_alias(memory, "y", "b"), NOW)
    assert memory.aliases() == {"y": "b"}
    memory.apply(release(memory, "y"), NOW)
    assert memory.aliases() == {"y": "a"}
    with pytest.raises(
        DoesNotExistError, match=r"^No person has changed or removed 'y', so there is nothing to release\.$"
    ):
        release(memory, "y")


def test_an_alias_that_only_people_gave_cannot_be_released() -> None:
    memory = Memory(Catalog([Model(id="a", display_name="a")], {"y": "a"}), "wrkspc_0")
    with pytest.raises(ConflictError, match=r"^Only people gave the alias y, so it would be gone; ") as refusal:
        release(memory, "y")
    assert refusal.value.hint is Hint.DROP_ALIAS


def test_an_alias_comes_back_with_its_model() -> None:
    memory = fresh()
    make(memory, Claims("a", VLLM, True), of_alias("y", VLLM, True, "a"))
    assert visible(make(memory, Claims("a", VLLM))) == [(Action.UNALIAS, "y"), (Action.REMOVE, "a")]
    assert visible(make(memory, Claims("a", VLLM, True))) == [(Action.ADD, "a"), (Action.ALIAS, "y")]


def test_an_alias_whose_name_a_model_had_is_there_once_the_model_goes() -> None:
    memory = fresh()
    make(memory, Claims("a", VLLM, True), Claims("y", VLLM, True))
    make(memory, of_alias("y", BUILTIN, True, "a"))
    assert memory.aliases() == {}
    assert visible(make(memory, Claims("y", VLLM))) == [(Action.REMOVE, "y"), (Action.ALIAS, "y")]
    assert memory.aliases() == {"y": "a"}


def test_a_model_that_would_have_the_name_of_an_alias_is_refused() -> None:
    memory = Memory(Catalog([Model(id="a", display_name="a")], {"y": "a"}), "wrkspc_0")
    with pytest.raises(ConflictError, match=r"^y is an alias of a; "):
        claim(memory, [Claims("y", VLLM, True)])


@pytest.mark.parametrize("higher", [VLLM, TEAM, PERSON])
def test_an_alias_makes_way_for_a_model_that_a_higher_manager_lists_and_comes_back(higher: Manager) -> None:
    memory = fresh()
    make(memory, of_model("a", BUILTIN, True, {}), of_alias("x", BUILTIN, True, "a"))
    assert visible(make(memory, of_model("x", higher, True, {}))) == [(Action.UNALIAS, "x"), (Action.ADD, "x")]
    assert (memory.aliases(), set(memory.model_ids())) == ({}, {"a", "x"})
    assert not make(memory, of_model("x", higher, True, {}))
    make(memory, Claims("x", higher))
    assert (memory.aliases(), set(memory.model_ids())) == ({"x": "a"}, {"a"})


@pytest.mark.parametrize(("lower", "higher"), [(VLLM, VLLM), (VLLM, TEAM), (TEAM, PERSON)])
def test_an_alias_of_the_same_manager_or_a_higher_one_makes_no_way(lower: Manager, higher: Manager) -> None:
    memory = fresh()
    make(memory, of_model("a", BUILTIN, True, {}), of_alias("x", higher, True, "a"))
    with pytest.raises(ConflictError, match="x is an alias of a"):
        make(memory, of_model("x", lower, True, {}))


def test_an_alias_record_is_whole() -> None:
    memory = fresh()
    changes = make(memory, Claims("a", VLLM, True), of_alias("y", VLLM, True, "a"))
    assert changes[-1].after == Alias("y", "a")
    assert {change.manager for change in changes} == {VLLM}

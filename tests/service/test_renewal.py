"""What the program claims is brought up to today's facts; what people, files and sources claim stays."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from callsheet.api.state import Options
from callsheet.domain.changes.change import Subject
from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.claims.claims import SAME_AS, ClaimKind, Claims
from callsheet.domain.claims.manager import BUILTIN, PERSON, Manager, ManagerKind
from callsheet.domain.errors import RefusedError
from callsheet.domain.model import Lifecycle, Model, RetirementPrecision
from callsheet.domain.times import parse_instant
from callsheet.service.builtin import builtin_catalog, facts_date
from callsheet.service.catalog import CatalogService
from callsheet.service.facts import Facts
from callsheet.service.maintenance.check import check_database
from callsheet.service.maintenance.copy import copy_installation
from callsheet.service.renewal import ACTOR, change_builtin_mode, renew_builtin
from callsheet.service.state.live import LiveState
from callsheet.storage.store import Store
from tests.first_release import REVISION, first_release
from tests.installation import Installation, again_on_postgresql, make_model, now
from tests.postgres import Databases
from tests.tiers import examples

#: What Ada did to built-in models in the database of the first release.
BY_ADA = {
    "claude-opus-4-5-20251101": {"lifecycle", "deprecated_at", "retires_at", "retirement_precision"},
    "claude-opus-4-20250514": {"hidden"},
}

SOURCE = Manager(ManagerKind.SOURCE, "gateway")


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """The database of the first release, migrated but not renewed."""
    store = first_release(tmp_path / "callsheet.db")
    if request.param == "sqlite":
        return store
    databases: Databases = request.getfixturevalue("postgres")
    target = Store(databases.make())
    copy_installation(store, target, lambda *_done: None)
    return target


def fields(store: Store) -> dict[str, dict[str, Any]]:
    with store.read() as reading:
        return {model.id: dict(model.record()) for model in reading.models()}


def revision(store: Store) -> int:
    with store.read() as reading:
        installation = reading.installation()
    assert installation is not None
    return installation.revision


def claimed(store: Store, subject: str, kind: ClaimKind = ClaimKind.MODEL) -> dict[str, Claims]:
    """Who claims what of it."""
    with store.read() as reading:
        return {str(each.manager): each for each in reading.claims_of([subject], kind).get(subject, [])}


def put(store: Store, *wanted: Claims) -> None:
    with store.write("test", now()) as writing:
        writing.apply(claim(writing, wanted))


def test_the_first_release_comes_to_todays_facts_but_for_what_ada_did(old: Store) -> None:
    before = fields(old)
    renewed = renew_builtin(old, now)
    after = fields(old)
    today = Facts.built_in(now()).models
    for model in today:
        by_ada = BY_ADA.get(model.id, set())
        facts = dict(model.record())
        assert {name: after[model.id][name] for name in facts if name not in by_ada} == {
            name: value for name, value in facts.items() if name not in by_ada
        }
        assert {name: after[model.id][name] for name in by_ada} == {name: before[model.id][name] for name in by_ada}
    others = before.keys() - {model.id for model in today}
    assert {name: after[name] for name in others} == {name: before[name] for name in others}
    assert renewed == sorted(name for name in before if before[name] != after[name])


def test_it_is_one_recorded_change_of_the_program_and_is_made_once(old: Store) -> None:
    assert renew_builtin(old, now)
    with old.read() as reading:
        made = [each for each in reading.changes() if each.revision > REVISION]
    assert {each.revision for each in made} == {REVISION + 1}
    assert {(each.actor, each.manager) for each in made} == {(ACTOR, "builtin")}
    assert renew_builtin(old, now) == []
    assert revision(old) == REVISION + 1
    assert check_database(old).problems == []


def test_a_server_that_follows_sees_what_was_renewed(old: Store) -> None:
    live = LiveState(old, Options())
    renew_builtin(old, now)
    live.refresh()
    model = live.current.catalog.get("claude-haiku-5-5")
    assert model == next(each for each in builtin_catalog()[0] if each.id == "claude-haiku-5-5")


def test_a_fresh_database_is_left_alone(installation: Installation) -> None:
    before = fields(installation.store)
    assert renew_builtin(installation.store, now) == []
    assert fields(installation.store) == before
    assert revision(installation.store) == 1


def test_what_somebody_set_back_to_the_earlier_value_stays_so(old: Store) -> None:
    ada = CatalogService(old, "cli:ada", now)
    ada.change("claude-haiku-4-5-20251001", {"capabilities": None, "max_tokens": 5})
    ada.change("claude-haiku-4-5-20251001", {"capabilities": None})
    renew_builtin(old, now)
    assert ada.show("claude-haiku-4-5-20251001").model.max_tokens == 5
    ada.change("claude-haiku-4-5-20251001", {"capabilities": None})
    assert ada.show("claude-haiku-4-5-20251001").model.capabilities is None


#: A day on which no built-in model of these tests retires by itself.
DAY = parse_instant("2026-06-01")


def make_facts(*models: Model, as_of: str = "2026-01-01", **aliases: str) -> Facts:
    return Facts([replace(model, source="anthropic") for model in models], aliases, as_of)


def renew(installation: Installation, facts: Facts, at: datetime = DAY) -> list[str]:
    return renew_builtin(installation.store, lambda: at, facts.at(at))


def begin(installation: Installation, facts: Facts) -> None:
    """An installation whose only built-in models are those of ``facts``."""
    with installation.store.write(ACTOR, DAY) as writing:
        past = [
            replace(each, lists=None, fields={})
            for of in (BUILTIN, PERSON, SOURCE)
            for each in writing.claims_by(of)
        ]
        writing.apply(claim(writing, past))
        writing.apply(claim(writing, facts.claims(BuiltinMode.LIST)))
        writing.set_facts(facts.mark)


EARLIER = make_facts(
    make_model("a", display_name="Old"),
    make_model("b", capabilities={"batch": {"supported": False}}),
    make_model("c", "1970-01-01"),
    first="a",
)
TODAY = make_facts(
    make_model("a", display_name="New", max_tokens=10),
    make_model(
        "b",
        lifecycle=Lifecycle.DEPRECATED,
        deprecated_at=parse_instant("2026-02-01"),
        retires_at=parse_instant("2099-01-01"),
        retirement_precision=RetirementPrecision.EXACT,
        capabilities={"batch": {"supported": True}},
    ),
    make_model("c", "2026-03-01", line="opus"),
    make_model("new", "2026-05-01"),
    as_of="2026-05-02",
    first="a",
    latest="new",
)

ids = st.sampled_from(["a", "b", "c"])
acts = st.one_of(
    st.tuples(st.just("change"), ids, st.fixed_dictionaries({}, optional={
        "display_name": st.sampled_from(["Old", "Mine"]),
        "max_tokens": st.sampled_from([None, 5]),
        "line": st.sampled_from([None, "haiku"]),
        "capabilities": st.sampled_from([None, {"batch": {"supported": False}}]),
        "created_at": st.sampled_from([parse_instant("1970-01-01"), parse_instant("2026-01-05")]),
    })),
    st.tuples(st.just("deprecate"), ids),
    *(st.tuples(st.just(verb), ids) for verb in ("retire", "remove", "hide", "unhide", "add")),
    st.tuples(st.just("unalias"), st.just("first")),
    st.tuples(st.just("alias"), st.sampled_from(["new", "latest"]), ids),
    st.tuples(st.just("lists"), st.sampled_from(["a", "new", "anthropic/claude-opus-5"])),
)  # fmt: skip


def act(installation: Installation, verb: str, *given: Any) -> None:
    """Do it, or be refused."""
    catalog = CatalogService(installation.store, "cli:ada", lambda: DAY)
    try:
        if verb == "lists":
            put(installation.store, Claims(given[0], SOURCE, lists=True, fields={"display_name": "Up"}))
        elif verb == "add":
            catalog.add(make_model(*given, display_name="Mine"))
        else:
            getattr(catalog, verb)(*given)
    except RefusedError:
        pass


def others(store: Store) -> list[str]:
    """Everything that is claimed by others than the program."""
    with store.read() as reading:
        managers = (PERSON, SOURCE)
        return sorted(f"{each.kind} {each.subject} {each}" for of in managers for each in reading.claims_by(of))


@again_on_postgresql
@examples(0.25)
@given(drawn=st.lists(acts, max_size=8))
def test_whatever_others_claim_stays_and_all_else_is_renewed(installation: Installation, drawn: list[Any]) -> None:
    begin(installation, EARLIER)
    for each in drawn:
        act(installation, *each)
    claims, before = others(installation.store), fields(installation.store)
    renewed = renew(installation, TODAY)
    after = fields(installation.store)
    assert others(installation.store) == claims
    assert renewed == sorted(name for name in after if after[name] != before.get(name))
    assert before.keys() <= after.keys() <= before.keys() | {"new"}
    for model in TODAY.models:
        of_program = claimed(installation.store, model.id)["builtin"].fields
        assert of_program.items() >= {"source": "anthropic", "lifecycle": model.lifecycle.value}.items()
        assert set(claimed(installation.store, model.id)) >= {"builtin"}
        if set(claimed(installation.store, model.id)) == {"builtin"} and model.id in after:
            assert after[model.id] == model.record()
    assert check_database(installation.store).problems == []
    made = revision(installation.store)
    assert renew(installation, TODAY) == []
    assert revision(installation.store) == made


def test_a_model_that_somebody_removed_does_not_come_back(installation: Installation) -> None:
    begin(installation, EARLIER)
    installation.catalog.remove("a")
    assert renew(installation, TODAY) == ["b", "c", "new"]
    installation.catalog.remove("new")
    assert renew(installation, replace(TODAY, as_of="2026-05-03")) == []
    assert [*sorted(fields(installation.store))] == ["b", "c"]


@again_on_postgresql
def test_what_a_release_no_longer_says_is_not_said_any_more(installation: Installation) -> None:
    begin(installation, make_facts(make_model("a"), make_model("b"), make_model("c"), wrong="b"))
    installation.catalog.change("b", {"max_tokens": 5})
    put(installation.store, Claims("c", SOURCE, lists=True))
    renew(installation, make_facts(make_model("a"), as_of="2026-05-02"))
    assert [*sorted(fields(installation.store))] == ["a", "c"]
    assert claimed(installation.store, "b").keys() == {"person"}
    assert claimed(installation.store, "wrong", ClaimKind.ALIAS) == {}
    assert check_database(installation.store).problems == []


def test_where_no_built_in_model_is_left_none_is_added(installation: Installation) -> None:
    begin(installation, EARLIER)
    for name in "abc":
        installation.catalog.remove(name)
    installation.add(make_model("mine"))
    assert renew(installation, TODAY) == []
    assert renew(installation, replace(TODAY, as_of="2026-05-03")) == []
    assert [*fields(installation.store)] == ["mine"]


def test_a_new_model_whose_name_is_an_alias_is_not_added(installation: Installation) -> None:
    begin(installation, EARLIER)
    installation.catalog.alias("new", "a")
    assert "new" not in renew(installation, TODAY)
    installation.catalog.unalias("new")
    assert renew(installation, replace(TODAY, as_of="2026-05-03")) == []


def test_the_facts_of_a_later_release_stay_as_they_are(installation: Installation) -> None:
    begin(installation, TODAY)
    before = fields(installation.store)
    assert renew(installation, EARLIER) == []
    assert fields(installation.store) == before


def test_of_two_releases_of_one_day_the_facts_of_the_later_one_stay() -> None:
    facts = replace(Facts.built_in(now()), as_of="2999-01-01")
    assert not facts.outdates(f"2999-01-01 {facts.turned or '-'} 99.0.0 0123456789abcdef")
    assert facts.outdates(f"2999-01-01 {facts.turned or '-'} 0.0.9 0123456789abcdef")
    assert facts.outdates(f"2999-01-01 {facts.turned or '-'} 0123456789abcdef")


def next_turn(facts: Facts) -> datetime | None:
    """When the next model retires by itself."""
    days = [
        model.retires_at for model in facts.models if model.lifecycle is Lifecycle.DEPRECATED and model.retires_at
    ]
    return min(days, default=None)


def test_a_model_retires_on_its_day_once_and_only_forwards(installation: Installation) -> None:
    begin(installation, EARLIER)
    renew(installation, TODAY)
    turn = next_turn(TODAY)
    assert turn == parse_instant("2099-01-01")
    early, late = turn - timedelta(seconds=1), turn + timedelta(days=1)
    assert renew(installation, TODAY, early) == []
    assert fields(installation.store)["b"]["lifecycle"] == "deprecated"
    assert renew(installation, TODAY, turn) == ["b"]
    assert fields(installation.store)["b"]["lifecycle"] == "retired"
    made = revision(installation.store)
    for at in (late, early):  # the clock of another server is behind
        assert renew(installation, TODAY, at) == []
    assert revision(installation.store) == made
    assert next_turn(TODAY.at(turn)) is None


def test_whoever_says_that_a_model_goes_on_is_believed(installation: Installation) -> None:
    begin(installation, TODAY)
    installation.catalog.change("b", {"retires_at": parse_instant("2100-01-01"), "lifecycle": Lifecycle.DEPRECATED})
    renew(installation, TODAY, parse_instant("2099-01-02"))
    model = installation.catalog.show("b").model
    assert (model.lifecycle, model.retires_at) == (Lifecycle.DEPRECATED, parse_instant("2100-01-01"))


def test_every_built_in_retirement_turns_on_its_day() -> None:
    facts = Facts(*builtin_catalog(), facts_date())
    day = next_turn(facts)
    while day is not None:
        ids = [model.id for model in facts.models if model.retires_at == day and model.lifecycle == "deprecated"]
        facts = facts.at(day)
        assert {model.lifecycle for model in facts.models if model.id in ids} == {Lifecycle.RETIRED}
        assert facts.turned == f"{day:%Y-%m-%d}"
        day = next_turn(facts)
    assert Lifecycle.DEPRECATED not in {model.lifecycle for model in facts.models}


def test_names_of_other_platforms_get_the_facts_of_what_they_name(old: Store) -> None:
    put(old, Claims("us.anthropic.claude-opus-5", PERSON, lists=True))
    renewed = renew_builtin(old, now)
    assert "us.anthropic.claude-opus-5" in renewed
    found = claimed(old, "us.anthropic.claude-opus-5")["builtin"]
    assert (found.lists, found.fields[SAME_AS]) == (None, "claude-opus-5")
    assert fields(old)["us.anthropic.claude-opus-5"]["max_tokens"] == fields(old)["claude-opus-5"]["max_tokens"]
    assert check_database(old).problems == []


def test_a_name_that_is_not_recognised_any_more_loses_what_it_got(installation: Installation) -> None:
    put(
        installation.store,
        Claims("acme/claude", SOURCE, lists=True),
        Claims("acme/claude", BUILTIN, fields={SAME_AS: "claude-opus-5"}),
    )
    assert fields(installation.store)["acme/claude"]["max_tokens"]
    facts = replace(Facts.built_in(now()), as_of="2999-01-01")
    assert renew_builtin(installation.store, now, facts) == ["acme/claude"]
    assert fields(installation.store)["acme/claude"]["max_tokens"] is None
    assert set(claimed(installation.store, "acme/claude")) == {"source:gateway"}


@pytest.mark.parametrize("manager", [PERSON, SOURCE])
def test_a_name_of_another_platform_gets_the_facts_as_soon_as_it_is_listed(
    installation: Installation, manager: Manager
) -> None:
    name = "us.anthropic.claude-opus-5"
    put(installation.store, Claims(name, SOURCE, fields={"line": "x"}))
    assert set(claimed(installation.store, name)) == {"source:gateway"}
    put(installation.store, Claims(name, manager, lists=True))
    model = fields(installation.store)[name]
    assert (model["display_name"], model["max_tokens"]) == ("Claude Opus 5", 128_000)
    assert claimed(installation.store, name)["builtin"].fields[SAME_AS] == "claude-opus-5"
    made = revision(installation.store)
    assert renew_builtin(installation.store, now, replace(Facts.built_in(now()), as_of="2999-01-01")) == []
    assert revision(installation.store) == made
    assert check_database(installation.store).problems == []


def use(installation: Installation, mode: BuiltinMode) -> None:
    with installation.store.write("test", DAY) as writing:
        changes = change_builtin_mode(writing, mode)
        writing.set_builtin(mode)
        writing.apply(changes)


@again_on_postgresql
def test_built_in_models_that_only_inform_are_there_where_others_list_them(installation: Installation) -> None:
    begin(installation, EARLIER)
    put(installation.store, Claims("a", SOURCE, lists=True))
    use(installation, BuiltinMode.INFORM)
    assert [*fields(installation.store)] == ["a"]
    assert fields(installation.store)["a"]["display_name"] == "Old"
    assert renew(installation, TODAY) == ["a"]
    assert fields(installation.store)["a"]["display_name"] == "New"
    put(installation.store, Claims("new", SOURCE, lists=True))
    assert fields(installation.store)["new"]["source"] == "anthropic"
    assert check_database(installation.store).problems == []
    use(installation, BuiltinMode.LIST)
    assert sorted(fields(installation.store)) == ["a", "b", "c", "new"]
    assert check_database(installation.store).problems == []


def test_the_mode_is_recorded_and_turning_it_twice_changes_nothing(installation: Installation) -> None:
    before = fields(installation.store)
    use(installation, BuiltinMode.INFORM)
    assert fields(installation.store) == {}
    made = revision(installation.store)
    use(installation, BuiltinMode.INFORM)
    assert revision(installation.store) == made
    use(installation, BuiltinMode.LIST)
    assert fields(installation.store) == before
    with installation.store.read() as reading:
        turned = [each for each in reading.changes(limit=1000) if each.kind == Subject.INSTALLATION]
    assert [each.after for each in turned] == [{"builtin": "list"}, {"builtin": "inform"}]


def test_whether_there_is_anything_to_renew_one_row_says(installation: Installation) -> None:
    asked: list[str] = []
    engine = installation.store.database.engine
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    renew_builtin(installation.store, now)
    tables = [name for each in asked for name in re.findall(r"FROM (\w+)", each)]
    assert tables == ["installation"]

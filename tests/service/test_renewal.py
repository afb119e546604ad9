"""A database that an earlier release filled is brought up to today's facts; what people did to it stays."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.api.state import Options
from callsheet.domain.changes.change import Action, ChangeRecord, Subject
from callsheet.domain.errors import RefusedError
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import EPOCH, parse_instant
from callsheet.service.builtin import builtin_catalog
from callsheet.service.catalog import CatalogService
from callsheet.service.maintenance.check import check_database
from callsheet.service.maintenance.copy import copy_installation
from callsheet.service.renewal import ACTOR, Facts, renew_builtin
from callsheet.service.state.live import LiveState
from callsheet.storage.store import Store
from tests.first_release import REVISION, first_release
from tests.installation import Installation, again_on_postgresql, make_model, now
from tests.postgres import Databases
from tests.tiers import examples

#: What Ada did to built-in models in the database of the first release.
BY_ADA = {
    "claude-opus-4-5-20251101": {"lifecycle", "deprecated_at", "retires_at"},
    "claude-opus-4-20250514": {"hidden"},
}


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """The database of the first release."""
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


def test_the_first_release_comes_to_todays_facts_but_for_what_ada_did(old: Store) -> None:
    before = fields(old)
    renewed = renew_builtin(old, now)
    after = fields(old)
    for model in builtin_catalog()[0]:
        by_ada = BY_ADA.get(model.id, set())
        facts = dict(model.record())
        assert {name: after[model.id][name] for name in facts if name not in by_ada} == {
            name: value for name, value in facts.items() if name not in by_ada
        }
        assert {name: after[model.id][name] for name in by_ada} == {name: before[model.id][name] for name in by_ada}
    others = before.keys() - {model.id for model in builtin_catalog()[0]}
    assert {name: after[name] for name in others} == {name: before[name] for name in others}
    assert sorted(renewed) == sorted(name for name in before if before[name] != after[name])


def test_it_is_one_recorded_change_of_the_program_and_is_made_once(old: Store) -> None:
    assert renew_builtin(old, now)
    with old.read() as reading:
        made = [each for each in reading.changes() if each.revision > REVISION]
    assert {each.revision for each in made} == {REVISION + 1}
    assert {each.actor for each in made} == {ACTOR}
    assert renew_builtin(old, now) == []
    with old.read() as reading:
        installation = reading.installation()
    assert installation is not None
    assert installation.revision == REVISION + 1
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


def test_what_somebody_set_back_to_the_earlier_value_stays_so(old: Store) -> None:
    renew_builtin(old, now)
    ada = CatalogService(old, "cli:ada", now)
    ada.change("claude-haiku-4-5-20251001", {"capabilities": None})
    assert renew_builtin(old, now) == []
    assert ada.show("claude-haiku-4-5-20251001").model.capabilities is None


def test_a_value_that_this_release_does_not_know_stays_as_it_is(old: Store) -> None:
    later = CatalogService(old, ACTOR, now)  # as a later release would renew it
    later.change("claude-fable-5-2", {"max_tokens": 256_000, "capabilities": {"batch": {"supported": True}}})
    renew_builtin(old, now)
    model = later.show("claude-fable-5-2").model
    assert (model.max_tokens, model.capabilities) == (256_000, {"batch": {"supported": True}})


def test_a_row_that_was_changed_past_callsheet_stays_as_it_is(tmp_path: Path) -> None:
    store = first_release(tmp_path / "callsheet.db")
    with store.write("cli:ada", now()) as writing:
        model = writing.model("claude-opus-5")
        assert model is not None
        writing.put_model(replace(model, display_name="By hand"))  # leaving no record
    renew_builtin(store, now)
    assert fields(store)["claude-opus-5"]["display_name"] == "By hand"


EARLIER: dict[str, dict[str, Any]] = {
    "a": {"display_name": "Old", "max_tokens": None},
    "b": {"lifecycle": Lifecycle.ACTIVE, "deprecated_at": None, "retires_at": None, "capabilities": None},
    "c": {"created_at": EPOCH, "line": None},
}
TODAY = {
    "a": make_model("a", display_name="New", max_tokens=10, source="anthropic"),
    "b": make_model(
        "b",
        lifecycle=Lifecycle.DEPRECATED,
        deprecated_at=parse_instant("2026-02-01"),
        retires_at=parse_instant("2099-01-01"),
        capabilities={"batch": {"supported": True}},
        source="anthropic",
    ),
    "c": make_model("c", "2026-03-01", line="opus", source="anthropic"),
    "new": make_model("new", "2026-11-01", source="anthropic"),
}
FACTS = Facts([*TODAY.values()], {"first": "a", "latest": "new"}, {key: [value] for key, value in EARLIER.items()})

ids = st.sampled_from(["a", "b", "c"])
acts = st.one_of(
    st.tuples(st.just("change"), ids, st.fixed_dictionaries({}, optional={
        "display_name": st.sampled_from(["Old", "Mine"]),
        "max_tokens": st.sampled_from([None, 5]),
        "line": st.sampled_from([None, "haiku"]),
        "capabilities": st.sampled_from([None, {"batch": {"supported": False}}]),
        "created_at": st.sampled_from([EPOCH, parse_instant("2026-01-05")]),
    })),
    st.tuples(st.just("deprecate"), ids, st.sampled_from([None, parse_instant("2098-01-01")])),
    *(st.tuples(st.just(verb), ids) for verb in ("retire", "remove", "hide", "unhide", "again")),
    st.tuples(st.just("unalias"), st.just("first")),
    st.tuples(st.just("alias"), st.sampled_from(["new", "latest"]), ids),
)  # fmt: skip


def install_earlier(installation: Installation) -> None:
    """Fill the catalogue as an earlier release did."""
    installation.clear_catalog()
    program = CatalogService(installation.store, ACTOR, now)
    for model_id, earlier in EARLIER.items():
        program.add(replace(TODAY[model_id], **earlier))
    program.alias("first", "a")


def act(catalog: CatalogService, verb: str, *given: Any) -> None:
    """Do it, or be refused."""
    try:
        if verb == "again":
            catalog.remove(*given)
            catalog.add(make_model(*given, display_name="Mine"))
        elif verb == "deprecate":
            model_id, retires_at = given
            catalog.deprecate(model_id, retires_at=retires_at)
        else:
            getattr(catalog, verb)(*given)
    except RefusedError:
        pass


GROUP = ("lifecycle", "deprecated_at", "retires_at")


def expected(history: list[ChangeRecord], present: dict[str, Model]) -> dict[str, Model]:
    """What should become of the models, from what Ada's records say that she set."""
    result = {}
    for model_id, model in present.items():
        hers = {
            name
            for each in history
            if each.kind == Subject.MODEL and each.subject == model_id and each.actor == "cli:ada"
            for name, value in (each.after or {}).items()
            if value != (each.before or {}).get(name, each)
        }
        if hers & set(GROUP):
            hers |= set(GROUP)
        renewable = {name: getattr(TODAY[model_id], name) for name in EARLIER[model_id] if name not in hers}
        result[model_id] = replace(model, **renewable)
    return result


@again_on_postgresql
@examples(0.25)
@given(drawn=st.lists(acts, max_size=8))
def test_whatever_ada_did_stays_and_all_else_is_renewed(installation: Installation, drawn: list[Any]) -> None:
    install_earlier(installation)
    ada = CatalogService(installation.store, "cli:ada", now)
    for each in drawn:
        act(ada, *each)
    with installation.store.read() as reading:
        records = reading.changes(limit=10_000)
        begin = next(number for number, each in enumerate(records) if each.before is each.after is None)
        history = records[:begin]
        present = {model.id: model for model in reading.models(list(EARLIER))}
        aliases = reading.aliases()
        removed = {each.subject for each in history if each.action == Action.UNALIAS}
    renewed = renew_builtin(installation.store, now, FACTS)
    with installation.store.read() as reading:
        after = {model.id: model for model in reading.models(list(EARLIER))}
        assert after == expected(history, present)
        wanted = bool(present) and "new" not in aliases
        assert (reading.model("new") is not None) == wanted
        if "first" in removed and "first" not in aliases:
            assert "first" not in reading.aliases()
        assert aliases.items() <= reading.aliases().items()
    assert renew_builtin(installation.store, now, FACTS) == []
    assert sorted(renewed) == sorted([*(name for name in after if after[name] != present[name]), *["new"] * wanted])


def test_a_new_model_that_somebody_removed_does_not_come_back(installation: Installation) -> None:
    install_earlier(installation)
    assert "new" in renew_builtin(installation.store, now, FACTS)
    installation.catalog.remove("new")
    assert renew_builtin(installation.store, now, FACTS) == []


def test_where_no_built_in_model_is_left_none_is_added(empty: Installation) -> None:
    empty.add(make_model("mine"))
    assert renew_builtin(empty.store, now, FACTS) == []
    assert [*fields(empty.store)] == ["mine"]

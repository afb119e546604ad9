"""Each change an operator can make to the catalogue: what it does, and the record it leaves."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from callsheet.domain.alias import Alias
from callsheet.domain.errors import DoesNotExistError, InvalidError
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import format_instant
from callsheet.service.catalog import CatalogService, Outcome
from callsheet.service.maintenance.check import check_database
from callsheet.service.maintenance.problem import Problem
from tests.installation import Installation, again_on_postgresql, make_model
from tests.put import put_model
from tests.service.content import content, recorded, unchanged

pytestmark = again_on_postgresql

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def catalog(empty: Installation) -> CatalogService:
    """The catalogue's service at a fixed time, over models a (newest), b and c."""
    empty.add(make_model("a", "2026-03-01"), make_model("b", "2026-02-01"), make_model("c", "2026-01-01"))
    return CatalogService(empty.store, "test", lambda: NOW)


def sides(record: dict[str, Any]) -> tuple[Any, Any]:
    """Before and after, of a change record as it is stored."""
    return tuple(None if record[side] is None else json.loads(record[side]) for side in ("before", "after"))  # type: ignore[return-value]


def stored(installation: Installation, model_id: str) -> dict[str, Any]:
    """The model without its aliases, which a record does not hold."""
    return installation.catalog.show(model_id).model.record()


def the_one(outcome: Outcome) -> Model:
    """The one model that was named."""
    (item,) = outcome.models
    return item.model


def test_adding_a_model(empty: Installation) -> None:
    with recorded(empty, ("add", "model", "new")) as records:
        shown = empty.catalog.add(
            make_model("new", "2026-01-01", line="opus", capabilities={"batch": {"supported": True}})
        )
    assert shown == empty.catalog.show("new")
    assert shown.aliases == []
    assert sides(records[0]) == (None, stored(empty, "new"))


def faults_in_rows(installation: Installation) -> list[Problem]:
    """What `callsheet check` says; that the fixture emptied the catalogue without a record is not meant."""
    problems = check_database(installation.store).problems
    return [each for each in problems if each.kind != "change" and not each.subject.startswith("claude-")]


UNUSUAL = (
    *("Gemini 3 Pro", "/data/x/", "我的模型", "claude-opus-4-8[1m]", "e\u0301", "é", "🎬" * 256),
    'it\'s %s \\ "x"',
)


def test_models_aliases_and_replacements_may_have_any_printable_name(empty: Installation) -> None:
    for name in UNUSUAL:
        empty.add(make_model(name))
        empty.catalog.alias(f"{name[:200]}~", name)
    for name, other in pairwise(UNUSUAL):
        empty.catalog.deprecate(name, replacement=other)
        assert empty.catalog.show(f"{name[:200]}~").model.replacement == other
        assert empty.history.list(name)[0].subject == name
    assert [model.id for model, _ in empty.catalog.list()] == sorted(UNUSUAL)
    empty.catalog.remove(UNUSUAL[0])
    with empty.store.read() as reading:
        assert list(reading.tombstones()) == [UNUSUAL[0]]
    assert faults_in_rows(empty) == []


def test_a_model_whose_name_a_newer_python_knows_is_read_changed_and_removed(empty: Installation) -> None:
    name = "a\u0378b"  # assigned one day, perhaps
    with empty.store.write("test", NOW) as writing:
        put_model(writing, make_model(name, "2026-03-01"))
        writing.record("add", "model", name, None, make_model(name, "2026-03-01").record())
    assert faults_in_rows(empty) == []
    assert the_one(empty.catalog.hide(name)).hidden
    live = empty.live()
    live.refresh()
    assert live.current.catalog.get(name) is not None
    empty.catalog.remove(name)
    assert empty.catalog.list() == []


def test_changing_a_model(empty: Installation, catalog: CatalogService) -> None:
    before = stored(empty, "a")
    with recorded(empty, ("change", "model", "a")) as records:
        shown = catalog.change("a", {"display_name": "A 2", "max_tokens": 64_000, "line": None})
    assert (shown.model.record(), shown.aliases) == ({**before, "display_name": "A 2", "max_tokens": 64_000}, [])
    assert sides(records[0]) == (before, stored(empty, "a"))


def test_deprecating_a_model_with_a_date_and_a_replacement(empty: Installation, catalog: CatalogService) -> None:
    before = stored(empty, "b")
    with recorded(empty, ("deprecate", "model", "b")) as records:
        model = the_one(catalog.deprecate("b", retires_at=NOW + timedelta(days=60), replacement="a"))
    assert model.lifecycle is Lifecycle.DEPRECATED
    assert (model.deprecated_at, model.retires_at) == (NOW, NOW + timedelta(days=60))
    assert model.replacement == "a"
    assert sides(records[0]) == (before, stored(empty, "b"))


def test_deprecating_again_moves_the_date(empty: Installation, catalog: CatalogService) -> None:
    catalog.deprecate("b", retires_at=NOW + timedelta(days=60), replacement="a")
    with recorded(empty, ("deprecate", "model", "b")):
        model = the_one(catalog.deprecate("b", retires_at=NOW + timedelta(days=90)))
    assert (model.retires_at, model.replacement) == (NOW + timedelta(days=90), "a")


def test_retiring_a_model(empty: Installation, catalog: CatalogService) -> None:
    before = stored(empty, "a")
    with recorded(empty, ("retire", "model", "a")) as records:
        model = the_one(catalog.retire("a"))
    assert (model.lifecycle, model.deprecated_at, model.retires_at) == (Lifecycle.RETIRED, NOW, NOW)
    assert sides(records[0]) == (before, stored(empty, "a"))


def test_a_retired_model_can_be_made_active_again_by_taking_its_dates(catalog: CatalogService) -> None:
    catalog.retire("a")
    shown = catalog.change("a", {"lifecycle": Lifecycle.ACTIVE, "deprecated_at": None, "retires_at": None})
    assert shown.model.lifecycle is Lifecycle.ACTIVE


def test_hiding_and_unhiding_a_model(empty: Installation, catalog: CatalogService) -> None:
    with recorded(empty, ("hide", "model", "a")):
        assert the_one(catalog.hide("a")).hidden
    with recorded(empty, ("unhide", "model", "a")):
        assert not the_one(catalog.unhide("a")).hidden


def test_naming_a_model_by_an_alias_and_dropping_the_alias(empty: Installation, catalog: CatalogService) -> None:
    with recorded(empty, ("alias", "alias", "latest")) as records:
        assert catalog.alias("latest", "a") == Alias("latest", "a")
    assert sides(records[0]) == (None, {"alias": "latest", "model_id": "a"})
    assert catalog.show("latest").model.id == "a"
    assert catalog.show("a").aliases == ["latest"]
    with recorded(empty, ("unalias", "alias", "latest")) as records:
        assert catalog.unalias("latest") == Alias("latest", "a")
    assert sides(records[0]) == ({"alias": "latest", "model_id": "a"}, None)
    assert catalog.show("a").aliases == []


def test_removing_a_model_takes_its_aliases_and_leaves_its_place(
    empty: Installation, catalog: CatalogService
) -> None:
    catalog.alias("x", "a")
    catalog.alias("y", "a")
    before = stored(empty, "a")
    with recorded(empty, ("unalias", "alias", "x"), ("unalias", "alias", "y"), ("remove", "model", "a")) as records:
        catalog.remove("a")
    assert sides(records[2]) == (before, None)
    assert [model.id for model, _ in catalog.list()] == ["b", "c"]
    assert content(empty)["aliases"] == []
    assert content(empty)["tombstones"] == [{"id": "a", "created_at": "2026-03-01T00:00:00Z", "line": None}]


def test_a_removed_model_stays_the_replacement_of_others(empty: Installation, catalog: CatalogService) -> None:
    catalog.deprecate("b", replacement="a")
    with recorded(empty, ("remove", "model", "a")):
        catalog.remove("a")
    assert catalog.show("b").model.replacement == "a"
    with pytest.raises(DoesNotExistError, match=r"^There is no model 'a' to be the replacement\.$"):
        catalog.deprecate("c", replacement="a")


def test_a_removed_model_may_come_back_and_its_tombstone_goes(empty: Installation, catalog: CatalogService) -> None:
    catalog.remove("a")
    with recorded(empty, ("add", "model", "a")):
        catalog.add(make_model("a", "2026-01-15"))
    assert content(empty)["tombstones"] == []
    assert [model.id for model, _ in catalog.list()] == ["b", "a", "c"]


def test_what_changes_nothing_leaves_no_record(empty: Installation, catalog: CatalogService) -> None:
    catalog.hide("a")
    catalog.deprecate("b", retires_at=NOW + timedelta(days=60), replacement="a")
    with unchanged(empty):
        catalog.hide("a")
        catalog.unhide("c")
        catalog.deprecate("b")
        catalog.deprecate("b", retires_at=NOW + timedelta(days=60), replacement="a")
        catalog.change("a", {})
    with recorded(empty, ("claim", "claim", "a")):
        catalog.change("a", {"display_name": "a", "hidden": True})
    with unchanged(empty):
        catalog.change("a", {"display_name": "a", "hidden": True})


def test_the_list_is_in_the_order_of_the_api_and_holds_everything(catalog: CatalogService) -> None:
    catalog.add(make_model("d", "2026-03-01", line="opus"))
    catalog.hide("a")
    catalog.retire("b")
    catalog.alias("z", "c")
    catalog.alias("y", "c")
    listed = catalog.list()
    assert [model.id for model, _ in listed] == ["d", "a", "b", "c"]
    assert [aliases for _, aliases in listed] == [[], [], [], ["y", "z"]]
    assert listed == [catalog.show(model.id) for model, _ in listed]


def test_history_has_the_latest_first_of_all_or_of_one(empty: Installation, catalog: CatalogService) -> None:
    catalog.hide("a")
    catalog.alias("x", "b")
    catalog.unhide("a")
    latest = [(record.action, record.subject) for record in empty.history.list(limit=3)]
    assert latest == [("unhide", "a"), ("alias", "x"), ("hide", "a")]
    assert [record.action for record in empty.history.list("a")] == ["unhide", "hide", "add"]
    assert [record.action for record in empty.history.list("a", limit=1)] == ["unhide"]
    with pytest.raises(DoesNotExistError, match="ever had the id or name 'never'"):
        empty.history.list("never")
    last = empty.history.list("a")[0]
    assert (last.at, last.actor) == (format_instant(NOW), "test")
    assert last.after is not None
    assert last.before == {**last.after, "hidden": True}


def test_the_actor_is_whoever_the_service_was_made_for(empty: Installation) -> None:
    CatalogService(empty.store, "cli:anna", lambda: NOW).add(make_model("a"))
    assert content(empty)["changes"][-1]["actor"] == "cli:anna"


def test_a_dangling_alias_does_not_stop_the_list(empty: Installation) -> None:
    empty.catalog.add(make_model("a"))
    empty.catalog.alias("x", "a")
    with empty.store.database.engine.connect() as connection:  # past Callsheet, and past what guards the rows
        if empty.store.database.file is None:
            connection.exec_driver_sql("ALTER TABLE aliases DROP CONSTRAINT fk_aliases_model_id_models")
        else:
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("DELETE FROM models")
        connection.commit()
    assert list(empty.catalog.list()) == []


def test_an_id_that_may_not_be_given_is_refused_before_a_busy_database_is_waited_for(empty: Installation) -> None:
    with empty.store.write("test", NOW), pytest.raises(InvalidError):
        empty.catalog.alias("..", "a")

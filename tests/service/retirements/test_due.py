"""Models that retire themselves: on their day, once, whoever is first; and a real one."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from callsheet.domain.changes.change import Subject
from callsheet.domain.model import Lifecycle, RetirementPrecision
from callsheet.domain.times import parse_instant
from callsheet.service.catalog import CatalogService
from callsheet.service.maintenance.check import check_database
from callsheet.service.renewal import ACTOR
from callsheet.service.retirements.due import REASON, begin_day, retire_due
from callsheet.service.setup import open_store
from tests.installation import Installation, again_on_postgresql, make_model

DAY = parse_instant("2099-11-30")
BEFORE = DAY - timedelta(seconds=1)
SONNET = "claude-sonnet-4-5-20250929"


def announce(installation: Installation, *, day: datetime = DAY, **more: Any) -> None:
    """Add two models, of which the first retires itself on a day, and two aliases of it."""
    installation.add(make_model("acme/old"), make_model("acme/new"))
    installation.catalog.alias("acme/a", "acme/old")
    installation.catalog.alias("acme/b", "acme/old")
    given = {"retirement_precision": RetirementPrecision.EXACT, "replacement": "acme/new", **more}
    installation.catalog.deprecate("acme/old", retires_at=day, retires_itself=True, **given)


def revision(installation: Installation) -> int:
    with installation.store.read() as reading:
        found = reading.installation()
    assert found is not None
    return found.revision


@again_on_postgresql
def test_a_model_retires_itself_on_its_day_not_before_and_once(installation: Installation) -> None:
    announce(installation)
    assert retire_due(installation.store, lambda: BEFORE) == []
    assert installation.catalog.show("acme/old").model.lifecycle is Lifecycle.DEPRECATED
    made = revision(installation)
    assert retire_due(installation.store, lambda: DAY) == ["acme/old"]
    model = installation.catalog.show("acme/old").model
    assert (model.lifecycle, model.retires_at) == (Lifecycle.RETIRED, DAY)
    assert model.retirement_precision is RetirementPrecision.EXACT
    for later in (DAY, DAY + timedelta(days=9)):  # another replica, and another day
        assert retire_due(installation.store, lambda later=later: later) == []  # type: ignore[misc]
    assert revision(installation) == made + 1
    assert check_database(installation.store).problems == []


def test_the_record_names_the_program_and_says_why(installation: Installation) -> None:
    announce(installation)
    retire_due(installation.store, lambda: DAY)
    with installation.store.read() as reading:
        last = next(each for each in reading.changes() if each.kind == Subject.MODEL)
    assert (last.actor, last.action, last.reason, last.subject) == (ACTOR, "retire", REASON, "acme/old")


def test_a_date_that_is_the_earliest_retires_nothing(installation: Installation) -> None:
    announce(installation, retirement_precision=RetirementPrecision.EARLIEST)
    assert retire_due(installation.store, lambda: DAY + timedelta(days=400)) == []


def test_aliases_stay_unless_they_are_to_move_to_the_replacement(installation: Installation) -> None:
    announce(installation)
    retire_due(installation.store, lambda: DAY)
    assert installation.catalog.show("acme/a").model.id == "acme/old"


def test_aliases_move_with_the_retirement_if_the_operator_says_so(installation: Installation) -> None:
    announce(installation)
    made = revision(installation)
    retire_due(installation.store, lambda: DAY, move_aliases=True)
    assert {installation.catalog.show(name).model.id for name in ("acme/a", "acme/b")} == {"acme/new"}
    assert revision(installation) == made + 1


def test_aliases_do_not_move_to_a_model_that_cannot_be_used(installation: Installation) -> None:
    announce(installation)
    installation.catalog.hide("acme/new")
    retire_due(installation.store, lambda: DAY, move_aliases=True)
    assert installation.catalog.show("acme/a").model.id == "acme/old"


def test_a_retirement_that_a_person_took_back_stays_taken_back(installation: Installation) -> None:
    announce(installation)
    retire_due(installation.store, lambda: DAY)
    later = CatalogService(installation.store, "cli:ada", lambda: DAY)
    later.change("acme/old", {"lifecycle": Lifecycle.ACTIVE})
    assert retire_due(installation.store, lambda: DAY + timedelta(days=1)) == []


def test_a_built_in_model_turns_on_its_day_in_november_2026_with_its_aliases_if_asked(tmp_path: Path) -> None:
    eve, day = parse_instant("2026-11-29T23:59:59Z"), parse_instant("2026-11-30")
    store = open_store(f"sqlite:///{tmp_path}/callsheet.db", lambda: eve)
    people = CatalogService(store, "cli:ada", lambda: eve)
    assert fact(people) == (Lifecycle.DEPRECATED, day, RetirementPrecision.EXACT)
    people.change(SONNET, {"retires_itself": True, "replacement": "claude-sonnet-5-5"})
    begin_day(store, lambda: eve, move_aliases=True)
    assert fact(people)[0] is Lifecycle.DEPRECATED
    begin_day(store, lambda: day, move_aliases=True)
    assert fact(people) == (Lifecycle.RETIRED, day, RetirementPrecision.EXACT)
    assert people.show("claude-sonnet-4-5").model.id == "claude-sonnet-5-5"


def fact(catalog: CatalogService) -> tuple[object, ...]:
    model = catalog.show(SONNET).model
    return model.lifecycle, model.retires_at, model.retirement_precision

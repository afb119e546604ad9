"""Calendars of an installation: stable, numbered, and with nothing that a workspace cannot retrieve."""

from datetime import timedelta
from typing import Any

import icalendar
from hypothesis import given
from hypothesis import strategies as st

from callsheet.api.explain import Asker
from callsheet.api.state import Options, State
from callsheet.domain.access.keyring import Keyring
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.catalog import Catalog
from callsheet.domain.model import Lifecycle, Model, RetirementPrecision
from callsheet.domain.times import parse_instant
from callsheet.service.explain.seeing import what_sees
from callsheet.service.maintenance.check import check_database
from callsheet.service.retirements.feed import write_feed
from tests.installation import Installation, again_on_postgresql, make_model

NOW = parse_instant("2099-06-01")
DAY = parse_instant("2099-11-30")


def events(body: bytes | None) -> dict[str, Any]:
    """The events by title."""
    assert body is not None
    return {str(each["SUMMARY"]): each for each in icalendar.Calendar.from_ical(body).walk("VEVENT")}


def feed(installation: Installation, workspace_id: str | None = None) -> dict[str, Any]:
    with installation.store.read() as reading:
        return events(write_feed(installation.live().current, reading.retirement_dates(), workspace_id, NOW))


def announce(installation: Installation, day: str, **more: Any) -> None:
    exact = {"retirement_precision": RetirementPrecision.EXACT, **more}
    installation.catalog.deprecate("m", retires_at=parse_instant(day), **exact)


@again_on_postgresql
def test_an_event_keeps_its_uid_rises_when_its_date_moves_and_is_cancelled_when_withdrawn(
    installation: Installation,
) -> None:
    installation.add(make_model("m", display_name="M"))
    assert "M retires" not in feed(installation)
    announce(installation, "2099-11-30")
    first = feed(installation)["M retires"]
    assert (int(first["SEQUENCE"]), str(first["STATUS"])) == (0, "CONFIRMED")
    installation.catalog.change("m", {"description": "Still the same date"})
    assert feed(installation)["M retires"] == first
    announce(installation, "2099-12-31")
    second = feed(installation)["M retires"]
    assert (second["UID"], int(second["SEQUENCE"])) == (first["UID"], 1)
    assert str(second["DTSTART"].dt) == "2099-12-31"
    installation.catalog.change("m", {"lifecycle": Lifecycle.ACTIVE})
    with installation.store.read() as reading:
        dates = reading.retirement_dates()
        now = dates["m"].changed_at + timedelta(days=1)
        cancelled = events(write_feed(installation.live().current, dates, None, now))["M does not retire"]
        late = events(write_feed(installation.live().current, dates, None, now + timedelta(days=90)))
    assert (cancelled["UID"], int(cancelled["SEQUENCE"]), str(cancelled["STATUS"])) == (
        first["UID"],
        2,
        "CANCELLED",
    )
    assert cancelled.walk("VALARM") == []
    assert "M does not retire" not in late
    announce(installation, "2100-01-31")
    assert int(feed(installation)["M retires"]["SEQUENCE"]) == 3
    assert check_database(installation.store).problems == []


def test_a_date_that_is_the_earliest_or_not_said_to_be_exact_is_tentative(empty: Installation) -> None:
    empty.add(make_model("m", display_name="M"))
    announce(empty, "2099-11-30", retirement_precision=RetirementPrecision.EARLIEST)
    assert str(feed(empty)["M may retire"]["STATUS"]) == "TENTATIVE"
    empty.catalog.change("m", {"retirement_precision": None})
    assert "is not known" in str(feed(empty)["M may retire"]["DESCRIPTION"])


def test_the_replacement_is_named_only_to_those_who_see_it(empty: Installation) -> None:
    empty.add(make_model("m", display_name="M"), make_model("secret-next"))
    announce(empty, "2099-11-30", replacement="secret-next")
    team = empty.workspace("team", allow=("m",))
    assert "secret-next" in str(feed(empty)["M retires"]["DESCRIPTION"])
    assert "secret" not in str(feed(empty, team)["M retires"]["DESCRIPTION"])


def test_an_archived_workspace_has_no_calendar(empty: Installation) -> None:
    team = empty.workspace("team")
    empty.access.archive_workspace("team")
    assert write_feed(empty.live().current, {}, team, NOW) is None


ids = ["claude-a", "claude-b", "acme/a", "acme/*", "x"]
globs = st.lists(st.sampled_from(["claude-*", "acme/*", "*a", "x", "*"]), max_size=3).map(tuple)


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    """Some models, most of which retire, and replace each other."""
    names = draw(st.lists(st.sampled_from(ids), unique=True))
    found = []
    for name in names:
        lifecycle = draw(st.sampled_from(Lifecycle))
        since = None if lifecycle is Lifecycle.ACTIVE else parse_instant("2099-01-01")
        day = None if since is None else draw(st.sampled_from([None, DAY, parse_instant("2099-03-01")]))
        other = draw(st.sampled_from([None, *(each for each in ids if each != name)]))
        hidden = draw(st.booleans())
        found.append(
            Model(
                id=name,
                display_name=f"<{name}>",
                lifecycle=lifecycle,
                deprecated_at=since,
                retires_at=day,
                replacement=other,
                hidden=hidden,
            )
        )
    return Catalog(found)


@given(catalogs(), globs, globs)
def test_a_workspace_finds_in_its_calendar_the_dated_models_that_it_can_retrieve_and_no_other_name(
    catalog: Catalog, allow: tuple[str, ...], deny: tuple[str, ...]
) -> None:
    workspace = Workspace(id="wrkspc_1", name="w", visibility=Visibility(allow, deny), created_at=NOW)
    state = State(
        catalog=catalog,
        keyring=Keyring(),
        workspaces={"wrkspc_1": workspace},
        organization_id="o",
        default_workspace_id="wrkspc_1",
        options=Options(),
    )
    seen = {model.id: model for model, _ in what_sees(state, Asker(None, "wrkspc_1"), NOW.timestamp())}
    body = write_feed(state, {}, "wrkspc_1", NOW)
    found = events(body)
    assert len(found) == sum(model.retires_at is not None for model in seen.values())
    named = {name for name in ids if any(f"<{name}>" in title for title in found)}
    for each in found.values():
        named |= {line.split(": ")[1] for line in str(each["DESCRIPTION"]).split("\n") if ": " in line}
    assert named <= seen.keys()

"""Retirements as a timeline, the form that plans one, and calendars."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.edits import ModelChange
from callsheet.domain.model import Lifecycle
from callsheet.domain.times import format_instant
from callsheet.service.retirements.calendars import CalendarService
from tests.console.browsing import HOST, Browser
from tests.installation import Installation, make_model, now

RETIREMENTS = "/console/retirements"
CALENDARS = "/console/retirements/calendars"


def day(days: int) -> str:
    """So many days from now."""
    return format_instant(now() + timedelta(days=days))[:10]


def fill(installation: Installation) -> None:
    """Models that retire, in each way."""
    catalog = installation.catalog
    installation.clear_catalog()
    for name in ("old", "older", "oldest", "round", "about", "lost", "new", "dated"):
        catalog.add(make_model(f"claude-{name}", line="opus" if name != "lost" else "rare"))
    catalog.deprecate("claude-old", retires_at=now() + timedelta(days=10), replacement="claude-new")
    catalog.deprecate("claude-older", retires_at=now() + timedelta(days=40), replacement="claude-old")
    catalog.deprecate("claude-round", retires_at=now() + timedelta(days=20), replacement="claude-about")
    catalog.deprecate("claude-about", retires_at=now() + timedelta(days=20), replacement="claude-round")
    catalog.deprecate("claude-lost", retires_at=now() + timedelta(days=200))
    catalog.alias("opus", "claude-old")
    catalog.retire("claude-oldest")
    installation.workspace("few", ("claude-old",))


@pytest.fixture
def filled(installation: Installation) -> Browser:
    """A browser, over models that retire."""
    fill(installation)
    return Browser(installation).sign_in()


def test_what_retires_is_shown_by_month_with_what_to_move_to(filled: Browser) -> None:
    shown = filled.open(RETIREMENTS)
    old = next(
        each for each in shown.soup.select("ol.dates > li") if each.select("a")[0].get_text() == "claude-old"
    )
    text = " ".join(old.get_text(" ").split())
    for words in ("in 10 days", "move to claude-new", "also called opus", "0 keys of", "default"):
        assert words in text
    titles = [each.get_text().split()[0] for each in shown.soup.select("section h2")]
    assert titles[-1] == f"{now() + timedelta(days=200):%B}"
    assert "claude-oldest" not in shown.text
    older = next(
        each for each in shown.soup.select("ol.dates > li") if each.select("a")[0].get_text() == "claude-older"
    )
    assert "move to claude-old → then claude-new" in " ".join(older.get_text(" ").split())
    assert "The replacements form a loop." in shown.text
    assert "It has no replacement." in shown.text
    assert "Left without any rare model: " in shown.text


def test_filters_are_in_the_address(filled: Browser) -> None:
    def ids(query: str) -> set[str]:
        found = filled.open(f"{RETIREMENTS}.json?{query}").json["groups"]
        return {each["id"].removeprefix("claude-") for group in found for each in group["retirements"]}

    assert ids("within=30d") == ids("within=30") == {"old", "round", "about"}
    assert "oldest" in ids("state=all")
    assert ids("state=overdue") == set()
    assert "No retirement matches" in filled.open(f"{RETIREMENTS}?state=overdue").text
    assert ids("workspace=few") == {"old"}
    assert (
        "callsheet retirements --within 30d --overdue"
        in filled.open(f"{RETIREMENTS}?within=30d&state=overdue").text
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("within", "soon"),
        ("within", "99999999"),
        ("state", "dog"),
        ("workspace", "<img src=x>"),
        ("key", "nothing"),
    ],
)
def test_what_cannot_be_asked_is_said_at_its_field(filled: Browser, field: str, value: str) -> None:
    shown = filled.open(f"{RETIREMENTS}?{field}={quote(value)}")
    assert shown.status == 400
    assert shown.error_of(field)
    assert shown.soup.find("img") is None


def test_many_retirements_are_paged_both_ways(installation: Installation) -> None:
    installation.clear_catalog()
    some: dict[str, Any] = {
        "lifecycle": Lifecycle.DEPRECATED,
        "deprecated_at": now(),
        "retires_at": now() + timedelta(days=9),
    }
    installation.add_at_once(make_model(f"m{number:03}", **some) for number in range(115))
    signed_in = Browser(installation).sign_in()
    first = signed_in.open(RETIREMENTS)
    assert len(first.soup.select("ol.dates > li")) == 50
    second = signed_in.open(first.link("Next page"))
    third = signed_in.open(second.link("Next page"))
    assert [each.select("a")[0].get_text() for each in third.soup.select("ol.dates > li")] == [
        f"m{n}" for n in range(100, 115)
    ]
    back = signed_in.open(third.link("Previous"))
    assert back.soup.select("ol.dates")[0].get_text() == second.soup.select("ol.dates")[0].get_text()


def test_a_model_is_deprecated_and_its_date_moved_and_taken_away(filled: Browser) -> None:
    page = f"{RETIREMENTS}/models/claude-dated"
    form = filled.open(page)
    plan = filled.send(form, "Review change", retires_at=day(50), replacement="claude-new")
    assert f"callsheet catalog deprecate --retires-at {day(50)} --replacement claude-new claude-dated" in plan.text
    assert filled.send(plan, "Apply").path.startswith(RETIREMENTS)
    assert filled.installation.catalog.show("claude-dated").model.replacement == "claude-new"
    plan = filled.send(filled.open(page), "Review change", retires_at=day(60))
    assert "replacement" not in plan.text.partition("POST /v1")[2]
    filled.send(plan, "Apply")
    filled.send(filled.send(filled.open(page), "Review change", retires_at=""), "Apply")
    assert filled.installation.catalog.show("claude-dated").model.retires_at is None


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("retires_at", "soon", "Must be a day such as"),
        ("replacement", "nothing", "no model 'nothing'"),
        ("replacement", "claude-dated", "its own replacement"),
    ],
)
def test_a_plan_that_cannot_be_is_said_at_its_field_and_kept(
    filled: Browser, field: str, value: str, words: str
) -> None:
    form = filled.open(f"{RETIREMENTS}/models/claude-dated")
    again = filled.send(form, "Review change", **{field: value})
    assert again.status == 400
    assert words in again.error_of(field)
    assert again.fields("Review change")[field] == [value]
    assert filled.installation.catalog.show("claude-dated").model.lifecycle is Lifecycle.ACTIVE


def test_a_form_that_went_stale_shows_what_has_changed(filled: Browser) -> None:
    form = filled.open(f"{RETIREMENTS}/models/claude-old")
    filled.installation.catalog.change("claude-old", ModelChange(replacement="claude-dated"))
    again = filled.send(form, "Review change", retires_at=day(90))
    assert again.status == 409
    assert "Meanwhile it was changed to: claude-dated" in again.text


def test_a_model_is_retired_from_the_list(filled: Browser) -> None:
    shown = filled.open(RETIREMENTS)
    fields = {"csrf": shown.fields("Sign out")["csrf"][0], "action": "retire", "model": "claude-old"}
    plan = filled.post(RETIREMENTS, fields)
    assert plan.heading == "Retire claude-old"
    filled.send(plan, "Apply")
    assert filled.installation.catalog.show("claude-old").model.lifecycle is Lifecycle.RETIRED
    assert filled.post(RETIREMENTS, {**fields, "action": "eat"}).status == 400


def test_a_calendar_is_made_its_token_shown_once_and_revoked(filled: Browser) -> None:
    empty = filled.open(CALENDARS)
    assert "There is no calendar yet" in empty.text
    again = filled.send(empty, "Review change", name="")
    assert "Type a name" in again.error_of("name")
    plan = filled.send(again, "Review change", name="Team <b>")
    assert "callsheet calendars create 'Team <b>'" in plan.text
    made = filled.send(plan, "Apply")
    assert made.reply.headers["cache-control"] == "no-store"
    (secret,) = made.soup.select(".secret code")
    address = secret.get_text()
    token = address.rpartition("/")[2].removesuffix(".ics")
    assert address == f"http://{HOST}/calendars/{token}.ics"
    assert filled.ask("GET", f"/calendars/{token}.ics").status == 200
    listed = filled.open(CALENDARS)
    assert "Team <b>" in listed.text
    assert f"http://{HOST}/calendars/...{token[-4:]}.ics" in listed.text
    assert token not in listed.reply.content.decode()
    revoked = filled.send(filled.send(listed, "Revoke…"), "Apply")
    assert "revoked" in revoked.text
    refused = filled.post(CALENDARS, {"csrf": listed.fields("Sign out")["csrf"][0], "revoke": "cal_nothing"})
    assert refused.status in (400, 404)


def test_one_who_may_only_read_sees_everything_and_changes_nothing(installation: Installation) -> None:
    fill(installation)
    browser = Browser(installation).sign_in(Scope.READ)
    shown = browser.open(RETIREMENTS)
    assert "claude-old" in shown.text
    assert all(each.has_attr("disabled") for each in shown.soup.find_all("button") if each.get_text() == "Retire…")
    csrf = {"csrf": shown.fields("Sign out")["csrf"][0]}
    assert browser.post(RETIREMENTS, {**csrf, "action": "retire", "model": "claude-old"}).status == 403
    assert browser.open(f"{RETIREMENTS}/models/claude-old").status == 403
    calendars = browser.open(CALENDARS)
    assert calendars.status == 200
    assert browser.post(CALENDARS, {**csrf, "name": "mine"}).status == 403


def test_a_calendar_s_name_that_is_taken_is_said_at_its_field(signed_in: Browser) -> None:
    CalendarService(signed_in.installation.store, "test", now).create("team")
    again = signed_in.send(signed_in.open(CALENDARS), "Review change", name="team")
    assert "There is a calendar named 'team' already" in again.error_of("name")

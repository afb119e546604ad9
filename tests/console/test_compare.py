"""Two moments compared, the catalogue of a day, and back to what was."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.edits import ModelChange
from callsheet.domain.model import RetirementPrecision
from callsheet.domain.times import format_instant
from tests.console.browsing import Browser
from tests.installation import make_model, now

COMPARE = "/console/changes/compare"
AT = "/console/changes/at"


@pytest.fixture
def since(signed_in: Browser) -> int:
    """The last revision before a model was renamed, another removed and a third added."""
    catalog = signed_in.installation.catalog
    catalog.add(make_model("claude-one", display_name="Claude One"))
    catalog.add(make_model("claude-gone"))
    with signed_in.installation.store.read() as reading:
        revision = reading.changes(None, 1)[0].revision
    catalog.change("claude-one", ModelChange(display_name="Claude <Uno>"))
    catalog.remove("claude-gone")
    catalog.add(make_model("claude-new"))
    return revision


def test_what_was_added_removed_and_changed_is_shown_with_who_did_it(signed_in: Browser, since: int) -> None:
    asked = signed_in.open(COMPARE)
    assert "Choose a moment" in asked.text
    assert asked.form("Compare")["method"] == "get"
    shown = signed_in.open(f"{COMPARE}?from={since}")
    assert "3 differences" in shown.text
    for words in (
        "Changed model claude-one",
        "Removed model claude-gone",
        "Added model claude-new",
        "Last changed by test",
    ):
        assert words in shown.text
    assert f"callsheet catalog diff {since}" in shown.text
    assert "Nothing differs" in signed_in.open(f"{COMPARE}?from={since + 3}").text
    assert "1 difference " in signed_in.open(f"{COMPARE}?from={since}&to={since + 1}").text
    assert "Nothing differs" in signed_in.open(f"{COMPARE}?from={since}&kind=workspace").text


def test_a_model_is_reverted_to_the_first_of_the_moments(signed_in: Browser, since: int) -> None:
    shown = signed_in.open(f"{COMPARE}?from={since}")
    fields = {"csrf": shown.fields("Revert…")["csrf"][0], "kind": "model", "to": str(since)}
    plan = signed_in.post(shown.path, {**fields, "subject": "claude-gone"})
    assert plan.heading == f"Make claude-gone what it was at revision {since}"
    done = signed_in.send(plan, "Apply")
    assert "2 differences" in done.text
    assert signed_in.installation.catalog.show("claude-gone")
    assert signed_in.post(shown.path, {**fields, "subject": ""}).status == 400


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("from", "soon", "Must be a day such as"),
        ("from", "<img src=x>", "Must be a day such as"),
        ("from", "1990-01-01", "The change records begin with"),
        ("to", "99999", "There is no revision 99999 yet"),
        ("to", "x" * 200, "should have at most"),
        ("kind", "dog", "Input should be"),
    ],
)
def test_a_moment_that_is_none_is_said_at_its_field_and_kept(
    signed_in: Browser, field: str, value: str, words: str
) -> None:
    shown = signed_in.open(f"{COMPARE}?from=now&{field}={quote(value)}")
    assert shown.status == 400
    assert words in shown.error_of(field)
    assert shown.fields("Compare")[field] == [value]
    assert shown.soup.find("img") is None


def test_a_moment_to_come_shows_what_dates_will_change(signed_in: Browser) -> None:
    catalog = signed_in.installation.catalog
    catalog.add(make_model("claude-one"))
    catalog.deprecate(
        "claude-one",
        retires_at=now() + timedelta(days=20),
        retirement_precision=RetirementPrecision.EXACT,
        retires_itself=True,
    )
    day = format_instant(now() + timedelta(days=40))[:10]
    shown = signed_in.open(f"{COMPARE}?from=now&to={day}")
    assert "claude-one" in shown.text
    assert "A future date will cause this" in shown.text
    assert not [each for each in shown.soup.find_all("button") if each.get_text() == "Revert…"]
    then = signed_in.open(f"{AT}?days=40")
    assert then.soup.select("#days")[0]["value"] == "40"
    assert "Model claude-one is changed" in then.text
    assert "retired" in signed_in.open(f"{AT}/claude-one?as_of={day}").text


def test_many_differences_are_paged(signed_in: Browser) -> None:
    installation = signed_in.installation
    with installation.store.read() as reading:
        revision = reading.changes(None, 1)[0].revision
    installation.add_at_once(make_model(f"m{number:03}") for number in range(230))
    page = signed_in.open(f"{COMPARE}?from={revision}")
    found = []
    for _ in range(5):
        found += [
            each["subject"]
            for each in signed_in.open(page.link("This page as JSON")).json["compared"]["differences"]
        ]
        if page.soup.find("a", rel="next"):
            page = signed_in.open(page.link("Next page"))
    assert found == [f"m{number:03}" for number in range(230)]


def test_the_catalogue_of_a_day_is_chosen_by_a_slider_or_by_a_moment(signed_in: Browser, since: int) -> None:
    shown = signed_in.open(f"{AT}?as_of={since}")
    ids = [each.get_text() for each in shown.soup.select("tbody th a.id")]
    assert "claude-gone" in ids
    assert "claude-new" not in ids
    present = signed_in.open(AT)
    assert present.soup.select("#days")[0]["value"] == "0"
    assert present.form("Show day")["method"] == "get"
    later = signed_in.open(f"{AT}?days=30")
    assert "in 29 days" in later.text or "in 30 days" in later.text
    assert signed_in.open(f"{AT}.json?as_of={since}").json["moment"]["revision"] == since
    one = signed_in.open(shown.link("Then and now of claude-one"))
    assert "Claude <Uno>" in one.text
    plan = signed_in.send(one, "Revert to what it was…")
    assert signed_in.send(plan, "Apply").status == 200
    assert signed_in.installation.catalog.show("claude-one").model.display_name == "Claude One"


@pytest.mark.parametrize("query", ["as_of=soon", "as_of=1990-01-01", "days=x", "days=99999", "as_of=<img%20src=x>"])
def test_a_day_that_cannot_be_shown_is_said_at_the_field_over_the_present(signed_in: Browser, query: str) -> None:
    shown = signed_in.open(f"{AT}?{query}")
    assert shown.status == 400
    assert shown.error_of("as_of")
    assert shown.soup.find("img") is None
    assert shown.soup.select("tbody th")


def test_one_who_may_only_read_compares_and_reverts_nothing(browser: Browser) -> None:
    catalog = browser.installation.catalog
    catalog.add(make_model("claude-one"))
    catalog.change("claude-one", ModelChange(display_name="Other"))
    with browser.installation.store.read() as reading:
        revision = reading.changes(None, 1)[0].revision
    browser.sign_in(Scope.READ)
    shown = browser.open(f"{COMPARE}?from={revision - 1}")
    buttons = [each for each in shown.soup.find_all("button") if each.get_text() == "Revert…"]
    assert buttons
    assert all(each.has_attr("disabled") for each in buttons)
    fields = {"csrf": shown.fields("Sign out")["csrf"][0], "kind": "model", "subject": "claude-one", "to": "1"}
    assert browser.post(shown.path, fields).status == 403
    assert catalog.show("claude-one").model.display_name == "Other"


def test_a_model_is_compared_with_the_revision_that_added_it_while_the_records_are_young(
    signed_in: Browser, since: int
) -> None:
    signed_in.installation.catalog.change("claude-new", ModelChange(display_name="Newer"))
    address = signed_in.open("/console/models/claude-new").link("Then and now")
    shown = signed_in.open(address)
    assert shown.status == 200, shown.text
    assert f"revision {since + 3}" in shown.text
    assert "Newer" in shown.text
    old = signed_in.open(f"{AT}/claude-one")
    assert [each["after"] for each in signed_in.open(old.link("This page as JSON")).json["edits"]] == [
        "Claude <Uno>"
    ]


def test_a_model_is_compared_with_a_month_ago_where_the_records_go_back_that_far(
    signed_in: Browser, since: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callsheet.http.console.pages.past._MONTH_AGO", str(since))
    shown = signed_in.open(f"{AT}/claude-one")
    assert f"revision {since}" in shown.text

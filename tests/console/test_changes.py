"""The changes: what was changed, when, by whom and why, and back again."""

from typing import Any
from urllib.parse import quote

import pytest

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.changes.workspaces import WorkspaceChange
from callsheet.domain.edits import ModelChange
from callsheet.service.catalog import CatalogService
from tests.console.browsing import Browser, Shown
from tests.installation import Installation, make_model, now

HOSTILE = ('a/b c"<img src=x onerror=alert(1)>', "モデル.json", "x" * 256, "%2e", "a?b#c")


def rename(installation: Installation, name: str, actor: str = "test", reason: str | None = None) -> int:
    """Give the model a name; return the revision."""
    catalog = CatalogService(installation.store, actor, now)
    catalog.change("claude-one", ModelChange(display_name=name))
    with installation.store.read() as reading:
        return reading.changes(None, 1)[0].revision


def links(shown: Shown) -> list[Any]:
    """The links to each change of a list, the first first."""
    return list(shown.soup.select("tbody td:first-child > a"))


def created_in(shown: Shown) -> str:
    """The revision of a change."""
    return shown.soup.select("dl.kv a[href*=revision]")[0].get_text().replace(",", "")


@pytest.fixture
def one(signed_in: Browser) -> Browser:
    """A browser, and a model that was added and renamed."""
    signed_in.installation.catalog.add(make_model("claude-one", display_name="Claude One"))
    rename(signed_in.installation, "Claude Uno", "cli:ada")
    return signed_in


def test_changes_come_newest_first_with_who_what_before_and_after(one: Browser) -> None:
    shown = one.open("/console/changes")
    first = shown.soup.select("tbody tr")[0]
    text = " ".join(first.get_text(" ").split())
    assert "ada at the command line" in text
    assert "Change model claude-one" in text
    assert (first.select("del")[0].get_text(), first.select("ins")[0].get_text()) == (
        "before: Claude One",
        "after: Claude Uno",
    )


def test_what_a_list_cuts_off_is_on_the_page_of_the_change(one: Browser) -> None:
    catalog = CatalogService(one.installation.store, "test", now)
    many = ModelChange(line="opus", description="Long", max_tokens=64_000, max_input_tokens=1_000, source="here")
    catalog.change("claude-one", many)
    shown = one.open("/console/changes")
    number = links(shown)[0]["href"].rpartition("/")[2]
    change = one.open(shown.link(f"and 2 more of change {number}"))
    assert {"line", "description", "comes from"} <= {
        each["name"] for each in one.open(f"{change.path}.json").json["change"]["edits"]
    }


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("subject=claude-one", 2),
        ("actor=cli:ada", 1),
        ("actor=nobody", 0),
        ("kind=model&action=change", 1),
        ("kind=model&subject=claude-one&action=add", 1),
        ("kind=webhook", 0),
        ("subject=nothing", 0),
        ("from=1d&actor=cli:ada", 1),
        ("to=1990-01-01", 0),
        ("from=2090-01-01", 0),
        ("from=1990-01-01&actor=cli:ada", 1),
        ("revision=9,999", 0),
    ],
)
def test_filters_are_in_the_address(one: Browser, query: str, count: int) -> None:
    assert len(one.open(f"/console/changes.json?{query}").json["changes"]) == count
    shown = one.open(f"/console/changes?{query}")
    assert shown.status == 200
    assert ("No change matches" in shown.text) == (count == 0)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("from", "soon", "Must be a day such as"),
        ("to", "<b>", "Must be a day such as"),
        ("revision", "last", "Type the number of a revision"),
        ("kind", "dog", "Input should be"),
        ("action", "eat", "Input should be"),
    ],
)
def test_what_cannot_be_searched_for_is_said_at_its_field_and_kept(
    one: Browser, field: str, value: str, words: str
) -> None:
    shown = one.open(f"/console/changes?subject=claude-one&{field}={value}")
    assert shown.status == 400
    assert words in shown.error_of(field)
    assert shown.fields("Search")[field] == [value]
    assert shown.fields("Search")["subject"] == ["claude-one"]


def test_pages_lead_both_ways_and_keep_the_filters(signed_in: Browser) -> None:
    signed_in.installation.add(*(make_model(f"m{number:03}") for number in range(120)))
    first = signed_in.open("/console/changes?action=add&kind=model")
    second = signed_in.open(first.link("Next page"))
    third = signed_in.open(second.link("Next page"))
    assert len({each["href"] for page in (first, second, third) for each in links(page)}) >= 120
    assert "action=add" in third.path
    back = signed_in.open(third.link("Previous"))
    assert back.soup.select("tbody")[0].get_text() == second.soup.select("tbody")[0].get_text()
    assert len(first.soup.select("tbody tr")) == 50


def test_one_change_has_everything_of_its_revision_and_its_neighbours(one: Browser) -> None:
    with one.installation.store.read() as reading:
        last = reading.changes(None, 1)[0]
    shown = one.open(f"/console/changes/{last.number}")
    assert shown.heading == "Change model claude-one"
    assert "no reason given" in shown.text
    earlier = one.open(shown.link("Earlier change"))
    assert earlier.heading == "Add model claude-one"
    assert one.open(earlier.link("Later change")).path == f"/console/changes/{last.number}"
    one.installation.catalog.remove("claude-*")
    removed = one.open("/console/changes?action=remove")
    many = one.open(links(removed)[0]["href"])
    assert "In the same revision" in many.text
    for nowhere in ("999999", "0", "-1", "x", "9" * 30):
        assert one.open(f"/console/changes/{nowhere}").status in (400, 404)


def test_what_was_before_a_change_is_reverted_by_way_of_its_plan(one: Browser) -> None:
    shown = one.open("/console/changes?actor=cli:ada")
    change = one.open(links(shown)[0]["href"])
    plan = one.send(change, "Revert to what was before…")
    assert "Make claude-one what it was" in plan.heading
    assert "callsheet catalog revert --to" in plan.text
    assert one.installation.catalog.show("claude-one").model.display_name == "Claude Uno"
    done = one.send(plan, "Apply")
    assert "Done, in revision" in done.text
    assert one.installation.catalog.show("claude-one").model.display_name == "Claude One"
    assert "reverted to revision" in one.open("/console/changes").text


def test_rules_of_a_workspace_are_reverted_and_a_new_one_is_not(signed_in: Browser) -> None:
    room = signed_in.installation.workspace("team", ("claude-*",))
    signed_in.installation.access.change_workspace("team", WorkspaceChange(allow=("gpt-*",)))
    shown = signed_in.open(f"/console/changes?subject={room}")
    changed, created = (signed_in.open(link["href"]) for link in links(shown))
    assert "archive it on its page instead" in created.text
    plan = signed_in.send(changed, "Revert to what was before…")
    assert f"callsheet workspaces revert --to {created_in(created)} {room}" in plan.text
    assert signed_in.send(plan, "Apply").status == 200
    assert signed_in.installation.access.show_workspace("team").visibility.allow == ("claude-*",)


def test_what_cannot_be_reverted_says_so(signed_in: Browser) -> None:
    signed_in.installation.key(name="ci")
    shown = signed_in.open("/console/changes?kind=key")
    change = signed_in.open(links(shown)[0]["href"])
    assert "can be reverted this way" in change.text
    refused = signed_in.post(
        change.path, {"csrf": change.fields("Sign out")["csrf"], "kind": "key", "subject": "ci", "to": "1"}
    )
    assert refused.status == 400


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_ids_are_shown_as_they_are_and_lead_to_their_changes(signed_in: Browser, name: str) -> None:
    signed_in.installation.catalog.add(make_model(name, display_name='<img src=x onerror="alert(1)">'))
    shown = signed_in.open("/console/changes")
    change = signed_in.open(links(shown)[0]["href"])
    own = signed_in.open(change.link("All changes of it"))
    blamed = signed_in.open(f"/console/changes/blame/{quote(name, safe='').replace('.', '%2E')}")
    then = signed_in.open(change.link("Then and now"))
    for page in (shown, change, own, blamed, then):
        assert page.status == 200
        assert page.soup.find("img") is None
        assert name in page.text
    assert own.fields("Search")["subject"] == [name]
    assert len(links(own)) == 1


def test_one_who_may_only_read_sees_changes_and_reverts_nothing(browser: Browser) -> None:
    browser.installation.catalog.add(make_model("claude-one", display_name="Claude One"))
    rename(browser.installation, "Claude Uno")
    browser.sign_in(Scope.READ)
    shown = browser.open("/console/changes?action=change&kind=model")
    change = browser.open(links(shown)[0]["href"])
    button = next(
        each for each in change.soup.find_all("button") if each.get_text() == "Revert to what was before…"
    )
    assert button.has_attr("disabled")
    assert "scope catalog" in button["title"]
    assert browser.send(change, "Revert to what was before…").status == 403
    assert browser.installation.catalog.show("claude-one").model.display_name == "Claude Uno"


def test_the_fields_of_a_model_are_blamed_on_whoever_said_them(one: Browser) -> None:
    shown = one.open("/console/changes/blame/claude-one")
    assert "Claude Uno" in shown.text
    assert "Claude One" in shown.text
    assert "ada at the command line" in shown.text
    assert one.open("/console/changes/blame/nothing").status == 404

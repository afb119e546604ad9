"""Workspaces: the list, one of them, and the form with a preview of what its rules let be seen."""

import re
from urllib.parse import quote

import pytest
from bs4 import Tag

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.visibility import NOTHING, Visibility
from callsheet.domain.access.workspace import Shape
from callsheet.domain.changes.workspaces import WorkspaceChange
from tests.console.browser.sample import MARKUP, RIGHT_TO_LEFT
from tests.console.browsing import Browser, Shown
from tests.installation import Installation, make_model

LIST = "/console/workspaces"


@pytest.fixture
def filled(empty: Installation) -> Browser:
    """A browser, signed in, at an installation with three models and a workspace that sees two."""
    for name in ("claude-one", "claude-two", "gpt-one"):
        empty.catalog.add(make_model(name))
    empty.access.create_workspace("Research", visibility=Visibility(("claude-*",)))
    return Browser(empty).sign_in()


def form_of(browser: Browser, name: str) -> Shown:
    return browser.open(f"{LIST}/{quote(name, safe='')}/change")


def button_of(shown: Shown, text: str) -> Tag:
    return next(each for each in shown.form(text).find_all("button") if each.get_text() == text)


def previewed(shown: Shown) -> str:
    found = shown.soup.find(id="preview")
    assert found is not None
    return " ".join(found.get_text(" ").split())


def test_the_list_has_rules_keys_and_models_of_each(filled: Browser) -> None:
    filled.installation.access.create_key("laptop", "Research")
    rows = {each["name"]: each for each in filled.open(f"{LIST}.json").json["workspaces"]}
    assert (rows["Research"]["keys"], rows["Research"]["models"]) == (1, 2)
    assert (rows["default"]["keys"], rows["default"]["models"], rows["default"]["is_default"]) == (0, 3, True)
    shown = filled.open(LIST)
    assert "claude-*" in shown.text
    assert filled.open(shown.link("Research")).heading == "Research"


def test_the_list_is_searched_and_shows_archived_ones_if_asked(filled: Browser) -> None:
    filled.installation.access.create_workspace("100% Ränder_")
    filled.installation.access.archive_workspace("Research")

    def names(query: str) -> set[str]:
        return {each["name"] for each in filled.open(f"{LIST}.json?{query}").json["workspaces"]}

    assert names("q=RESEARCH") == set()
    assert names("q=RESEARCH&archived=yes") == {"Research"}
    assert names("q=100%25") == {"100% Ränder_"}
    assert names("q=%25") == {"100% Ränder_"}
    assert names("q=r_") == {"100% Ränder_"}
    assert "No workspace in use has “nothing” in its name or id" in filled.open(f"{LIST}?q=nothing").text


def test_a_long_list_is_paged(filled: Browser) -> None:
    for number in range(60):
        filled.installation.access.create_workspace(f"Team {number:02}")
    first = filled.open(LIST)
    assert len(first.soup.select("tbody tr")) == 50
    second = filled.open(first.link("Next page"))
    assert len(second.soup.select("tbody tr")) == 12
    assert filled.open(second.link("Previous")).soup.tbody == first.soup.tbody


def test_a_workspace_is_created_by_way_of_its_plan(filled: Browser) -> None:
    form = filled.open(f"{LIST}/new")
    plan = filled.send(
        form, "Review change", name="Team <A>", allow="claude-*\r\n\r\n gpt-* \r\n", deny="*-two", shape="classic"
    )
    assert plan.heading == "Create Team <A>"
    assert "callsheet workspaces create '--allow=claude-*' '--allow=gpt-*' '--deny=*-two'" in plan.text
    done = filled.send(plan, "Apply")
    assert done.heading == "Team <A>"
    assert re.search(r"Done, in revision \d+: Create Team <A>\.", done.text)
    made = filled.installation.access.show_workspace("Team <A>")
    assert made.visibility == Visibility(("claude-*", "gpt-*"), ("*-two",))
    assert (made.shape, made.color) == (Shape.CLASSIC, "#6C5BB9")


def test_going_back_from_the_plan_of_a_new_workspace_shows_the_form_with_its_list(filled: Browser) -> None:
    form = filled.open(f"{LIST}/new")
    plan = filled.send(form, "Review change", name="Team <A>", allow="claude-*", shape="classic")
    again = filled.send(plan, "Go back")
    fields = again.fields("Review change")
    assert (fields["name"], fields["allow"], fields["shape"]) == (["Team <A>"], ["claude-*"], ["classic"])
    assert "of 3 listed models" in previewed(again)
    assert filled.send(again, "Review change").heading == "Create Team <A>"


def test_a_name_or_an_id_that_is_taken_is_said_at_its_field(filled: Browser) -> None:
    form = filled.open(f"{LIST}/new")
    again = filled.send(form, "Review change", name="Research")
    assert again.status == 400
    assert "There is a workspace named 'Research' already" in again.error_of("name")
    taken = filled.installation.access.show_workspace("Research").id
    again = filled.send(form, "Review change", name="Other", id=taken)
    assert f"There is a workspace {taken} already" in again.error_of("id")
    filled.installation.access.create_workspace("Other")
    again = filled.send(form_of(filled, "Other"), "Review change", name="Research")
    assert "already" in again.error_of("name")


def test_the_plan_of_rules_that_match_nothing_warns_of_that(filled: Browser) -> None:
    plan = filled.send(filled.open(f"{LIST}/new"), "Review change", name="Typo", allow="clade-*")
    assert "The rules of the workspace Typo match no listed model; keys there get an empty list." in plan.text
    assert "works from now on; no model is listed" in plan.text


def _edited(plan: Shown) -> list[str]:
    """The rows of fields in a plan."""
    return [row.get_text(" ") for row in plan.soup.select("table.fields tr")]


def test_an_empty_allow_list_is_nothing_and_a_star_is_all(filled: Browser) -> None:
    for name, allow, rules in (("None", "", (NOTHING,)), ("All", "*", ())):
        form = filled.open(f"{LIST}/new")
        assert "Empty allows none" in form.text
        plan = filled.send(form, "Review change", name=name, allow=allow)
        assert ("no model" in " ".join(_edited(plan))) == (allow == "")
        assert NOTHING not in " ".join(_edited(plan))
        filled.send(plan, "Apply")
        assert filled.installation.access.show_workspace(name).visibility.allow == rules
    assert "no model" in filled.open(f"{LIST}/None").text
    assert form_of(filled, "None").fields("Review change")["allow"] == [""]
    assert form_of(filled, "All").fields("Review change")["allow"] == ["*"]


def test_a_workspace_is_changed_and_the_change_undone(filled: Browser) -> None:
    plan = filled.send(form_of(filled, "Research"), "Review change", deny="*-two", name="Forschung")
    assert "claude-two" in plan.text
    done = filled.send(plan, "Apply")
    assert done.heading == "Forschung"
    assert filled.installation.access.show_workspace("Forschung").visibility.deny == ("*-two",)
    undone = filled.send(filled.send(done, "Undo…"), "Apply")
    assert undone.heading == "Research"
    assert filled.installation.access.show_workspace("Research").visibility.deny == ()


def test_only_what_was_changed_is_sent(filled: Browser) -> None:
    plan = filled.send(form_of(filled, "Research"), "Review change", display_color="#123456")
    assert "--color '#123456'" in plan.text
    assert "--allow" not in plan.text
    assert "You have not changed anything" in filled.send(form_of(filled, "Research"), "Review change").text


def test_the_list_is_shown_while_the_form_is_edited(filled: Browser) -> None:
    form = form_of(filled, "Research")
    assert "2 of 3 listed models" in previewed(form)
    assert [each.get_text() for each in form.soup.select(".actions button")] == ["Review change", "Show the list"]
    shown = filled.send(form, "Show the list", preview="yes", allow="gpt-*\nclaude-o*\nunknown-*", deny="")
    assert shown.status == 200
    assert "2 of 3 listed models" in previewed(shown)
    assert "claude-two no longer" in previewed(shown)
    assert "gpt-one new" in previewed(shown)
    assert "unknown-* matches no model" in previewed(shown)
    assert shown.fields("Review change")["allow"] == ["gpt-*\nclaude-o*\nunknown-*"]
    assert "0 of 3 listed models claude-one no longer" in previewed(
        filled.send(form, "Show the list", preview="yes", allow="")
    )
    wrong = filled.send(form, "Show the list", preview="yes", allow="x" * 300)
    assert (wrong.status, "256" in previewed(wrong)) == (200, True)
    plan = filled.send(shown, "Review change")
    assert plan.heading == "Change Research"


def test_of_a_long_catalogue_the_preview_looks_at_the_beginning_and_says_so(
    filled: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callsheet.http.console.pages.workspaces.MAX_PREVIEW_MODELS", 2)
    shown = form_of(filled, "Research")
    assert "only its newest models are previewed here" in shown.text
    assert "of 2 listed models" in shown.text


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "", "Type a name"),
        ("name", "x" * 300, "characters"),
        ("name", "default", "already"),
        ("id", "research", "wrkspc_"),
        ("allow", "x" * 300, "256"),
        ("deny", "x" * 300, "256"),
        ("allow", "\n".join(f"{number}*{'y' * 250}" for number in range(100)), "16,384"),
        ("shape", "round", "classic"),
        ("display_color", "red", "colour"),
    ],
)
def test_bad_input_is_refused_at_its_field_and_kept(field: str, typed: str, said: str, filled: Browser) -> None:
    typing = {"name": "Team", field: typed}
    shown = filled.send(filled.open(f"{LIST}/new"), "Review change", **typing)
    assert shown.status in (400, 404, 409)
    assert said in (shown.error_of(field) or shown.text), shown.text
    assert shown.soup.find("select") is not None
    if field not in ("shape", "display_color"):
        assert shown.fields("Review change")[field][0].strip() == typed
    assert len(filled.installation.access.list_workspaces()) == 2


def test_a_form_that_went_stale_shows_what_has_changed(filled: Browser) -> None:
    form = form_of(filled, "Research")
    filled.installation.access.change_workspace("Research", WorkspaceChange(allow=("gpt-*",)))
    again = filled.send(form, "Review change", name="Forschung")
    assert again.status == 409
    assert "Meanwhile it was changed to" in again.text
    assert again.fields("Review change")["name"] == ["Forschung"]
    assert again.fields("Review change")["allow"] == ["claude-*"]


def test_a_workspace_is_archived_by_way_of_its_plan_which_cannot_be_undone(filled: Browser) -> None:
    shown = filled.open(f"{LIST}/Research")
    assert "this cannot be undone" in shown.text
    assert "callsheet workspaces archive" in shown.text
    done = filled.send(filled.send(shown, "Archive…"), "Apply")
    assert "archived" in done.text
    assert not any("Undo" in each.get_text() for each in done.soup.find_all("button"))
    assert "Archive…" not in done.text
    assert "Archive…" not in filled.open(f"{LIST}/default").text


@pytest.mark.parametrize("name", [MARKUP, RIGHT_TO_LEFT, "a/b.json", "100% + ?", "x" * 128])
def test_any_name_is_shown_as_text_and_has_its_page(name: str, filled: Browser) -> None:
    filled.installation.access.create_workspace(name)
    listed = filled.open(LIST)
    shown = filled.open(listed.link(name))
    assert shown.heading == name
    assert shown.soup.find("img") is None
    assert listed.soup.find("img") is None
    assert filled.open(f"{shown.path}/change").heading == f"Change {name}"


def test_what_is_not_there_is_not_found(filled: Browser) -> None:
    for path in ("nothing", "nothing/change", quote(MARKUP, safe="")):
        shown = filled.open(f"{LIST}/{path}")
        assert shown.status == 404
        assert shown.soup.find("img") is None


def test_one_who_may_only_read_sees_workspaces_and_changes_none(filled: Browser) -> None:
    reader = Browser(filled.installation).sign_in(Scope.READ, name="reader")
    shown = reader.open(f"{LIST}/Research")
    assert shown.status == 200
    assert button_of(shown, "Archive…").has_attr("disabled")
    assert not any(each.get_text() == "Change" for each in shown.soup.find_all("a"))
    assert reader.open(f"{LIST}/Research/change").status == 403
    assert reader.open(f"{LIST}/new").status == 403
    assert "Create a workspace" not in reader.open(LIST).text


def test_a_plan_counts_all_models_and_names_the_first(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.clear_catalog()
    for number in range(12):
        installation.catalog.add(make_model(f"model-{number:02}"))
    monkeypatch.setattr("callsheet.http.console.calls.MAX_PLANNED_IDS", 10)
    browser = Browser(installation).sign_in()
    workspace = installation.access.create_workspace("team")
    form = browser.open(f"/console/workspaces/{workspace.id}/change")
    shown = browser.send(form, "Review change", deny="model-*")
    assert "12 lost" in shown.text
    assert "and 4 more" in shown.text
    assert ("model-09" in shown.text, "model-10" in shown.text) == (True, False)
    assert browser.send(shown, "Apply").status == 200

"""Who sees what, why, what one sees, and how two differ."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.visibility import NOTHING, Visibility
from callsheet.domain.changes.workspaces import WorkspaceChange
from callsheet.http.console.pages import access as pages
from callsheet.http.console.pages.remedy_titles import remedy_title
from callsheet.service.explain.fixes import RemedyKind
from tests.console.browser.sample import MARKUP, RIGHT_TO_LEFT
from tests.console.browsing import Browser, Shown
from tests.console.conftest import Fill
from tests.installation import Installation, make_model

MATRIX = "/console/access"
HOSTILE = "acme/<img src=x onerror=alert(1)> é.json"


def fill(empty: Installation) -> None:
    """Add a few models and workspaces."""
    for name in ("claude-one", "claude-two", "gpt-one", HOSTILE):
        empty.catalog.add(make_model(name))
    empty.catalog.add(make_model("claude-hidden", hidden=True))
    empty.access.create_workspace(MARKUP, visibility=Visibility(("claude-*",)))
    empty.access.create_workspace(RIGHT_TO_LEFT, visibility=Visibility(("claude-*",)))
    empty.access.create_workspace("Narrow", visibility=Visibility(("claude-*",), ("*-two",)))


@pytest.fixture
def filled(empty: Installation, stock: Callable[[Fill], None]) -> Browser:
    """A browser, signed in, at an installation with a few models and workspaces."""
    stock(fill)
    return Browser(empty).sign_in()


def workspace_id(browser: Browser, name: str) -> str:
    return next(each.id for each in browser.installation.access.list_workspaces() if each.name == name)


def cells(shown: Shown) -> dict[str, list[str]]:
    return {row["id"]: row["cells"] for row in shown.json["rows"]}


def explained(browser: Browser, shown: Shown) -> dict[str, Any]:
    found: dict[str, Any] = browser.open(shown.path.replace("?", ".json?", 1)).json["explained"]
    return found


def test_workspaces_with_the_same_rules_share_a_column(filled: Browser) -> None:
    data = filled.open(f"{MATRIX}.json").json
    names = [{each["name"] for each in column["workspaces"]} for column in data["columns"]]
    assert {MARKUP, RIGHT_TO_LEFT} in names
    assert len(names) == 3


def test_each_cell_says_what_its_explanation_says(filled: Browser) -> None:
    shown = filled.open(MATRIX)
    links = shown.soup.select(".matrix td a")
    assert len(links) == 15
    for link in links:
        reach = str(link["class"]).split()[0]
        assert explained(filled, filled.open(str(link["href"])))["reach"] == reach


def test_the_matrix_is_filtered_by_the_address(filled: Browser) -> None:
    assert set(cells(filled.open(f"{MATRIX}.json?q=-one"))) == {"claude-one", "gpt-one"}
    assert len(filled.open(f"{MATRIX}.json?workspace=narrow").json["columns"]) == 1
    assert "No workspace matches" in filled.open(f"{MATRIX}?workspace=nowhere").text
    assert "No model matches" in filled.open(f"{MATRIX}?q=nothing").text
    differing = filled.open(f"{MATRIX}.json?differ=yes")
    assert set(cells(differing)) == {"claude-two", "gpt-one", HOSTILE}
    assert "All see the same" in filled.open(f"{MATRIX}?differ=yes&workspace=narrow").text


def names(shown: Shown) -> list[str]:
    return [each.get_text() for each in shown.soup.select(".matrix tbody th a")]


def walk(browser: Browser, shown: Shown, words: str) -> list[Shown]:
    """A page, and all that follow it by a link of these words."""
    found = [shown]
    while any(each.get_text() == words for each in found[-1].soup.find_all("a")):
        found.append(browser.open(found[-1].link(words)))
    return found


@pytest.mark.parametrize(("query", "count"), [("", 5), ("?differ=yes", 3)])
def test_models_are_paged_in_both_directions(
    query: str, count: int, filled: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MAX_ROWS", 2)
    shown = walk(filled, filled.open(f"{MATRIX}{query}"), "Next page")
    every = [name for each in shown for name in names(each)]
    assert len(every) == len(set(every)) == count
    back = walk(filled, shown[-1], "Previous")
    assert [names(each) for each in back] == [names(each) for each in reversed(shown)]


def test_models_that_differ_are_looked_for_in_so_many_at_a_time(
    filled: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_BATCH_SIZE", 1)
    monkeypatch.setattr(pages, "_MAX_BATCHES", 1)
    shown = filled.open(f"{MATRIX}?differ=yes")
    every = names(shown)
    while "Continue" in shown.text or "Next page" in shown.text:
        shown = filled.open(shown.link("Continue" if "Continue" in shown.text else "Next page"))
        every += names(shown)
    assert set(every) == {"claude-two", "gpt-one", HOSTILE}
    assert len(every) == 3


def test_sets_of_rules_are_paged_in_both_directions(filled: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_COLUMNS", 1)
    shown = walk(filled, filled.open(MATRIX), "Next sets")
    assert len(shown) == 3
    back = walk(filled, shown[-1], "Previous sets")
    assert [each.soup.thead for each in back] == [each.soup.thead for each in reversed(shown)]


def test_an_empty_catalogue_says_what_to_do(empty: Installation) -> None:
    assert "callsheet sources add" in Browser(empty).sign_in().open(MATRIX).text


def test_an_explanation_names_each_check_with_its_cause(filled: Browser) -> None:
    workspace = workspace_id(filled, "Narrow")
    shown = filled.open(f"{MATRIX}/explain?model=claude-two&workspace={workspace}")
    assert "It is neither listed nor retrievable" in shown.text
    assert "denied by '*-two'" in shown.text
    assert shown.link("revision 10")
    said = [each.get_text(" ").split()[0].lower() for each in shown.soup.select("ol.line li h3")]
    assert said == [each["check"] for each in explained(filled, shown)["steps"]]


def test_a_fix_leads_to_its_plan_and_the_plan_to_what_was_promised(filled: Browser) -> None:
    workspace = workspace_id(filled, "Narrow")
    address = f"{MATRIX}/explain?model=claude-two&workspace={workspace}"
    shown = filled.open(address)
    assert f"callsheet workspaces change --clear-rules '--allow=claude-*' {workspace}" in shown.text
    plan = filled.send(shown, "Review change…")
    assert (plan.status, plan.heading) == (200, "Let Narrow see claude-two")
    assert "claude-two" in plan.text
    done = filled.send(plan, "Apply")
    assert "It is listed for" in done.text
    undone = filled.send(filled.send(done, "Undo…"), "Apply")
    assert "It is neither listed nor retrievable" in undone.text


@pytest.mark.parametrize(
    ("name", "meant"),
    [("claude", ["claude-one", "claude-two"]), ("claude-tow", ["claude-two"]), ("nothing-like-it", [])],
)
def test_a_name_without_a_model_offers_the_models_it_may_be_meant_for_before_any_fix(
    name: str, meant: list[str], filled: Browser
) -> None:
    shown = filled.open(f"{MATRIX}/explain?model={name}&workspace=default")
    assert set(meant) <= set(filled.open(shown.link("This page as JSON")).json["similar"])
    assert ("Did you mean" in shown.text) == bool(meant)
    for each in meant:
        assert "It is listed for" in filled.open(shown.link(each)).text
        assert shown.text.index("Did you mean") < shown.text.index("What would change that")
    assert "Did you mean" not in filled.open(f"{MATRIX}/explain?model=claude-hidden&workspace=default").text


def test_another_moment_is_explained_without_fixes(filled: Browser) -> None:
    workspace = workspace_id(filled, "Narrow")
    filled.installation.access.change_workspace("Narrow", WorkspaceChange(deny=()))
    address = f"{MATRIX}/explain?model=claude-two&workspace={workspace}"
    assert "It is listed for" in filled.open(address).text
    before = filled.open(f"{address}&as_of=10")
    assert "denied by '*-two'" in before.text
    assert "This is how it was" in before.text
    assert "What would change that" not in before.text


@pytest.mark.parametrize("model", ["claude-hidden", "gpt-two", "claude-removed", "claude-old"])
def test_every_fix_that_is_offered_can_be_rehearsed(model: str, filled: Browser) -> None:
    catalog = filled.installation.catalog
    for name in ("claude-removed", "claude-old"):
        catalog.add(make_model(name))
    catalog.retire("claude-old")
    catalog.remove("claude-removed")
    shown = filled.open(f"{MATRIX}/explain?model={model}&workspace={workspace_id(filled, 'Narrow')}")
    forms = [form for form in shown.soup.find_all("form") if "Review change…" in form.get_text()]
    assert forms
    for form in forms:
        fields = {str(each["name"]): str(each["value"]) for each in form.find_all("input")}
        plan = filled.post(str(form["action"]), fields)
        assert (plan.status, plan.heading) == (200, fields["title"])
        assert any(word in plan.heading for word in (model, "Narrow"))


@pytest.mark.parametrize("kind", list(RemedyKind))
def test_every_kind_of_fix_has_a_title_that_names_what_it_changes(kind: RemedyKind, filled: Browser) -> None:
    visit: Any = SimpleNamespace(calls=SimpleNamespace(state=filled.served.live.current))
    asked = {"name": "claude-two", "for": {"key": {"name": "laptop"}}}
    title = remedy_title(visit, asked, {"kind": str(kind), "subject": "claude-two", "target": "gpt-one"})
    assert "laptop" in title or "claude-two" in title
    assert not title.endswith(".")


def test_a_workspace_that_sees_nothing_is_to_see_the_one_model(filled: Browser) -> None:
    filled.installation.access.change_workspace("Narrow", WorkspaceChange(allow=(NOTHING,), deny=()))
    shown = filled.open(f"{MATRIX}/explain?model=gpt-one&workspace=Narrow")
    filled.send(filled.send(shown, "Review change…"), "Apply")
    assert filled.installation.access.show_workspace("Narrow").visibility == Visibility(("gpt-one",))


def test_a_key_that_does_not_work_has_its_own_fixes(filled: Browser) -> None:
    access = filled.installation.access
    key = access.create_key("laptop").key
    access.disable_key(key.id)
    shown = filled.open(f"{MATRIX}/explain?model=claude-one&key={key.id}")
    assert "it is disabled" in shown.text
    assert f"callsheet keys enable {key.id}" in shown.text
    plan = filled.send(shown, "Review change…")
    assert plan.heading == "Enable the key laptop"
    assert "It is listed for" in filled.send(plan, "Apply").text


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("model=claude-one", 400, "Name who asks"),
        ("model=claude-one&workspace=nowhere", 404, "nowhere"),
        ("model=claude-one&key=nothing", 404, "nothing"),
        (f"model={quote(MARKUP)}&workspace={quote(MARKUP)}", 200, "no model or alias"),
        ("model=x&workspace=default&dialect=latin", 400, "dialect"),
        ("", 200, "Explain"),
    ],
)
def test_a_question_that_has_no_answer_is_asked_once_more(
    query: str, status: int, said: str, filled: Browser
) -> None:
    shown = filled.open(f"{MATRIX}/explain?{query}")
    assert (shown.status, said in shown.text) == (status, True)
    assert shown.soup.find("input", id="f-model") is not None
    assert shown.soup.find("img") is None


def test_what_a_workspace_sees_is_listed_page_by_page(filled: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callsheet.http.console.pages.explain._LIMIT", 1)
    first = filled.open(f"{MATRIX}/sees?subject=Narrow")
    assert first.heading == "What Narrow sees"
    second = filled.open(first.link("Next page"))
    assert second.soup.select("tbody th")[0].get_text() != first.soup.select("tbody th")[0].get_text()
    again = filled.open(second.link("Previous"))
    assert again.soup.select("tbody th")[0].get_text() == first.soup.select("tbody th")[0].get_text()


def test_what_is_not_there_sees_nothing_and_says_so(filled: Browser) -> None:
    shown = filled.open(f"{MATRIX}/sees?subject={quote(MARKUP)}x")
    assert shown.status == 404
    assert shown.soup.find("img") is None
    key = filled.installation.access.create_key("laptop").key
    filled.installation.access.archive_key(key.id)
    assert "It sees no model: it is archived." in filled.open(f"{MATRIX}/sees?subject={key.id}").text
    filled.installation.access.change_workspace("Narrow", WorkspaceChange(allow=("nothing[z-a]",)))
    assert "It sees no model" in filled.open(f"{MATRIX}/sees?subject=Narrow").text


def test_two_are_compared(filled: Browser) -> None:
    shown = filled.open(f"{MATRIX}/compare?first=default&second=Narrow")
    assert "listed only for the workspace default" in shown.text
    assert {"gpt-one", "claude-two", HOSTILE} == set(
        filled.open(f"{MATRIX}/compare.json?first=default&second=Narrow").json["compared"]["only_first"]
    )
    assert (
        "Both see the same"
        in filled.open(f"{MATRIX}/compare?first={quote(MARKUP)}&second={quote(RIGHT_TO_LEFT)}").text
    )
    assert filled.open(f"{MATRIX}/compare?first=default&second=nowhere").status == 404


@pytest.mark.parametrize("in_default", [True, False])
def test_a_name_of_a_key_and_a_workspace_says_which_was_taken_and_offers_the_other(
    in_default: bool, filled: Browser
) -> None:
    access = filled.installation.access
    name = "default" if in_default else "Narrow"
    workspace = workspace_id(filled, name)
    key = access.create_key(name).key  # of the default workspace
    both = {f"Use the {kind}" for kind in ("key", "workspace")}
    for path in (f"compare?first={name}&second={quote(MARKUP)}", f"sees?subject={name}"):
        shown = filled.open(f"{MATRIX}/{path}")
        if in_default:
            assert "named default ; this is the key" in shown.text
            instead = shown.link("Use the workspace instead")
            assert workspace in instead
            other = filled.open(instead)
            assert (other.status, "Use the" in other.text) == (200, False)
            assert "the workspace default" in other.text
        else:
            assert shown.status == 409
            assert both <= {each.get_text() for each in shown.soup.find_all("a")}
            assert key.id in shown.link("Use the key")
            assert "the key Narrow" in filled.open(shown.link("Use the key")).text


def test_a_key_and_a_workspace_lead_to_their_comparison(filled: Browser) -> None:
    key = filled.installation.access.create_key("laptop", workspace_id(filled, "Narrow")).key
    for page in (f"/console/keys/{key.id}", f"/console/workspaces/{workspace_id(filled, 'default')}"):
        form = filled.open(filled.open(page).link("Compare with another"))
        assert form.fields("Compare")["first"] == [page.rpartition("/")[2]]
        compared = filled.open(f"{form.path}&second={quote(MARKUP)}")
        assert compared.status == 200
        assert f"the workspace {MARKUP}" in compared.text


def test_one_who_may_only_read_sees_the_fixes_and_cannot_ask_for_their_plans(empty: Installation) -> None:
    empty.catalog.add(make_model("claude-one", hidden=True))
    browser = Browser(empty).sign_in(Scope.READ)
    shown = browser.open(f"{MATRIX}/explain?model=claude-one&workspace=default")
    button = next(each for each in shown.soup.find_all("button") if "Review change" in each.get_text())
    assert button.has_attr("disabled")
    form = shown.form("Review change…")
    fields = {str(each["name"]): str(each["value"]) for each in form.find_all("input")}
    assert browser.post("/console/access/fix", fields).status == 403
    assert browser.open(MATRIX).status == 200


def test_a_fix_that_is_none_is_refused(filled: Browser) -> None:
    (csrf,) = filled.open(MATRIX).fields("Sign out")["csrf"]
    for change in ("", "[]", '["nothing", {}, {}]', '["updateWorkspaceRecord", {"workspace": 1}, {}]'):
        assert filled.post("/console/access/fix", {"csrf": csrf, "change": change}).status in (400, 404)


def test_models_without_number_are_a_page_like_any_other(empty: Installation) -> None:
    empty.add_at_once(make_model(f"claude-{number:04}") for number in range(1000))
    for number in range(30):
        empty.access.create_workspace(f"Team {number:02}", visibility=Visibility((f"claude-{number:02}*",)))
    shown = Browser(empty).sign_in().open(MATRIX)
    assert len(shown.soup.select(".matrix tbody tr")) == 40
    assert len(shown.soup.select(".matrix thead th")) == 13
    assert len(shown.reply.content) < 150_000

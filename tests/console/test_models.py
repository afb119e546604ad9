"""The catalogue: searching, filtering, paging, and what is suppressed."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest

from callsheet.domain.access.admin_key import Scope
from tests.console.browsing import Browser, Shown
from tests.installation import make_model

CATALOGUE = "/console/models"
HOSTILE = ("<img src=x onerror=alert(1)>", "a/b c", "模型-1", "data.json", "..%2F", "x" * 256, "new", "suppressed")


@pytest.fixture
def filled(signed_in: Browser) -> Browser:
    """A browser at a catalogue with a few models."""
    here = signed_in.installation
    here.clear_catalog()
    here.add(
        make_model("acme/claude-one", "2026-03-01", line="opus", source="gateway", display_name="Claude One"),
        make_model("claude-two", "2026-02-01", line="opus", hidden=True),
        make_model("gpt-3", "2026-01-01", source="vllm"),
    )
    here.catalog.alias("best", "acme/claude-one")
    here.catalog.retire("gpt-3")
    catch_up(signed_in)
    return signed_in


def catch_up(browser: Browser) -> None:
    """Have the server know what was changed without it: a page behind a change shows that change."""
    browser.open(f"{CATALOGUE}?done=999999")


def ids(shown: Shown) -> list[str]:
    """The ids of the models in the table."""
    return [each.get_text() for each in shown.soup.select("#results tbody th .id")]


def test_the_catalogue_lists_every_model_newest_first_with_counts(filled: Browser) -> None:
    shown = filled.open(CATALOGUE)
    assert shown.heading == "Catalogue"
    assert ids(shown) == ["acme/claude-one", "claude-two", "gpt-3"]
    assert "1 listed 1 hidden 1 retired" in shown.text
    assert filled.open(shown.link("First steps")).heading == "Welcome"


def test_words_are_found_in_ids_names_and_aliases(filled: Browser) -> None:
    assert ids(filled.open(f"{CATALOGUE}?q=CLAUDE")) == ["acme/claude-one", "claude-two"]
    assert ids(filled.open(f"{CATALOGUE}?q=best+claude")) == ["acme/claude-one"]


def test_filters_stay_in_the_form_and_in_the_links_to_other_pages(filled: Browser) -> None:
    filled.installation.add_at_once(make_model(f"m-{number:03}", line="haiku") for number in range(60))
    catch_up(filled)
    shown = filled.open(f"{CATALOGUE}?line=haiku&q=m-&hidden=no")
    assert len(ids(shown)) == 50
    fields = shown.fields("Search")
    assert (fields["line"], fields["q"], fields["hidden"]) == (["haiku"], ["m-"], ["no"])
    following = filled.open(shown.link("Next page"))
    assert len(ids(following)) == 10
    back = filled.open(following.link("Previous"))
    assert ids(back) == ids(shown)
    query = parse_qs(urlsplit(following.link("First page")).query)
    assert query == {"line": ["haiku"], "q": ["m-"], "hidden": ["no"]}


def test_lines_and_sources_are_offered_with_how_many_models_have_them(filled: Browser) -> None:
    shown = filled.open(f"{CATALOGUE}?source=gateway")
    label = shown.soup.find("label", attrs={"for": "source"})
    assert label is not None
    assert label.get_text() == "Comes from"  # a field, not the source that lists the model
    assert ids(shown) == ["acme/claude-one"]
    assert "opus (2)" in shown.text
    assert "vllm (1)" in shown.text
    assert ids(filled.open(f"{CATALOGUE}?line=opus&hidden=yes")) == ["claude-two"]
    assert ids(filled.open(f"{CATALOGUE}?lifecycle=retired")) == ["gpt-3"]


def test_nothing_found_leads_to_a_search_without_filters(filled: Browser) -> None:
    shown = filled.open(f"{CATALOGUE}?q=nothing&line=none")
    assert "No model matches “nothing” with these filters" in shown.text
    assert "Filters: line none." in shown.text
    assert "No model matches “a <b> c” Ids," in filled.open(f"{CATALOGUE}?q=a+<b>+c").text
    assert "No model matches these filters Filters: comes from x." in filled.open(f"{CATALOGUE}?source=x").text
    assert shown.fields("Search")["line"] == ["none"]
    assert len(ids(filled.open(shown.link("Clear the search and all filters")))) == 3


def test_an_empty_catalogue_leads_to_the_first_steps(signed_in: Browser) -> None:
    signed_in.installation.clear_catalog()
    catch_up(signed_in)
    shown = signed_in.open(CATALOGUE)
    assert "The catalogue is empty" in shown.text
    assert shown.link("First steps") == "/console/welcome"


def test_a_page_behind_a_model_that_is_gone_begins_where_it_was_and_one_of_nothing_at_the_start(
    filled: Browser,
) -> None:
    filled.installation.catalog.remove("claude-two")
    catch_up(filled)
    assert ids(filled.open(f"{CATALOGUE}?after_id=claude-two")) == ["gpt-3"]
    assert len(ids(filled.open(f"{CATALOGUE}?after_id=nothing"))) == 2


def test_what_cannot_be_looked_for_is_said_at_the_form_which_keeps_it(filled: Browser) -> None:
    for query in ("lifecycle=dead", f"q={'x' * 301}"):
        shown = filled.open(f"{CATALOGUE}?{query}")
        assert shown.status == 400
        assert query.split("=")[0].replace("q", "text") in shown.text
        assert not ids(shown)


def test_the_same_is_answered_as_json(filled: Browser) -> None:
    data = filled.open(f"{CATALOGUE}.json?q=best").json
    assert [each["id"] for each in data["models"]] == ["acme/claude-one"]
    assert data["lines"] == [{"name": "opus", "models": 2}]


def test_hostile_names_are_shown_as_text_and_lead_to_their_pages(signed_in: Browser) -> None:
    signed_in.installation.clear_catalog()
    for name in HOSTILE:
        signed_in.installation.add(make_model(name, display_name=f"The {name[:200]}", line="opus"))
    catch_up(signed_in)
    shown = signed_in.open(CATALOGUE)
    assert sorted(ids(shown)) == sorted(HOSTILE)
    assert not shown.soup.find("img")
    for link in shown.soup.select("#results tbody th a"):
        name = link.get_text()
        page = signed_in.open(str(link["href"]))
        if name == "new":
            page = signed_in.open(page.link("here"))
        assert page.heading == f"The {name[:200]}"
        assert not page.soup.find("img")
        data = signed_in.open(f"{CATALOGUE}/{quote(name, safe='').replace('new', '%6Eew')}.json").json
        assert data["model"]["id"] == name
    for query in HOSTILE[:4]:
        again = signed_in.open(f"{CATALOGUE}?q={quote(query)}&line={quote(query)}&source={quote(query)}")
        assert again.fields("Search")["q"] == [query]
        assert not again.soup.find("img")


def test_what_is_suppressed_is_listed_and_can_be_released(signed_in: Browser) -> None:
    signed_in.installation.catalog.remove("claude-fable-5")
    signed_in.installation.catalog.unalias("claude-opus-4-5")
    shown = signed_in.open(signed_in.open(CATALOGUE).link("Suppressed models"))
    assert shown.heading == "Suppressed models"
    assert "claude-fable-5" in shown.text
    assert "builtin" in shown.text
    names = [each.get_text() for each in shown.soup.select("tbody th .id")]
    assert names == ["claude-fable-5", "claude-opus-4-5"]
    plan = signed_in.post("/console/models/claude-fable-5/release", shown.fields("Release…"))
    assert plan.heading == "Release claude-fable-5"
    done = signed_in.send(plan, "Apply")
    assert "Done, in revision" in done.text
    assert "claude-fable-5" not in signed_in.open(f"{CATALOGUE}?show=suppressed").text
    plan = signed_in.post("/console/models/claude-opus-4-5/release", shown.fields("Release…"))
    assert "Done, in revision" in signed_in.send(plan, "Apply").text
    assert "Nothing is suppressed" in signed_in.open(f"{CATALOGUE}?show=suppressed").text


def test_one_who_may_only_read_searches_and_is_offered_no_changes(browser: Browser) -> None:
    browser.installation.catalog.remove("claude-fable-5")
    browser.sign_in(Scope.READ)
    shown = browser.open(f"{CATALOGUE}?q=opus")
    assert ids(shown)
    assert "Add a model" not in shown.text
    suppressed = browser.open(f"{CATALOGUE}?show=suppressed")
    assert suppressed.form("Release…").button.has_attr("disabled")  # type: ignore[union-attr]
    assert browser.post("/console/models/claude-fable-5/release", suppressed.fields("Release…")).status == 403

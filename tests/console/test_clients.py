"""As clients see it: what each shows of a list, and the configuration of those that ask for none."""

from urllib.parse import quote

import pytest

from callsheet.domain.access.visibility import NOTHING, Visibility
from callsheet.http.console.pages import clients as pages
from tests.console.browser.sample import MARKUP
from tests.console.browsing import HOST, Browser
from tests.installation import Installation, make_model

CLIENTS = "/console/clients"


@pytest.fixture
def filled(empty: Installation) -> Browser:
    """A browser, signed in, at an installation with a model that every client shows, and one that some do not."""
    empty.catalog.add(make_model("claude-one", display_name="Claude One"))
    empty.catalog.add(make_model("gpt-one"))
    empty.access.create_workspace("Only Claude", visibility=Visibility(("claude-*",)))
    empty.access.create_workspace("Nothing", visibility=Visibility((NOTHING,)))
    return Browser(empty).sign_in()


def test_each_client_shows_its_part_of_the_list_and_says_why_not_the_rest(filled: Browser) -> None:
    views = {each["client"]: each for each in filled.open(f"{CLIENTS}.json").json["played"]["data"]}
    assert [each["id"] for each in views["claude-code"]["shown"]] == ["claude-one"]
    assert views["claude-code"]["left_out"][0]["ids"] == ["gpt-one"]
    shown = filled.open(CLIENTS)
    assert "Claude Code" in shown.text
    assert "shows 1 of 2" in shown.text
    assert "All other clients show all 2" in shown.text
    assert "keeps only ids that contain claude or anthropic" in shown.text


def test_the_list_is_that_of_the_workspace_or_the_key(filled: Browser) -> None:
    one = filled.open(f"{CLIENTS}.json?workspace=Only+Claude").json["played"]
    assert (one["listed"], one["subject"]["workspace"]["name"]) == (1, "Only Claude")
    key = filled.installation.access.create_key("laptop", "Only Claude").key
    assert filled.open(f"{CLIENTS}.json?key={key.id}").json["played"]["listed"] == 1
    assert "Nothing is listed" in filled.open(f"{CLIENTS}?workspace=Nothing").text
    filled.installation.access.archive_key(key.id)
    assert "Every client is refused: it is archived." in filled.open(f"{CLIENTS}?key={key.id}").text


def test_the_configuration_of_clients_has_the_address_of_this_server_and_no_key(filled: Browser) -> None:
    exports = filled.open(f"{CLIENTS}.json?workspace=Only+Claude").json["exports"]
    assert [each["title"] for each in exports] == ["Claude Code", "opencode", "Codex"]
    for each in exports:
        assert "--workspace=Only Claude" in each["command"]
        assert f"--url http://{HOST}" in each["command"]
        assert f"http://{HOST}" in each["files"][0]["text"]
        texts = "".join(file["text"] for file in each["files"])
        assert "claude-one" in texts
        assert "gpt-one" not in texts


def test_of_a_long_list_the_beginning_is_played_until_more_is_asked_for(
    filled: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "_PLAYED", 1)
    shown = filled.open(CLIENTS)
    assert "the first 1 models" in shown.text
    more = filled.open(shown.link("Try up to 1,000"))
    assert "2 models" in more.text


@pytest.mark.parametrize("query", ["workspace=nowhere", "key=nothing", f"key={quote(MARKUP)}"])
def test_who_is_not_there_is_asked_for_once_more(query: str, filled: Browser) -> None:
    shown = filled.open(f"{CLIENTS}?{query}")
    assert shown.status == 404
    assert shown.soup.find("input", id="f-key") is not None
    assert shown.soup.find("img") is None


def test_names_of_models_are_shown_as_text(filled: Browser) -> None:
    filled.installation.catalog.add(make_model("claude-markup", display_name=MARKUP))
    shown = filled.open(CLIENTS)
    assert "onerror=alert(1)" in shown.text
    assert shown.soup.find("img") is None

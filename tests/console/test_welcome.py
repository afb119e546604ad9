"""The first steps: from an empty installation to a client that gets its list."""

import pytest

from callsheet.domain.access.admin_key import Scope
from callsheet.http.console.address import Address
from tests.console.browsing import Browser
from tests.installation import make_model

WELCOME = "/console/welcome"


def test_the_console_opens_with_the_first_steps_until_they_are_done(signed_in: Browser) -> None:
    installation = signed_in.installation
    installation.clear_catalog()
    assert signed_in.open("/console").heading == "Welcome"
    installation.catalog.add(make_model("claude-one"))
    assert signed_in.open("/console").heading == "Welcome"
    installation.key()
    assert signed_in.open("/console").heading == "Catalogue"
    installation.access.disable_key(installation.access.list_keys()[0].id)
    assert signed_in.open("/console").heading == "Welcome"


def test_where_no_key_is_needed_none_is_asked_for(browser: Browser) -> None:
    open_to_all = Browser(browser.installation, any_key=True).sign_in()
    assert open_to_all.open("/console").heading == "Catalogue"
    assert "accepts those of your gateway, or any" in open_to_all.open(WELCOME).text


def test_each_step_says_whether_it_is_done(signed_in: Browser) -> None:
    installation = signed_in.installation
    installation.clear_catalog()
    shown = signed_in.open(WELCOME)
    assert shown.text.count("to do") == 2
    installation.catalog.add(make_model("claude-one"))
    installation.workspace("crew")
    installation.key(name="laptop")
    shown = signed_in.open(WELCOME)
    assert "1 model" in shown.text
    assert "laptop works" in shown.text
    assert "to do" not in shown.text
    assert "no key was used yet" in shown.text
    assert signed_in.open(f"{WELCOME}.json").json["is_done"] is True


def test_the_built_in_models_are_said_to_be_those(signed_in: Browser) -> None:
    assert "Callsheet brings these along" in signed_in.open(WELCOME).text


def test_built_in_models_are_listed_on_demand(signed_in: Browser) -> None:
    signed_in.installation.clear_catalog()
    plan = signed_in.send(signed_in.open(WELCOME), "List the built-in models…")
    assert plan.heading == "List the built-in models"
    fields = {**signed_in.open(WELCOME).fields("List the built-in models…"), "action": "x"}
    assert signed_in.post(WELCOME, fields).status == 400


def test_an_address_is_taken_along_to_the_form_of_a_source(signed_in: Browser) -> None:
    form = signed_in.open(WELCOME).form("Add a source…")
    assert (form["method"], form["action"]) == ("get", "/console/sources/new")
    assert form.find("input", attrs={"name": "url"})


def test_a_name_is_taken_along_to_the_form_of_a_key(signed_in: Browser) -> None:
    form = signed_in.open(WELCOME).form("Create a key…")
    assert (form["method"], form["action"]) == ("get", "/console/keys/new")
    shown = signed_in.open("/console/keys/new?name=laptop%20of%20ada")
    assert shown.fields("Review change")["name"] == ["laptop of ada"]
    assert signed_in.send(shown, "Review change", expires_at="2099-01-01").heading == "Create the key laptop of ada"


def test_every_snippet_has_the_address_that_the_browser_used(signed_in: Browser) -> None:
    texts = [each.get_text() for each in signed_in.open(WELCOME).soup.select("details pre")]
    assert len(texts) == 4
    assert all("http://127.0.0.1:8484" in text and "CALLSHEET_API_KEY" in text for text in texts)
    other = signed_in.open(WELCOME, host="models.example:8484")
    assert "http://models.example:8484" in other.text


@pytest.mark.parametrize(
    ("origin", "prefix", "port", "url"),
    [
        ("http://127.0.0.1:8484", "", None, "http://127.0.0.1:8484"),
        ("https://models.example", "/anthropic", None, "https://models.example/anthropic"),
        ("http://127.0.0.1:9001", "", 8484, "http://127.0.0.1:8484"),
        ("http://[::1]:9001", "", 8484, "http://[::1]:8484"),
        ("https://admin.example", "", 8484, "https://admin.example:8484"),
        ("http://a'\";$(reboot)", "", None, "http://a%27%22%3B%24%28reboot%29"),
    ],
)
def test_clients_find_the_models_api_beside_the_console(
    origin: str, prefix: str, port: int | None, url: str
) -> None:
    assert Address(prefix, port).base_url(origin) == url


def test_one_who_may_only_read_is_shown_the_steps(browser: Browser) -> None:
    browser.sign_in(Scope.READ)
    shown = browser.open(WELCOME)
    assert shown.status == 200
    assert "Add a source…" not in shown.text

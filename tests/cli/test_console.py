"""``callsheet console``: a link that signs a browser in, once, or one sentence that says why there is none."""

import re
from pathlib import Path

import pytest

from callsheet.domain.access.admin_key import Scope
from tests.cli.conftest import CLI
from tests.console.browsing import Browser
from tests.installation import Installation

LINK = re.compile(r"http://127\.0\.0\.1:8484/console/sign-in\?link=([\w-]{43})\n")


def test_the_link_is_alone_on_its_line_and_signs_a_browser_in_once(cli: CLI, installation: Installation) -> None:
    made = cli("console")
    assert (made.code, "within 5 minutes" in made.err) == (0, True)
    found = LINK.fullmatch(made.out)
    assert found is not None, made.out
    path = f"/console/sign-in?link={found[1]}"
    browser = Browser(installation)
    assert browser.send(browser.open(path), "Sign in").status == 200
    assert browser.open("/console/keys").heading == "Keys"
    other = Browser(installation)
    assert "already been used" in other.send(other.open(path), "Sign in").text


def test_change_records_say_who_made_the_link_and_that_it_was_in_the_console(
    cli: CLI, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callsheet.cli.commands.console.actor", lambda: "cli:ada")
    key = installation.access.create_key("laptop").key
    browser = Browser(installation)
    token = cli("console", "--json").json["url"].rpartition("=")[2]
    assert "Signed in as ada" in browser.send(browser.open(f"/console/sign-in?link={token}"), "Sign in").text
    browser.send(browser.send(browser.open(f"/console/keys/{key.id}"), "Disable…"), "Apply")
    with installation.store.read() as reading:
        changes = reading.changes(limit=1000)
    assert "console:ada" in {each.actor for each in changes}
    assert token not in str(changes)


def test_a_link_may_do_only_what_its_scopes_say(cli: CLI, installation: Installation) -> None:
    token = cli("console", "--scope", "read", "--scope", "keys", "--json").json["url"].rpartition("=")[2]
    browser = Browser(installation)
    shown = browser.send(browser.open(f"/console/sign-in?link={token}"), "Sign in")
    assert f"{Scope.READ}, {Scope.KEYS}" in shown.text
    assert browser.open("/console/keys/new").status == 200
    refusal = cli("console", "--scope", "nothing").refusal
    assert "The scopes of a link to the console are" in refusal
    assert "not 'nothing'" in refusal


@pytest.mark.parametrize(
    ("options", "base"),
    [
        ({}, "http://127.0.0.1:8484"),
        ({"HOST": "0.0.0.0", "PORT": "9000"}, "http://127.0.0.1:9000"),
        ({"HOST": "::"}, "http://[::1]:8484"),
        ({"HOST": "192.0.2.7", "ROOT_PATH": "/anthropic"}, "http://192.0.2.7:8484/anthropic"),
        ({"ADMIN_PORT": "9001"}, "http://127.0.0.1:9001"),
        ({"ADMIN_HOST": "10.0.0.1", "ADMIN_PORT": "9001"}, "http://10.0.0.1:9001"),
    ],
)
def test_the_address_is_where_the_settings_have_the_server_listen(
    options: dict[str, str], base: str, cli: CLI, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in options.items():
        monkeypatch.setenv(f"CALLSHEET_{name}", value)
    assert cli("console", "--json").json["url"].startswith(f"{base}/console/sign-in?link=")


def test_a_port_that_the_settings_do_not_name_is_named(cli: CLI, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli("console", "--port", "9000", "--json").json["url"].startswith("http://127.0.0.1:9000/console/")
    assert "leave --port out" in cli("console", "--port", "9000", "--url", "https://models.example").refusal


@pytest.mark.parametrize("url", ["https://models.example/", "https://models.example/console"])
def test_another_address_is_taken_as_it_is(url: str, cli: CLI) -> None:
    made = cli("console", "--url", url, "--json").json
    assert made["url"].startswith("https://models.example/console/sign-in?link=")
    assert made["valid_seconds"] == 300


def test_an_address_that_is_none_is_refused(cli: CLI) -> None:
    for url in ("models.example", "ftp://a", "http://ada:secret@a", ""):
        refusal = cli("console", "--url", url).refusal
        assert "--url" in refusal
        assert "secret" not in refusal


def test_a_free_port_is_asked_for(cli: CLI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_PORT", "0")
    assert "name it with --port" in cli("console").refusal
    assert cli("console", "--url", "http://127.0.0.1:1").code == 0


def test_a_console_that_is_off_gives_no_link(cli: CLI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_CONSOLE", "no")
    assert "The setting console is off" in cli("console").refusal


def test_without_a_database_there_is_nothing_to_sign_in_at(call: CLI, tmp_path: Path) -> None:
    missing = tmp_path / "missing.db"
    refusal = call("console", "--database", f"sqlite:///{missing}").refusal
    assert "callsheet serve" in refusal
    assert not missing.exists()

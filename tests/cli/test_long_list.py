"""Where the list is longer than a request without a limit gets, the command line says who misses what."""

import re
from pathlib import Path

import pytest

from callsheet.cli.output.long_list import long_list_note
from callsheet.doctor.clients.rules import clients_cut_short, load_clients
from callsheet.doctor.examine import examine
from callsheet.doctor.probe.target import parse_target
from callsheet.testing import ModelsAPI
from tests.cli.conftest import CLI
from tests.installation import Installation, make_model
from tests.program import Server


def fill(installation: Installation, count: int) -> None:
    """Have this many models listed, and one more that is hidden."""
    known = installation.catalog.list()
    listed = sum(model.lifecycle != "retired" and not model.hidden for model, _ in known)
    new = [f"claude-{number:03}" for number in range(len(known), len(known) + count - listed + 1)]
    installation.add(*(make_model(model_id, "2026-10-01") for model_id in new))
    installation.catalog.hide(new[-1])


def test_check_names_the_clients_that_do_not_page_and_the_setting_that_helps(
    cli: CLI, installation: Installation
) -> None:
    fill(installation, 21)
    done = cli("check")
    assert (done.code, done.out) == (0, "")
    note = done.err.splitlines()[-1]
    assert note.startswith("Note: the list has 21 models, and a request without a limit gets 20 of them ")
    assert "LibreChat (2026)" in note
    assert "Ruby SDK (1.0 to 1.65)" in note
    assert "With CALLSHEET_DEFAULT_LIMIT=1000 they show up to 1,000." in note


def test_check_has_nothing_to_add_where_a_request_without_a_limit_gets_everything(
    cli: CLI, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(installation, 20)
    assert len(cli("check").err.splitlines()) == 1
    fill(installation, 30)
    monkeypatch.setenv("CALLSHEET_DEFAULT_LIMIT", "1000")
    assert len(cli("check").err.splitlines()) == 1


def test_the_server_says_so_when_it_starts(tmp_path: Path) -> None:
    with Server(tmp_path / "callsheet.db", "--default-limit", "5") as server:
        note = server.printed(r"Note: the list has (\d+) models, and a request without a limit gets 5 of them ")
        assert server.get("/readyz")[1]["models"] >= int(note[1]) > 5


def test_litellm_shows_none_of_more_than_twenty_pages() -> None:
    assert "; LiteLLM as a client (1.110): 0. " in long_list_note(401, 20)
    assert "LiteLLM" not in long_list_note(400, 20)
    assert long_list_note(20, 20) == ""


@pytest.mark.parametrize("count", [30, 400, 401])
def test_who_is_named_is_who_misses_models_in_the_doctors_eyes(count: int) -> None:
    models = [
        {
            "id": f"claude-{number:03}",
            "display_name": f"{number}",
            "created_at": f"2026-01-{1 + number % 28:02}T00:00:00Z",
        }
        for number in range(count)
    ]
    with ModelsAPI(models) as api:
        report = examine(parse_target(api.url), api.api_key, load_clients(), timeout=30)
    missing = {
        client.title: len(client.plays[0].shown or ())
        for client in report.clients
        if len(client.plays[0].shown or ()) < count and client.name != "claude-desktop"  # of which it is not known
    }
    assert missing == {each.title: each.shown for each in clients_cut_short(count, 20)}
    cures = {finding.advice for client in report.clients for finding in client.findings if finding.code == "cut"}
    assert all(re.search(r"default_limit = 1000", advice) for advice in cures)

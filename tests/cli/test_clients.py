"""What known clients show of the list: ``callsheet clients``."""

from typing import Any

import pytest

from tests.cli.conftest import CLI
from tests.installation import Installation, make_model


@pytest.fixture
def teams(empty: Installation) -> Installation:
    """Two models, of which some clients drop one, and a team that sees only that one."""
    empty.add(make_model("claude-m", display_name="Claude M"), make_model("kimi", display_name="Kimi"))
    empty.workspace("team", allow=("kimi",))
    empty.key(name="bot", workspace="team")
    return empty


def views(cli: CLI, *arguments: str) -> dict[str, Any]:
    """What the newest version of each client shows."""
    found: dict[str, Any] = {}
    for view in cli("clients", *arguments, "--json").json["clients"]:
        found.setdefault(view["client"], view)
    return found


def test_each_client_shows_its_part_and_says_why_not_the_rest(cli: CLI, teams: Installation) -> None:
    found = views(cli)
    assert {"claude-code", "claude-desktop", "python-sdk", "librechat", "open-webui"} <= found.keys()
    code = found["claude-code"]
    assert (code["shown"], code["listed"]) == ([{"id": "claude-m", "name": "Claude M"}], 2)
    assert code["left_out"][0]["ids"] == ["kimi"]
    assert code["left_out"][0]["why"].startswith("Claude Code keeps only ids that contain")
    assert [each["id"] for each in found["librechat"]["shown"]] == ["claude-m", "kimi"]
    assert found["librechat"]["left_out"] == []


def test_a_key_and_a_workspace_have_their_own_list(cli: CLI, teams: Installation) -> None:
    for who in (("--key", "bot"), ("--workspace", "team")):
        found = views(cli, *who)
        assert found["claude-code"]["shown"] == []
        assert [each["id"] for each in found["open-webui"]["shown"]] == ["kimi"]


def test_a_key_that_is_refused_says_why(cli: CLI, teams: Installation) -> None:
    cli("keys", "disable", "bot")
    result = cli("clients", "--key", "bot")
    assert (result.code, result.out, result.err) == (0, "", "Every client is refused: it is disabled.\n")
    record = cli("clients", "--key", "bot", "--json").json
    assert (record["refused"], record["clients"]) == ("inactive", [])


def test_one_client_is_shown_with_each_model_by_name(cli: CLI, teams: Installation) -> None:
    out = cli("clients", "--client", "claude-code").out
    assert "Claude Desktop" not in out
    (shown,) = [line.split() for line in out.splitlines() if line.startswith("claude-m")]
    assert shown == ["claude-m", "Claude", "M", "-"]
    assert "Give it an id that contains `claude`" in out
    refusal = cli("clients", "--client", "claude-cod").refusal
    assert refusal.startswith("No client is called claude-cod; known are any-llm, claude-code")


def test_an_empty_list_is_shown_as_one(cli: CLI, empty: Installation) -> None:
    result = cli("clients", "--client", "librechat")
    assert result.code == 0
    assert "0 of 0" in result.out


def test_more_pages_than_the_doctor_asks_for_are_played_as_well(cli: CLI, empty: Installation) -> None:
    empty.add_at_once([make_model(f"claude-{number}") for number in range(410)])
    found = views(cli)
    assert len(found["claude-code"]["shown"]) == 410
    litellm = found["litellm"]
    assert litellm["shown"] is None  # it asks for pages of 20, and gives up after 20 of them
    assert len(litellm["left_out"][0]["ids"]) == 410

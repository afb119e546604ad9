"""Why she does not see it: ``callsheet explain``."""

import getpass
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from callsheet.domain.changes.claiming import claim
from callsheet.domain.changes.keys import KeyChange
from callsheet.domain.claims.claims import Claims
from callsheet.domain.claims.manager import Manager, ManagerKind
from callsheet.domain.model import Lifecycle
from tests.cli.conftest import CLI
from tests.installation import Installation, make_model, now

VLLM = Manager(ManagerKind.SOURCE, "vllm")


@pytest.fixture
def bot(empty: Installation) -> Installation:
    """A key in a workspace with rules, and a model that both of them see."""
    empty.add(make_model("claude-m"))
    empty.workspace("team", allow=("claude-*",), deny=("*-secret",))
    empty.key(name="bot", workspace="team")
    return empty


def explained(cli: CLI, *arguments: str, code: int) -> Any:
    result = cli("explain", *arguments, "--json")
    assert result.code == code, result
    return json.loads(result.out)


def step(record: Any, check: str) -> Any:
    return next(each for each in record["steps"] if each["check"] == check)


def test_a_model_that_is_listed_ends_with_0_and_shows_every_check(cli: CLI, bot: Installation) -> None:
    result = cli("explain", "claude-m", "--key", "bot")
    assert result.code == 0
    assert result.out.startswith("claude-m is listed for the key bot (apikey_")
    lines = [line.split()[:2] for line in result.out.splitlines()[4:]]
    assert lines == [[name, "yes"] for name in ("key", "workspace", "name", "rules", "hidden", "lifecycle")]
    assert "allowed by 'claude-*'" in result.out


def test_a_pattern_that_denies_is_named_with_the_change_that_brought_it(cli: CLI, bot: Installation) -> None:
    cli("workspaces", "change", "team", "--deny", "*-secret", "--deny", "claude-?")
    record = explained(cli, "claude-m", "--key", "bot", code=4)
    rules = step(record, "rules")
    change = cli("catalog", "history", "team", "--json").json[0]
    assert (rules["passes"], rules["reason"], rules["patterns"]) == (False, "denied", ["claude-?"])
    assert rules["cause"]["revision"] == change["revision"]
    assert rules["cause"]["actor"] == change["actor"]


def test_the_patterns_that_none_match_are_named(cli: CLI, bot: Installation) -> None:
    bot.add(make_model("kimi"))
    result = cli("explain", "kimi", "--workspace", "team")
    assert result.code == 4
    assert "none of the allowed patterns matches kimi: 'claude-*'" in result.out


def test_a_hidden_model_ends_with_3_and_names_who_hid_it(cli: CLI, bot: Installation) -> None:
    with bot.store.write("callsheet:sync", now()) as writing:
        writing.apply(claim(writing, [Claims("claude-v", VLLM, True, {"hidden": True})]))
    record = explained(cli, "claude-v", "--key", "bot", code=3)
    hidden = step(record, "hidden")
    assert record["reach"] == "retrievable"
    assert (hidden["cause"]["manager"], hidden["cause"]["actor"]) == ("source:vllm", "callsheet:sync")
    assert cli("explain", "claude-v", "--key", "bot").out.startswith(
        "claude-v is not listed, but can be retrieved, for the key bot"
    )


def test_a_retired_model_names_who_retired_it(cli: CLI, bot: Installation) -> None:
    bot.add(make_model("claude-old", lifecycle=Lifecycle.RETIRED, deprecated_at=now()))
    lifecycle = step(explained(cli, "claude-old", "--key", "bot", code=3), "lifecycle")
    assert (lifecycle["reason"], lifecycle["cause"]["manager"]) == ("retired", "person")


def test_a_suppressed_model_names_who_removed_it(cli: CLI, bot: Installation) -> None:
    with bot.store.write("callsheet:sync", now()) as writing:
        writing.apply(claim(writing, [Claims("claude-v", VLLM, True, {})]))
    cli("catalog", "remove", "claude-v")
    name = step(explained(cli, "claude-v", "--key", "bot", code=4), "name")
    assert (name["reason"], name["cause"]["manager"]) == ("removed", "person")
    assert name["cause"]["actor"].startswith("cli:")


def test_a_model_that_only_people_listed_names_who_removed_it(cli: CLI, bot: Installation) -> None:
    cli("catalog", "remove", "claude-m")
    name = step(explained(cli, "claude-m", "--key", "bot", code=4), "name")
    assert name["reason"] == "removed"
    assert name["cause"]["actor"].startswith("cli:")


def test_an_alias_names_the_model_that_it_means(cli: CLI, bot: Installation) -> None:
    bot.catalog.alias("latest", "claude-m")
    assert "an alias of claude-m" in cli("explain", "latest", "--key", "bot").out


def test_a_key_that_does_not_work_names_who_made_it_so(cli: CLI, bot: Installation) -> None:
    cli("keys", "disable", "bot")
    key = step(explained(cli, "claude-m", "--key", "bot", code=4), "key")
    assert (key["reason"], key["cause"]["revision"]) == ("inactive", bot.history.list("bot")[0].revision)
    assert "it is disabled" in cli("explain", "claude-m", "--key", "bot").out


def test_an_expired_key_says_since_when(cli: CLI, bot: Installation) -> None:
    change = KeyChange(expires_at=now() + timedelta(hours=1))
    key = bot.access.change_key("bot", change)
    with bot.store.write("test", now()) as writing:
        text = "UPDATE api_keys SET expires_at = '2026-01-01T00:00:00Z' WHERE id = ?"
        writing._connection.exec_driver_sql(text, (key.id,))
    record = explained(cli, "claude-m", "--key", "bot", code=4)
    assert step(record, "key")["cause"]["revision"] == bot.history.list("bot")[0].revision
    assert "it expired on 2026-01-01" in cli("explain", "claude-m", "--key", "bot").out


def test_a_workspace_that_is_archived_names_who_archived_it(cli: CLI, bot: Installation) -> None:
    team = bot.access.show_workspace("team").id
    cli("workspaces", "archive", "team")
    for who in (("--key", "bot"), ("--workspace", team)):
        workspace = step(explained(cli, "claude-m", *who, code=4), "workspace")
        assert workspace["reason"] == "archived"
        assert workspace["cause"]["revision"] == bot.history.list("team")[0].revision


def test_a_request_that_names_a_workspace_is_explained_by_that_one(cli: CLI, bot: Installation) -> None:
    bot.key(name="all", organization=True)
    bot.workspace("other", deny=("*",))
    assert explained(cli, "claude-m", "--key", "all", code=0)
    assert explained(cli, "claude-m", "--key", "all", "--workspace", "other", code=4)
    refused = explained(cli, "claude-m", "--key", "bot", "--workspace", "other", code=4)
    assert step(refused, "workspace")["reason"] == "not-available"


def test_what_the_settings_refuse_is_a_check_as_well(
    cli: CLI, bot: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert explained(cli, "claude-m", "--key", "bot", "--dialect", "openai", code=0)
    monkeypatch.setenv("CALLSHEET_OPENAI_DIALECT", "false")
    record = explained(cli, "claude-m", "--key", "bot", "--dialect", "openai", code=4)
    assert step(record, "dialect")["reason"] == "not-answered"


def test_a_client_that_does_not_show_a_listed_model_ends_with_3(cli: CLI, bot: Installation) -> None:
    bot.access.change_workspace("team", {"allow": ()})
    bot.add(make_model("kimi"))
    record = explained(cli, "kimi", "--key", "bot", "--client", "claude-code", code=3)
    assert record["reach"] == "listed"
    assert [each["shows"] for each in record["clients"]] == [False, False]  # before 2.1.223, and since
    result = cli("explain", "kimi", "--key", "bot", "--client", "claude-code")
    assert "keeps only ids that contain `claude` or `anthropic`" in result.out
    assert explained(cli, "claude-m", "--key", "bot", "--client", "claude-code", code=0)["clients"][0]["shows"]
    assert explained(cli, "kimi", "--key", "bot", "--client", "librechat", code=0)["clients"][0]["shows"]


def test_a_client_sees_the_list_of_that_workspace_and_not_another(cli: CLI, bot: Installation) -> None:
    bot.add(*(make_model(f"claude-{number:02}", "2026-06-01") for number in range(20)))
    record = explained(cli, "claude-m", "--workspace", "team", "--client", "librechat", code=3)
    assert "20 of 21" in record["clients"][0]["why"]
    bot.access.change_workspace("team", {"deny": ("claude-0?",)})
    assert explained(cli, "claude-m", "--workspace", "team", "--client", "librechat", code=0)


def test_a_client_is_not_asked_for_a_model_that_is_not_listed(cli: CLI, bot: Installation) -> None:
    cli("catalog", "hide", "claude-m")
    assert explained(cli, "claude-m", "--key", "bot", "--client", "claude-code", code=3)["clients"] == []


def test_what_cannot_be_explained_is_refused_in_one_sentence(cli: CLI, bot: Installation) -> None:
    assert cli("explain", "m").refusal == "Name who asks, with --key, --workspace or --secret -."
    assert cli("explain", "m", "--key", "bit").refusal == "There is no key 'bit'; did you mean 'bot'?"
    assert cli("explain", "m", "--workspace", "tea").refusal.endswith("did you mean 'team'?")
    refusal = cli("explain", "claude-m", "--key", "bot", "--client", "claude-cod").refusal
    assert refusal.startswith("No client is called claude-cod; known are any-llm, ")


def test_nothing_of_a_secret_is_printed(cli: CLI, bot: Installation) -> None:
    secret = bot.key(name="other", workspace="team")
    for arguments in ((), ("--json",), ("--client", "claude-code")):
        assert secret[6:20] not in str(cli("explain", "claude-m", "--key", "other", *arguments))


def test_what_a_catalogue_file_says_is_named_with_its_line(cli: CLI, bot: Installation, tmp_path: Path) -> None:
    file = tmp_path / "team.catalog.yaml"
    file.write_text(
        "manager: platform\n"
        "models:\n"
        "  - id: claude-filed\n"
        "    display_name: Filed\n"
        "    hidden: true\n"
        "workspaces:\n"
        "  - name: filed\n"
        "    deny: ['claude-filed']\n"
    )
    assert cli("apply", str(file)).code == 0
    record = explained(cli, "claude-filed", "--workspace", "filed", "--catalog", str(tmp_path), code=4)
    places = {each["check"]: each["cause"] and each["cause"]["place"] for each in record["steps"]}
    assert places == {
        "workspace": None,
        "name": f"{file}:3",
        "rules": f"{file}:7",
        "hidden": f"{file}:3",
        "lifecycle": None,
    }
    out = cli("explain", "claude-filed", "--workspace", "filed", "--catalog", str(file)).out
    assert f"file:platform (cli:{getpass.getuser()}), {file}:7, revision " in out


def test_a_file_that_cannot_be_read_or_has_other_content_names_no_line(
    cli: CLI, bot: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "team.catalog.yaml"
    file.write_text("manager: platform\nmodels:\n  - id: claude-filed\n")
    cli("apply", str(file))
    monkeypatch.setenv("CALLSHEET_CATALOG", str(file))
    assert step(explained(cli, "claude-filed", "--key", "bot", code=0), "name")["cause"]["place"] == f"{file}:3"
    for text in ("manager: platform\nmodels: []\n", "manager: other\nmodels:\n  - id: claude-filed\n", "models: ["):
        file.write_text(text)
        assert step(explained(cli, "claude-filed", "--key", "bot", code=0), "name")["cause"]["place"] is None

"""The configuration of a client: ``callsheet export --for``."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import CLI
from tests.installation import Installation, make_model


@pytest.fixture
def teams(empty: Installation) -> Installation:
    empty.add(
        make_model("claude-old", "2026-01-01", line="opus"),
        make_model("claude-new", "2026-02-01", line="opus", display_name="New"),
        make_model("kimi {env:HOME}", "2025-01-01", display_name="{file:/etc/hostname}"),
        make_model("claude-secret"),
    )
    empty.workspace("team", deny=("*-secret",))
    empty.key(name="bot", workspace="team")
    return empty


def test_claude_code_offers_what_is_listed_for_the_key(cli: CLI, teams: Installation) -> None:
    settings = cli("export", "--for", "claude-code", "--key", "bot", "--url", "https://gw.example/v1/").json
    ids = ["claude-new", "claude-old", "kimi {env:HOME}"]
    assert settings["availableModels"] == ids
    assert [row["model"] for row in settings["modelPicker"]["options"]] == ids
    assert settings["modelPicker"]["replaceBuiltInOptions"] is True
    environment = settings["env"]
    assert environment.pop("ANTHROPIC_BASE_URL") == "https://gw.example"
    assert set(environment.values()) == {"claude-new"}  # what it calls opus, haiku, … is a model that is listed


def test_opencode_is_given_no_reference_but_that_of_the_key(cli: CLI, teams: Installation) -> None:
    text = cli("export", "--for", "opencode", "--workspace", "team", "--url", "https://gw.example").out
    assert text.count("{env:") == 1
    assert "{file:" not in text
    provider = json.loads(text)["provider"]["callsheet"]
    assert provider["options"] == {"baseURL": "https://gw.example/v1", "apiKey": "{env:CALLSHEET_API_KEY}"}
    assert list(provider["models"]) == ["claude-new", "claude-old", "kimi {env:HOME}"]
    assert provider["models"]["kimi {env:HOME}"]["name"] == "{file:/etc/hostname}"


def test_codex_gets_two_files_in_a_folder(cli: CLI, teams: Installation, tmp_path: Path) -> None:
    arguments = ("export", "--for", "codex", "--key", "bot", "--url", "http://[::1]:4000")
    assert "name a folder for them with --into" in cli(*arguments).refusal
    assert cli(*arguments, "--into", str(tmp_path)).code == 0
    config = tomllib.loads((tmp_path / "config.toml").read_text())
    assert config["model_providers"]["callsheet"]["base_url"] == "http://[::1]:4000/v1"
    models = json.loads((tmp_path / config["model_catalog_json"]).read_text())["models"]
    assert [each["slug"] for each in models] == ["claude-new", "claude-old", "kimi {env:HOME}"]


def test_a_file_that_is_there_is_not_replaced(cli: CLI, teams: Installation, tmp_path: Path) -> None:
    (tmp_path / "callsheet-models.json").write_text("mine")
    refused = cli("export", "--for", "codex", "--key", "bot", "--into", str(tmp_path))
    assert "callsheet-models.json is there already" in refused.refusal
    assert not (tmp_path / "config.toml").exists()
    assert (tmp_path / "callsheet-models.json").read_text() == "mine"
    missing = cli("export", "--for", "opencode", "--key", "bot", "--into", str(tmp_path / "none")).refusal
    assert missing.endswith("is not a folder; make it first.")


def test_without_a_url_messages_go_to_this_server(cli: CLI, teams: Installation) -> None:
    result = cli("export", "--for", "claude-code", "--key", "bot")
    assert result.json["env"]["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:8484"
    assert "Put the key into ANTHROPIC_API_KEY; it is not in the file." in result.err


def test_nothing_is_offered_where_nothing_is_listed(cli: CLI, teams: Installation) -> None:
    teams.workspace("none", deny=("*",))
    assert cli("export", "--for", "opencode", "--workspace", "none").refusal.startswith("No model is listed for")
    cli("keys", "disable", "bot")
    assert cli("export", "--for", "opencode", "--key", "bot").refusal == "The key sees nothing: it is disabled."


@pytest.mark.parametrize(
    "url",
    [
        "gw.example",
        "ftp://gw.example",
        "http://u:sk-secret@gw.example",
        "http://gw?key=sk-secret",
        'http://gw/"',
        "http://gw/{env:X}",
    ],
)
def test_a_url_that_does_not_fit_is_refused_and_no_secret_repeated(cli: CLI, teams: Installation, url: str) -> None:
    refusal = cli("export", "--for", "codex", "--key", "bot", "--url", url).refusal
    assert "--url" in refusal
    assert "sk-secret" not in refusal


def test_options_of_one_kind_of_export_are_refused_with_the_other(cli: CLI, teams: Installation) -> None:
    assert cli("export", "--key", "bot").refusal.startswith("--key, --workspace and --url belong to --for")
    assert cli("export", "--for", "codex").refusal.startswith("Name whose models the client is to offer")
    for more in (("--manager", "x"), ("--held-by", "people"), ("--only", "models")):
        refusal = cli("export", "--for", "codex", "--key", "bot", *more).refusal
        assert refusal.startswith(f"{more[0]} is about catalogue files")

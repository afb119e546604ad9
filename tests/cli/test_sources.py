"""``callsheet sources`` and ``callsheet catalog import``."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.cli.conftest import CLI
from tests.installation import Installation
from tests.service.sync.upstream import Upstream, serve_upstream

SECRET: Final = "sk-sesame-1234"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serve_upstream() as serving:
        serving.lists("alpha", "beta", "gamma")
        yield serving


@pytest.fixture
def cli(call: CLI, empty: Installation, monkeypatch: pytest.MonkeyPatch) -> CLI:
    """On an installation with an empty catalogue."""
    monkeypatch.setenv("CALLSHEET_DATABASE_URL", empty.url)
    return call


@pytest.fixture
def source(cli: CLI, upstream: Upstream) -> str:
    """The name of a source that has been run."""
    assert cli("sources", "add", "gateway", "--url", upstream.url).code == 0
    return "gateway"


def ids(cli: CLI) -> set[str]:
    return {model["id"] for model in cli("catalog", "list", "--json").json}


def test_a_source_is_added_and_listed_in_one_command(cli: CLI, upstream: Upstream) -> None:
    result = cli("sources", "add", "gateway", "--url", upstream.url)
    assert result.code == 0
    assert result.err == (
        "It answers as openai does: /v1/models answers with a list of OpenAI's.\n"
        "Added the source gateway.\n"
        "gateway: 3 new; it lists 3 models.\n"
        "The built-in models are no longer listed by themselves; their facts fill in what sources list. To list "
        "them as before: callsheet sources builtin list\n"
    )
    assert ids(cli) == {"alpha", "beta", "gamma"}


def test_a_dry_run_shows_what_a_source_would_change_and_changes_nothing(cli: CLI, upstream: Upstream) -> None:
    plan = cli("sources", "add", "gateway", "--url", upstream.url, "--dry-run", "--json").json
    assert [(step["action"], step["kind"], step["subject"]) for step in plan["steps"]] == [
        ("add", "source", "gateway"),
        *(("add", "model", model_id) for model_id in ("alpha", "beta", "gamma")),
    ]
    assert cli("sources", "list", "--json").json == []
    assert ids(cli) == set()


def test_the_first_run_and_its_plan_know_what_the_catalogue_knows(cli: CLI, upstream: Upstream) -> None:
    assert cli("catalog", "add", "alpha", "--max-input-tokens", "1000000").code == 0
    add = ("sources", "add", "gateway", "--url", upstream.url, "--long-context-rows")
    assert "alpha[1m]" in {step["subject"] for step in cli(*add, "--dry-run", "--json").json["steps"]}
    assert cli(*add).code == 0
    assert "alpha[1m]" in ids(cli)


def test_a_source_that_cannot_be_reached_is_not_added(cli: CLI) -> None:
    sentence = cli("sources", "add", "gateway", "--url", "http://127.0.0.1:1", "--kind", "openai").refusal
    assert sentence == (
        "http://127.0.0.1:1 cannot be reached (Connection refused); check the URL, and that the server runs."
    )
    assert cli("sources", "list", "--json").json == []


def test_a_source_can_be_added_before_its_server_runs(cli: CLI) -> None:
    url = "http://127.0.0.1:1"
    assert cli("sources", "add", "gateway", "--url", url, "--kind", "vllm", "--no-sync").code == 0
    (record,) = cli("sources", "list", "--json").json
    assert record["config"] == {"kind": "vllm", "url": url}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "A source needs --url"),
        (("--url", "localhost"), "must be such as http://localhost:8000"),
        (("--url", "http://a", "--rename", "x"), "A rename must be written ID=NEW"),
        (("--url", "http://a", "--secret-env", "A", "--secret-file", "b"), "both in a variable and in a file"),
        (("--url", "http://a", "--secret-env", SECRET), "must be named by an environment variable"),
        (("--url", "http://a", "--every", "1s"), "asked at most every 10s"),
        (("--url", "http://a", "--after", "soon"), "A grace must be such as"),
    ],
)
def test_what_is_not_valid_is_refused_in_one_sentence(cli: CLI, arguments: tuple[str, ...], words: str) -> None:
    sentence = cli("sources", "add", "gateway", *arguments).refusal
    assert words in sentence
    assert "sesame" not in sentence


def test_a_name_that_is_not_valid_is_refused(cli: CLI, source: str, upstream: Upstream) -> None:
    assert (
        "The name of a source must be"
        in cli("sources", "add", "My Gateway", "--url", upstream.url, "--kind", "openai").refusal
    )
    assert (
        "There is a source gateway already"
        in cli("sources", "add", source, "--url", upstream.url, "--kind", "openai").refusal
    )


def test_every_option_is_kept(cli: CLI, upstream: Upstream) -> None:
    options = (
        *("--kind", "openai", "--secret-env", "GATEWAY_KEY", "--prefix", "team/", "--rename", "alpha=first"),
        *("--allow", "*", "--deny", "g*", "--fold-variants", "--long-context-rows", "--every", "1h"),
        *("--new", "hide", "--missing", "retire", "--after", "5 runs and 2h"),
    )
    assert cli("sources", "add", "gateway", "--url", upstream.url, "--no-sync", *options).code == 0
    assert cli("sources", "show", "gateway", "--json").json["config"] == {
        "kind": "openai",
        "url": upstream.url,
        "secret": "env:GATEWAY_KEY",
        "prefix": "team/",
        "rename": {"alpha": "first"},
        "allow": ["*"],
        "deny": ["g*"],
        "fold_variants": True,
        "long_context_rows": True,
        "every": "1h",
        "new": "hide",
        "missing": "retire",
        "after": "5 runs and 2h",
    }


def test_sync_is_for_cron(cli: CLI, source: str, upstream: Upstream) -> None:
    unchanged = cli("sources", "sync")
    assert (unchanged.code, unchanged.err) == (0, "gateway: unchanged; it lists 3 models.\n")
    upstream.lists("alpha", "beta", "gamma", "delta")
    assert cli("sources", "sync", "gateway").err == "gateway: 1 new; it lists 4 models.\n"
    upstream.lists()
    quarantined = cli("sources", "sync")
    assert quarantined.code == 2
    assert quarantined.err == (
        "gateway: The list is quarantined: it is empty, where there were 4 models. See callsheet sources plan "
        "gateway\n"
    )
    upstream.fails()
    failed = cli("sources", "sync", "--json")
    assert failed.code == 1
    (report,) = json.loads(failed.out)
    assert (report["source"], report["outcome"]) == ("gateway", "failed")
    assert ids(cli) == {"alpha", "beta", "gamma", "delta"}


def test_one_source_that_fails_keeps_no_other_from_being_run(cli: CLI, source: str, upstream: Upstream) -> None:
    cli("sources", "add", "down", "--url", "http://127.0.0.1:1", "--kind", "openai", "--no-sync")
    upstream.lists("alpha", "beta", "gamma", "delta")
    assert cli("sources", "sync").code == 1
    assert "delta" in ids(cli)


def test_what_waits_is_shown_as_a_plan_and_accepted(cli: CLI, source: str, upstream: Upstream) -> None:
    upstream.lists()
    cli("sources", "sync")
    planned = cli("sources", "plan", source)
    assert planned.code == 2
    assert "To apply it: callsheet sources accept gateway\n" in planned.err
    assert "The list is quarantined: it is empty, where there were 3 models." in planned.err
    assert "hidden: no → yes" in planned.out
    assert cli("sources", "accept", source, "--dry-run").code == 0
    assert not any(model["hidden"] for model in cli("catalog", "list", "--json").json)
    assert cli("sources", "accept", source).err == "Accepted the list of gateway.\n"
    assert all(model["hidden"] for model in cli("catalog", "list", "--json").json)
    assert cli("sources", "accept", source).refusal == "Nothing of the source gateway waits for a person."


def test_what_waits_is_rejected(cli: CLI, source: str, upstream: Upstream) -> None:
    upstream.lists()
    cli("sources", "sync")
    assert cli("sources", "reject", source).err == ("Rejected the list of gateway; 3 names stay as before.\n")
    assert cli("sources", "sync").code == 0
    assert cli("sources", "show", source, "--json").json["rejected"] == {
        "alpha": "empty",
        "beta": "empty",
        "gamma": "empty",
    }


def test_a_plan_of_what_a_run_would_change_now(cli: CLI, source: str, upstream: Upstream) -> None:
    assert cli("sources", "plan", source).code == 0
    upstream.lists("alpha", "beta", "gamma", "delta")
    planned = cli("sources", "plan", source, "--json")
    assert planned.code == 2
    assert [step["subject"] for step in json.loads(planned.out)["steps"]] == ["delta"]
    assert "delta" not in ids(cli)


def test_a_source_is_changed_and_cleared(cli: CLI, source: str) -> None:
    assert cli("sources", "change", source, "--deny", "g*", "--every", "never").code == 0
    cli("sources", "sync")
    assert ids(cli) == {"alpha", "beta"}
    assert cli("sources", "change", source, "--clear", "deny").code == 0
    cli("sources", "sync")
    assert ids(cli) == {"alpha", "beta", "gamma"}
    assert "Nothing to change" in cli("sources", "change", source).refusal
    assert "cannot be cleared" in cli("sources", "change", source, "--clear", "url").refusal
    assert "remove it and add another" in cli("sources", "change", source, "--kind", "models-dev").refusal


def test_a_source_is_asked_about_keys_and_says_how(cli: CLI, source: str) -> None:
    cli("workspaces", "create", "lab")
    keys = ("--asks-keys", "--key-mode", "govern", "--workspace", "lab", "--picker-prefix", "anthropic/")
    config = cli("sources", "change", source, *keys, "--json").json["config"]
    assert (config["asks_keys"], config["key_mode"], config["picker_prefix"]) == (True, "govern", "anthropic/")
    assert config["workspace"] == cli("workspaces", "show", "lab", "--json").json["id"]
    cli("sources", "change", source, "--key-mode", "fill")
    cli("sources", "forget", source)
    shown = {
        name: " ".join(words) for name, *words in map(str.split, cli("sources", "show", source).out.splitlines())
    }
    assert (shown["key_mode"], shown["workspace"]) == ("fill", "lab")
    assert "keys_forgotten_at" not in shown
    assert "asks_keys" not in cli("sources", "change", source, "--no-asks-keys", "--json").json["config"]


def test_keys_that_would_see_nothing_of_an_empty_catalogue_are_pointed_out(
    cli: CLI, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    govern = ("--asks-keys", "--key-mode", "govern")
    add = ("sources", "add", "gateway", "--url", upstream.url, "--every", "never", "--no-sync", *govern)
    none = "Warning: The catalogue lists no model, so with govern the keys of gateway see none."
    assert none in cli(*add, "--dry-run").out
    added = cli(*add)
    assert none in added.err
    assert "Warning" not in cli("sources", "change", "gateway", "--key-mode", "fill").err
    planned = cli("sources", "change", "gateway", "--key-mode", "govern", "--dry-run").out
    assert none in planned
    monkeypatch.setenv("KEY_OF_ADA", SECRET)
    tried = cli("sources", "try", "gateway", "--key-env", "KEY_OF_ADA").err
    assert "None with govern, as the catalogue lists no model;" in tried
    assert "the catalogue lists none yet" in cli("workspaces", "create", "lab", "--allow", "claude-*").err
    assert none in cli("sources", "change", "gateway", "--key-mode", "govern").err
    cli("catalog", "add", "alpha")
    others = cli("sources", "change", "gateway", "--key-mode", "govern").err
    assert "The catalogue has no model of gateway, so with govern its keys see at most what others list:" in others


def test_what_a_source_answered_about_keys_is_forgotten(cli: CLI, source: str) -> None:
    refusal = "The source gateway is not asked about keys, so there are none to forget."
    assert cli("sources", "forget", source).refusal == refusal
    cli("sources", "change", source, "--asks-keys")
    dry = cli("sources", "forget", source, "--dry-run")
    assert dry.code == 0
    assert "keys_forgotten_at" in dry.out
    assert "keys_forgotten_at" not in cli("sources", "show", source, "--json").json["config"]
    forgotten = cli("sources", "forget", source, "--json")
    assert forgotten.json["config"]["keys_forgotten_at"]
    assert forgotten.err == "Every server forgets what gateway answered about keys.\n"


def test_a_plan_says_that_the_keys_of_a_source_work_or_stop_working(cli: CLI, source: str) -> None:
    asked = cli("sources", "change", source, "--asks-keys", "--dry-run", "--json").json["warnings"]
    assert [each["message"] for each in asked] == ["Every key that the source gateway accepts works here as well."]
    cli("sources", "change", source, "--asks-keys")
    for ending in (("change", source, "--no-asks-keys"), ("remove", source)):
        plan = cli("sources", *ending, "--dry-run", "--json").json
        messages = [each["message"] for each in plan["warnings"] if each["code"] == "gateway-keys"]
        assert messages == ["The keys that only the source gateway knows stop working."]
    cli("workspaces", "create", "lab", "--allow", "alpha")
    govern = ("sources", "change", source, "--key-mode", "govern", "--workspace", "lab", "--dry-run")
    assert [each["message"] for each in cli(*govern, "--json").json["warnings"]] == [
        "Keys that only the source gateway knows may see other models, or other facts of them.",
        "With govern the keys of gateway see at most 1 of its 3 models.",
    ]
    said = cli(*govern).out
    assert "No key of Callsheet itself would notice anything." in said
    assert "key_mode: fill → govern; workspace: lab" in " ".join(said.split())
    assert said.endswith("  callsheet sources try gateway --key-env VARIABLE\n")
    assert cli("sources", "change", source, "--every", "1h", "--dry-run", "--json").json["warnings"] == []


def test_a_key_is_tried_in_every_mode(
    cli: CLI, source: str, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_OF_ADA", SECRET)
    upstream.lists("alpha", "delta")
    tried = cli("sources", "try", source, "--key-env", "KEY_OF_ADA", "--json")
    assert {mode: sorted(ids) for mode, ids in tried.json["modes"].items()} == {
        "observe": ["alpha", "delta"],
        "fill": ["alpha", "delta"],
        "govern": ["alpha"],
    }
    assert upstream.asked[-1].headers["x-api-key"] == SECRET
    told = cli("sources", "try", upstream.url, "--key-env", "KEY_OF_ADA")
    assert "It accepts this key, which sees these models: 2 with observe, 2 with fill, 1 with govern." in told.err
    assert SECRET not in told.out + told.err
    assert "asks_keys" not in cli("sources", "show", source, "--json").json["config"]
    upstream.fails(401, b'{"error": {"message": "no"}}')
    refused = cli("sources", "try", source, "--key-env", "KEY_OF_ADA")
    assert refused.refusal == f"{upstream.url} refuses this key, so it is refused here, too."
    upstream.fails(503)
    away = cli("sources", "try", source, "--key-env", "KEY_OF_ADA").err
    assert away.count("\n") == 1
    assert away.startswith("callsheet: This key cannot be asked about at the moment: ")
    assert "503" in away


def test_a_key_is_tried_with_the_rules_of_a_workspace(
    cli: CLI, source: str, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_OF_ADA", SECRET)
    cli("workspaces", "create", "lab", "--allow", "beta")
    tried = ("sources", "try", source, "--key-env", "KEY_OF_ADA", "--workspace", "lab")
    assert cli(*tried, "--json").json["modes"]["govern"] == ["beta"]
    assert "give both, or neither" in cli("sources", "try", source, "--workspace", "lab").refusal
    assert "no workspace" in cli("sources", "try", source, "--key-env", "KEY_OF_ADA", "--workspace", "no").refusal
    monkeypatch.delenv("KEY_OF_ADA")
    unset = cli("sources", "try", source, "--key-env", "KEY_OF_ADA").refusal
    assert unset == (
        "The environment variable KEY_OF_ADA, which --key-env names, is not set; put the key of a caller into it."
    )


def test_a_second_workspace_is_refused(cli: CLI, source: str) -> None:
    two = ("--asks-keys", "--workspace", "default", "--workspace", "lab")
    refused = cli("sources", "change", source, *two).refusal
    assert refused == "All keys of a source belong to one workspace; give --workspace once."


def test_a_source_that_lists_nothing_itself_is_added_to_be_asked_about_keys(cli: CLI, upstream: Upstream) -> None:
    upstream.fails(401, b'{"error": {"message": "no key"}}')
    add = ("sources", "add", "gateway", "--url", upstream.url, "--kind", "litellm")
    assert "refuses the request with 401" in cli(*add).refusal
    added = cli(*add, "--asks-keys", "--key-mode", "observe", "--json")
    assert added.code == 0
    assert added.json["config"]["every"] == "never"
    assert "It lists nothing without a key, so it is only asked about keys." in added.err


def test_a_key_of_callsheets_own_is_never_tried_elsewhere(
    cli: CLI, source: str, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_OF_ADA", SECRET)
    monkeypatch.setenv("NEW", cli("keys", "create", "--name", "ada", "--json").json["secret"])
    asked = len(upstream.asked)
    assert "is one of Callsheet's own" in cli("sources", "try", source, "--key-env", "NEW").refusal
    assert len(upstream.asked) == asked


def test_a_second_source_that_is_asked_about_keys_is_refused(cli: CLI, source: str, upstream: Upstream) -> None:
    cli("sources", "change", source, "--asks-keys")
    refused = cli("sources", "add", "other", "--url", upstream.url, "--kind", "openai", "--asks-keys")
    assert refused.refusal.startswith("The source gateway is asked about keys, so other cannot be, too")
    assert [each["name"] for each in cli("sources", "list", "--json").json] == [source]


def test_a_source_is_paused_and_resumed(cli: CLI, source: str, upstream: Upstream) -> None:
    assert cli("sources", "pause", source).err == "Paused the source gateway.\n"
    asked = len(upstream.asked)
    assert cli("sources", "sync").code == 0
    assert len(upstream.asked) == asked
    assert cli("sources", "sync", source).code == 0
    assert "paused" in cli("sources", "list").out
    assert cli("sources", "resume", source).err == "Resumed the source gateway.\n"


def test_a_source_is_removed_with_what_it_claimed(cli: CLI, source: str) -> None:
    assert cli("sources", "remove", source, "--dry-run").code == 0
    assert ids(cli) == {"alpha", "beta", "gamma"}
    assert cli("sources", "remove", source).err == (
        "Removed the source gateway and everything that it claimed.\n"
        "No source is left. To list the built-in models again: callsheet sources builtin list\n"
    )
    assert ids(cli) == set()


def test_the_lists_name_what_is_wrong(cli: CLI, source: str, upstream: Upstream) -> None:
    upstream.fails()
    cli("sources", "sync")
    listed = cli("sources", "list")
    assert "gateway" in listed.out
    assert f"gateway: {upstream.url}/v1/models fails with 503" in listed.err
    assert "fails with 503" in cli("sources", "show", source).out


def test_try_shows_the_mapping_field_by_field_and_writes_nothing(cli: CLI, upstream: Upstream) -> None:
    upstream.rows(
        [{"id": "m", "object": "model", "created": 1, "owned_by": "vllm", "root": "m", "max_model_len": 32_768}]
    )
    result = cli("sources", "try", upstream.url)
    assert result.code == 0
    assert "1 model would be listed, of 1 rows." in result.out
    assert "max_input_tokens  all       32768" in result.out
    assert "max_tokens        none      stays unknown" in result.out
    record = cli("sources", "try", upstream.url, "--json", "--prefix", "local/").json
    assert record["kind"] == "vllm"
    assert [model["id"] for model in record["models"]] == ["local/m"]
    assert "max_tokens" in record["unknown"]
    assert cli("sources", "list", "--json").json == []


def test_try_needs_no_database(
    call: CLI, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CALLSHEET_DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    assert call("sources", "try", upstream.url).code == 0
    assert not (tmp_path / "none.db").exists()


def test_a_recording_holds_no_secret(
    cli: CLI, upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_KEY", SECRET)
    upstream.rows([{"id": "m", "object": "model", "created": 1, "owned_by": SECRET, "api_key": SECRET}])
    file = tmp_path / "recording.json"
    arguments = ("sources", "record", upstream.url, str(file), "--kind", "openai", "--secret-env", "GATEWAY_KEY")
    assert cli(*arguments).code == 0
    assert "sesame" not in file.read_text()
    assert json.loads(file.read_text())["GET /v1/models"]["status"] == 200
    assert "cannot be written" in cli(*arguments).refusal


def test_a_source_that_does_not_exist_is_refused(cli: CLI, source: str) -> None:
    for command in ("show", "pause", "resume", "plan", "accept", "reject", "remove", "sync"):
        assert "There is no source 'gatway'; the sources are: gateway." in cli("sources", command, "gatway").refusal


def test_a_list_is_imported_once_after_its_plan(cli: CLI, tmp_path: Path) -> None:
    file = tmp_path / "My list.json"
    file.write_text('{"data": [{"id": "mine/a", "context_window": 1000}, {"id": "mine/b"}]}')
    planned = cli("catalog", "import", str(file))
    assert (planned.code, planned.err) == (0, "Nothing was changed; add --yes to write it.\n")
    assert ids(cli) == set()
    assert cli("catalog", "import", str(file), "--yes").err == "Imported 2 models, claimed by file:my-list.\n"
    assert ids(cli) == {"mine/a", "mine/b"}
    cli("catalog", "change", "mine/a", "--max-input-tokens", "5")
    file.write_text('{"data": [{"id": "mine/a", "context_window": 2000}]}')
    cli("catalog", "import", str(file), "--yes")
    models = {model["id"]: model for model in cli("catalog", "list", "--json").json}
    assert models["mine/a"]["max_input_tokens"] == 5, "what a person changed outranks the list"
    assert "mine/b" in models, "what the list does not hold stays"


def test_a_list_at_a_url_is_imported(cli: CLI, upstream: Upstream) -> None:
    assert cli("catalog", "import", f"{upstream.url}/v1/models", "--yes", "--manager", "once").code == 0
    assert ids(cli) == {"alpha", "beta", "gamma"}


def test_a_list_that_cannot_be_read_is_refused(cli: CLI, tmp_path: Path) -> None:
    assert "cannot be read" in cli("catalog", "import", str(tmp_path / "none.json")).refusal
    (tmp_path / "page.html").write_text("<html>")
    assert cli("catalog", "import", str(tmp_path / "page.html")).refusal


def test_a_list_with_the_name_of_an_alias_is_refused(cli: CLI, tmp_path: Path) -> None:
    cli("catalog", "add", "m")
    cli("catalog", "alias", "fast", "m")
    (tmp_path / "l.json").write_text('{"data": [{"id": "fast"}]}')
    result = cli("catalog", "import", str(tmp_path / "l.json"), "--yes")
    assert result.code == 1
    assert "fast is an alias of m; use `catalog unalias fast` first." in result.err

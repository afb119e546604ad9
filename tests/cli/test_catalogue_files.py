"""``callsheet validate, plan, apply, adopt, drift, export``: what they print, and how they end."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import CLI
from tests.installation import Installation, make_model

SECRET = "sk-0123456789abcdefghijk"

FILE = """\
manager: team-a
models:
  - {id: claude-team, display_name: Claude Team, line: opus}
aliases:
  - {alias: team, model_id: claude-team}
workspaces:
  - {name: research, allow: [claude-team]}
keys:
  - {name: ci, secret_env: CI_KEY, workspace: research}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: Installation) -> Path:
    """A catalogue file; the catalogue is empty."""
    monkeypatch.setenv("CI_KEY", SECRET)
    path = tmp_path / "callsheet.catalog.yaml"
    path.write_text(FILE)
    return path


def test_a_file_is_planned_applied_and_in_sync(cli: CLI, file: Path) -> None:
    planned = cli("plan", str(file))
    assert planned.code == 2
    assert "add model" in planned.out
    assert "claude-team" in planned.out
    assert "research" in planned.out
    applied = cli("apply", str(file))
    assert (applied.code, applied.err) == (0, "Applied 4 changes.\n")
    assert cli("plan", str(file)).out == "Nothing to change.\n"
    assert cli("apply", str(file)).code == 0
    drifted = cli("drift", str(file))
    assert (drifted.code, drifted.out) == (0, "Everything is as the files say.\n")


def test_a_kept_plan_is_applied_once_and_then_is_stale(cli: CLI, file: Path, tmp_path: Path) -> None:
    kept = tmp_path / "plan.json"
    assert cli("plan", str(file), "--out", str(kept)).code == 2
    file.unlink()
    assert cli("apply", "--plan", str(kept)).code == 0
    refused = cli("apply", "--plan", str(kept))
    assert refused.code == 1
    assert "The plan is stale" in refused.err


def test_a_dry_run_changes_nothing_and_ends_with_0(cli: CLI, file: Path, empty: Installation) -> None:
    for command in ("apply", "adopt"):
        done = cli(command, str(file), "--dry-run")
        assert (done.code, done.err) == (0, "This was a dry run; nothing was changed.\n")
    assert empty.catalog.list() == []


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_json_is_the_plan(cli: CLI, file: Path, command: str) -> None:
    done = cli(command, str(file), "--json")
    record = json.loads(done.out)
    assert record["manager"] == "file:team-a"
    assert {step["kind"] for step in record["steps"]} == {"model", "alias", "workspace", "key"}
    assert SECRET not in done.out + done.err


def test_markdown_is_for_a_pull_request(cli: CLI, file: Path) -> None:
    done = cli("plan", str(file), "--format", "markdown")
    assert done.code == 2
    assert done.out.startswith("### Callsheet: 4 changes")


def test_what_fails_a_build_is_named_and_nothing_is_changed(cli: CLI, file: Path) -> None:
    cli("apply", str(file))
    file.write_text("manager: team-a\nmodels: []\n")
    for command in ("plan", "apply"):
        done = cli(command, str(file), "--fail-on", "loses-model,empty-list")
        assert done.code == 1
        assert done.err.endswith("--fail-on forbids: empty-list, loses-model. Nothing was changed.\n")
    assert cli("plan", str(file), "--fail-on", "orphan-replacement").code == 2
    assert cli("plan", str(file), "--fail-on", "nope").refusal.startswith("--fail-on knows no 'nope'; there are")
    assert cli("catalog", "list", "--json").json


def test_all_faults_are_printed_and_the_last_line_counts_them(cli: CLI, file: Path) -> None:
    file.write_text("manager: team-a\nmodels:\n  - {id: a, max_token: 5}\n  - {id: b, hidden: no}\n")
    for command in ("validate", "plan", "apply", "adopt", "drift"):
        done = cli(command, str(file))
        assert (done.code, done.out) == (1, "")
        assert done.err == (
            f"{file}:3: model a: max_token: 'max_token' is not a field of a model; did you mean max_tokens?\n"
            f"{file}:4: model b: hidden: it must be true or false, not 'no'.\n"
            "callsheet: 2 faults in catalogue files; nothing was changed.\n"
        )
    faults = json.loads(cli("validate", str(file), "--json").out)
    assert faults["valid"] is False
    assert faults["faults"][0] | {"file": ""} == {
        "file": "",
        "line": 3,
        "about": "model a",
        "field": "max_token",
        "reason": "'max_token' is not a field of a model; did you mean max_tokens?",
    }


def test_validate_needs_no_database(call: CLI, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_DATABASE_URL", "sqlite:////nonexistent/x.db")
    done = call("validate", str(file))
    assert (done.code, done.err) == (0, "team-a: 1 model, 1 alias, 1 workspace, 1 key; valid.\n")
    assert call("validate", "--schema").json["title"] == "A catalogue of Callsheet"
    assert call("validate").refusal.startswith("Name a file or folder to check")


def test_what_people_hold_is_said_by_every_plan_also_where_nothing_changes(
    cli: CLI, file: Path, empty: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("apply", str(file))
    empty.catalog.change("claude-team", {"display_name": "Mine"})
    empty.access.create_key("own")
    file.write_text(f"{FILE}  - {{name: own, secret_env: OWN_KEY}}\n")
    monkeypatch.setenv("OWN_KEY", f"{SECRET}-of-another")
    held = (
        "Warning: display_name of claude-team stays Mine, not Claude Team, and 1 more: they are held by person.\n"
    )
    first = cli("apply", str(file))
    assert first.out.endswith(held)
    for command in (("apply",), ("apply", "--dry-run"), ("plan",)):
        assert cli(*command, str(file)).out == f"Nothing to change.\n{held}"
    markdown = cli("plan", str(file), "--format", "markdown").out
    assert markdown.startswith("### Callsheet: Nothing to change.\n\n> **Warning:** ")


def test_drift_says_what_differs_and_who_holds_it(cli: CLI, file: Path, empty: Installation) -> None:
    cli("apply", str(file))
    empty.catalog.change("claude-team", {"display_name": "Mine"})
    done = cli("drift", str(file))
    assert done.code == 2
    assert "person" in done.out
    assert "Mine" in done.out
    record = json.loads(cli("drift", str(file), "--json").out)
    assert record["in_sync"] is False
    assert record["held"] == [
        {
            "kind": "model",
            "subject": "claude-team",
            "field": "display_name",
            "wanted": "Claude Team",
            "present": "Mine",
            "manager": "person",
        }
    ]
    cli("adopt", str(file))
    assert cli("drift", str(file)).code == 0


def test_files_of_two_managers_are_planned_one_at_a_time(cli: CLI, file: Path, tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("manager: team-b\n")
    assert "those of several managers: team-a, team-b" in cli("plan", str(tmp_path)).refusal
    assert cli("validate", str(tmp_path)).code == 0


def test_more_deletes_than_allowed_are_refused(cli: CLI, file: Path) -> None:
    cli("apply", str(file))
    file.write_text("manager: team-a\nmodels: []\naliases: []\n")
    assert (
        "would remove 2 things, and at most 1 are allowed" in cli("apply", str(file), "--max-deletes", "1").refusal
    )


def test_an_export_can_be_adopted_and_is_then_in_sync(cli: CLI, empty: Installation, tmp_path: Path) -> None:
    empty.add(make_model("claude-a", description="no"), make_model("claude-b"))
    exported = cli(
        *["export", "--manager", "team-a", "--held-by", "people", "--only", "models", "--only", "aliases"]
    )
    assert exported.out.startswith(
        "# yaml-language-server: $schema=callsheet.catalog.schema.json\nmanager: team-a\n"
    )
    file = tmp_path / "x.yaml"
    file.write_text(exported.out)
    assert cli("adopt", str(file)).code == 0
    assert cli("drift", str(file)).code == 0
    for form in ("toml", "json"):
        other = tmp_path / f"y.{form}"
        other.write_text(cli("export", "--manager", "team-a", "--format", form).out)
        assert cli("plan", str(other)).code == 0


def test_an_export_into_a_file_keeps_its_comments(cli: CLI, file: Path, empty: Installation) -> None:
    cli("apply", str(file))
    commented = FILE.replace("models:\n", "models:  # ours\n") + "# the end\n"
    file.write_text(commented)
    empty.catalog.change("claude-team", {"line": "haiku"})
    done = cli("export", "--manager", "team-a", "--held-by", "people", "--into", str(file), "--only", "models")
    assert (done.code, done.out, done.err) == (0, "", f"Wrote {file}.\n")
    assert file.read_text() == commented.replace("line: opus", "line: haiku")
    assert "not that of" in cli("export", "--manager", "team-b", "--into", str(file)).err.replace(
        "not of", "not that of"
    )


def test_a_plan_against_a_snapshot_is_the_plan_against_the_database(
    cli: CLI, file: Path, empty: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.add(make_model("claude-typed"))
    cli("apply", str(file))
    secret = empty.key(name="bot")
    snapshot = tmp_path / "export.json"
    snapshot.write_text(cli("export", "--format", "snapshot").out)
    file.write_text(
        FILE.replace("{id: claude-team", "{id: claude-new, was: claude-team")
        .replace("model_id: claude-team", "model_id: claude-new")
        .replace("aliases", "aliases")
    )
    online = json.loads(cli("plan", str(file), "--json").out)
    monkeypatch.setenv("CALLSHEET_DATABASE_URL", "sqlite:////nonexistent/x.db")
    offline = json.loads(cli("plan", str(file), "--json", "--offline", "--against", str(snapshot)).out)
    assert offline == online
    assert online["steps"]
    assert secret not in snapshot.read_text()
    assert cli("plan", str(file), "--offline").refusal.startswith("Use --offline and --against FILE together")
    snapshot.write_text("{}")
    refusal = cli("plan", str(file), "--offline", "--against", str(snapshot)).refusal
    assert "is not a snapshot, or is damaged" in refusal


def test_bad_calls_are_refused(cli: CLI, file: Path) -> None:
    assert cli("apply").refusal.startswith("Name catalogue files, or a plan with --plan")
    assert cli("apply", str(file), "--plan", "x").refusal.startswith("Name catalogue files, or a plan with --plan")
    assert "cannot be read" in cli("apply", "--plan", "missing.json").refusal
    assert cli("apply", "--plan", str(file)).refusal.startswith("The plan is not valid JSON")

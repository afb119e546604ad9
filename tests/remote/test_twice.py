"""Each command over a server prints, says and ends with what it does on a database."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from callsheet.domain.access.admin_key import Scope
from callsheet.service.admin.sessions import SessionService
from tests.cli.conftest import Result
from tests.installation import Installation, now
from tests.remote.served import Pair

Twice = Callable[..., Result]


def test_models_and_aliases(twice: Twice) -> None:
    for command in (
        "catalog list",
        "catalog list --json",
        "catalog list --lifecycle deprecated --lifecycle retired",
        "catalog list --search OPUS --line opus --not-hidden",
        "catalog list --suppressed",
        "catalog show opus",
        "catalog show claude-opus-4-8 --json",
        "catalog show nothing",
        "catalog add acme/next:1 --line opus --max-input-tokens 200k --created-at 2026-02-03",
        "catalog add acme/next:1",
        "catalog add acme/other --same-as claude-opus-4-8 --hidden --json",
        "catalog add Bad/../id --dry-run",
        "catalog add acme/third --dry-run",
        "catalog add acme/third --dry-run --json",
        "catalog change acme/next:1 --display-name Next --clear line",
        "catalog change acme/next:1 --lifecycle active",
        "catalog change acme/next:1",
        "catalog change acme/next:1 --replacement claude-opus-4-8 --json",
        "catalog change nothing --line opus",
        "catalog deprecate acme/next:1 --retires-at 2030-01-02 --replacement claude-opus-4-8",
        "catalog deprecate acme/next:1",
        "catalog deprecate acme/next:1 --deprecated-at 2026-01-02",
        "catalog hide claude-opus-* acme/next:1",
        "catalog hide claude-opus-4-8 --json",
        "catalog unhide claude-opus-*",
        "catalog unhide nothing-*",
        "catalog alias best claude-opus-4-8",
        "catalog alias best claude-fable-5 --json",
        "catalog alias other nothing",
        "catalog retire claude-opus-4-8 --dry-run",
        "catalog retire claude-opus-4-8 --retires-at 2026-10-01",
        "catalog retire claude-opus-4-8 --json",
        "catalog release claude-opus-4-8 lifecycle",
        "catalog release claude-opus-4-8",
        "catalog release claude-opus-4-8 --json",
        "catalog remove claude-haiku-4-5-20251001 --dry-run",
        "catalog remove claude-haiku-4-5-20251001",
        "catalog remove acme/* --yes --json",
        "catalog remove claude-sonnet-*",
        "catalog list --suppressed",
        "catalog list --suppressed --json",
        "catalog release claude-haiku-4-5-20251001",
        "catalog unalias best --dry-run",
        "catalog unalias best",
        "catalog unalias best",
        "catalog unalias opus",
        "catalog release opus --json",
        "catalog history",
        "catalog history --limit 3 --json",
        "catalog history claude-opus-4-8",
        "catalog history nothing",
        "catalog list",
    ):
        twice(*command.split())


def test_workspaces_and_keys(twice: Twice) -> None:
    for command in (
        "workspaces list",
        "workspaces create team --allow claude-opus-* --allow opus --deny claude-opus-4-1-*",
        "workspaces create team",
        "workspaces create other --id wrkspc_Other --json",
        "workspaces create bad --id nothing",
        "workspaces create third --shape classic --dry-run",
        "workspaces list --json",
        "workspaces list",
        "workspaces show team --models",
        "workspaces show team --json",
        "workspaces show tem",
        "workspaces change team --allow nothing-* --name crew",
        "workspaces change crew --clear-rules --shape current --dry-run",
        "workspaces change crew --clear-rules --clear-shape --json",
        "workspaces change nothing --name x",
        "keys create --name ci --workspace crew",
        "keys create --name ci",
        "keys create --name all --organization --expires-at 2031-01-01 --json",
        "keys create --name brought --secret sk-a-secret-of-another-gateway-1234567890 --dry-run",
        "keys create --name brought --secret sk-a-secret-of-another-gateway-1234567890",
        "keys create --name short --secret x",
        "keys list",
        "keys list --json",
        "keys list --workspace crew --status active --search C",
        "keys list --search ... --json",
        "keys list --status disabled",
        "keys list --workspace nothing",
        "keys show ci --models",
        "keys show all --json",
        "keys show cy",
        "keys change ci --name cd --no-expiry",
        "keys change cd --workspace default --dry-run",
        "keys change cd --organization --json",
        "keys disable cd",
        "keys enable cd --json",
        "keys rotate cd --overlap 2",
        "keys rotate all --dry-run",
        "keys rotate all --json",
        "keys list",
        "keys archive brought",
        "keys archive brought",
        "workspaces archive wrkspc_Other",
        "workspaces archive default",
        "catalog history crew",
        "catalog history --json --limit 5",
    ):
        twice(*command.split())


def test_an_import_of_keys(twice: Twice, tmp_path: Path) -> None:
    file = tmp_path / "keys.csv"
    file.write_text(
        "name,secret,workspace\none,sk-first-secret-1234567890abcdef,default\ntwo,sk-second-secret-1234567890abc,\n"
    )
    twice("keys", "import", str(file), "--dry-run")
    twice("keys", "import", str(file), "--dry-run", "--json")
    twice("keys", "import", str(file))
    twice("keys", "import", str(file), "--json")
    file.write_text("name,secret,workspace\nthree,sk-first-secret-1234567890abcdef,nowhere\nfour,x,\n")
    twice("keys", "import", str(file))


def test_explanations(twice: Twice) -> None:
    twice("workspaces", "create", "team", "--deny", "claude-opus-*")
    twice("keys", "create", "--name", "ci", "--workspace", "team")
    twice("catalog", "hide", "claude-fable-5")
    for command in (
        "explain claude-opus-4-8 --key ci",
        "explain claude-opus-4-8 --key ci --json",
        "explain claude-fable-5 --workspace team",
        "explain opus --workspace default --json",
        "explain nothing --workspace default",
        "explain claude-opus-4-8 --key nothing",
        "explain claude-opus-4-8",
        "who-sees claude-opus-4-8 --all",
        "who-sees claude-opus-4-8 --json",
        "who-sees nothing",
        "what-sees ci",
        "what-sees team --json",
        "what-sees nothing",
        "diff-keys ci default",
        "diff-keys ci default --json",
        "diff-keys ci ci",
    ):
        twice(*command.split())


def test_catalogue_files(twice: Twice, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("A_KEY", "sk-a-key-of-a-file-1234567890abcdef")
    file = tmp_path / "catalog.json"
    content = {
        "manager": "git",
        "models": [{"id": "acme/one", "line": "opus"}, {"id": "acme/two", "retires_at": "2030-01-01"}],
        "aliases": [{"alias": "acme", "model": "acme/one"}],
        "workspaces": [{"name": "team", "allow": ["acme/*"]}],
        "keys": [{"name": "ci", "workspace": "team", "secret_env": "A_KEY"}],
    }
    del content["models"][1]["retires_at"]  # type: ignore[attr-defined]
    file.write_text(json.dumps(content))
    kept = tmp_path / "plan.json"
    for command in (
        f"plan {file}",
        f"plan {file} --json",
        f"plan {file} --format markdown --fail-on LOSES_LINE",
        f"drift {file}",
        f"apply {file} --dry-run",
        f"apply {file}",
        f"apply {file}",
        f"drift {file} --json",
        "catalog change acme/one --line sonnet",
        f"drift {file}",
        f"adopt {file} --dry-run",
        f"adopt {file}",
        "export",
        "export --manager git --format json",
        "export --held-by everyone --format toml --only aliases",
        f"apply --plan {tmp_path / 'none.json'}",
    ):
        twice(*command.split())
    del content["aliases"]
    file.write_text(json.dumps({**content, "models": content["models"][:1]}))
    twice("plan", str(file), "--max-deletes", "0")
    twice("plan", str(file), "--out", str(kept))


def test_a_kept_plan_is_applied_over_a_server_as_it_was_made(
    pair: Pair, call: Callable[..., Result], tmp_path: Path
) -> None:
    file, kept = tmp_path / "catalog.json", tmp_path / "plan.json"
    file.write_text(json.dumps({"manager": "git", "models": [{"id": "acme/one"}]}))
    remote = ("--remote", pair.there.url)
    assert call("plan", str(file), "--out", str(kept), *remote).code == 2
    assert call("apply", "--plan", str(kept), "--dry-run", *remote).code == 0
    assert call("catalog", "show", "acme/one", *remote).code == 1
    assert call("apply", "--plan", str(kept), *remote).err == "Applied 1 change.\n"
    assert call("catalog", "show", "acme/one", *remote).code == 0
    again = call("apply", "--plan", str(kept), *remote)
    assert "The plan is stale" in again.refusal


def test_sources(twice: Twice, pair: Pair, call: Twice, tmp_path: Path) -> None:
    listed = tmp_path / "list.json"
    listed.write_text(json.dumps({"data": [{"id": f"acme-{each}", "object": "model"} for each in "abcd"]}))
    for place in (pair.here.url, pair.there.installation.url):
        added = call("sources", "add", "acme", "--url", listed.as_uri(), "--new", "hold", "--database", place)
        assert added.code == 0, added
        call("sources", "builtin", "list", "--database", place)
    for command in (
        "sources list",
        "sources show acme",
        "sources plan acme",
        "sources plan acme --json",
        "sources accept acme --dry-run",
        "sources accept acme",
        "sources accept acme",
        "sources sync acme",
        "sources sync --json",
        "sources sync nothing",
        "sources pause acme",
        "sources resume acme --json",
        "sources change acme --prefix x/ --dry-run",
        "sources change acme --prefix x/ --every 1h",
        "sources change acme --before nothing",
        "sources plan acme",
        "sources sync",
        "sources reject acme",
        "sources reject acme",
        "sources show acme",
        "sources forget acme",
        "sources builtin inform --dry-run",
        "sources builtin inform",
        "sources builtin inform",
        "sources remove acme --dry-run",
        "sources remove acme --json",
        "sources remove acme",
        "sources list --json",
    ):
        twice(*command.split())


def test_other_moments(twice: Twice, pair: Pair) -> None:
    for command in (
        "workspaces create team --deny claude-opus-*",
        "keys create --name ci --workspace team",
        "catalog alias best claude-opus-4-8",
    ):
        twice(*command.split())
    then = str(pair.here.history.list(None, 1)[0].revision)
    for command in (
        "catalog change claude-opus-4-8 --display-name Other",
        "catalog hide claude-fable-5",
        "catalog unalias best",
        "catalog deprecate claude-opus-4-8 --retires-at 2090-01-01 --retires-itself --retirement-precision exact",
        "workspaces change team --deny * --name crew",
        "keys disable ci",
    ):
        assert twice(*command.split()).code == 0, command
    for moment in (then, "2090-01-02"):
        for command in (
            "catalog list --json",
            "catalog list --suppressed",
            "catalog show claude-opus-4-8",
            "catalog show claude-opus-4-8 --json",
            "workspaces show crew --models",
            "workspaces show team --json",
            "keys list",
            "keys show ci --models",
            "keys show ci --json",
            "explain claude-opus-4-8 --key ci",
            "explain claude-fable-5 --workspace default --json",
            "who-sees claude-opus-4-8 --all --json",
            "who-sees --matrix",
            "what-sees ci --json",
            "diff-keys ci default --json",
        ):
            twice(*command.split(), "--as-of", moment)
    for command in (
        "catalog list --as-of now",
        "workspaces list --as-of 0d",
        "keys list --as-of 0",
        "keys list --as-of 1990-01-01",
        "keys list --as-of 9999",
        "keys list --as-of yesterday",
        f"catalog diff {then}",
        f"catalog diff {then} --json",
        f"catalog diff 2090-01-02 {then}",
        "catalog diff now",
        "catalog diff 9999",
        "catalog diff 1 soon",
        "catalog blame claude-opus-4-8",
        "catalog blame claude-opus-4-8 display_name --json",
        "catalog blame nothing",
        f"workspaces revert crew --to {then} --dry-run",
        f"workspaces revert crew --to {then}",
        "workspaces revert nothing --to 1",
        "workspaces revert team --to 2090-01-01",
        f"catalog revert claude-fable-5 --to {then} --dry-run --json",
        f"catalog revert claude-fable-5 --to {then} --json",
        f"catalog revert --to {then}",
        f"catalog revert --to {then}",
        "catalog revert --to 9999",
        "catalog revert nothing --to now",
        "catalog history --limit 6",
        "catalog list",
    ):
        twice(*command.split())


def test_retirements(twice: Twice) -> None:
    for command in (
        "retirements",
        "catalog deprecate claude-opus-4-8 --retires-at 2090-01-01 --retirement-precision earliest",
        "catalog deprecate claude-fable-5 --replacement claude-opus-4-8",
        "catalog alias best claude-fable-5",
        "catalog retire claude-haiku-4-5-20251001",
        "workspaces create team --allow claude-opus-4-8",
        "keys create --name ci --workspace team",
        "keys create --name all --organization",
        "retirements",
        "retirements --json",
        "retirements --retired",
        "retirements --overdue --json",
        "retirements --within 90d --json",
        "retirements --within 36500",
        "retirements --within soon",
        "retirements --overdue --retired",
        "retirements --workspace team",
        "retirements --key ci --json",
        "retirements --key all --workspace team",
        "retirements --key nothing",
        "keys disable ci",
        "retirements --key ci",
        "retirements --key ci --json",
    ):
        twice(*command.split())


def test_webhooks(twice: Twice) -> None:
    secret = f"whsec_{base64.b64encode(bytes(range(32))).decode()}"
    for command in (
        "webhooks list",
        "webhooks create --name ops --url http://localhost:1999/x --events model.*,alias.moved",
        "webhooks create --name ops --url https://hooks.example.com/x",
        "webhooks create --name all --url https://hooks.example.com/x --json",
        "webhooks create --name bad --url https://hooks.example.com/x --events nothing",
        "webhooks create --name bad --url http://127.0.0.1/",
        "webhooks create --name dry --url https://hooks.example.com/x --dry-run",
        "webhooks list",
        "webhooks list --json",
        "webhooks show ops",
        "webhooks show ops --json",
        "webhooks show nothing",
        "webhooks change ops --events model.retired --dry-run",
        "webhooks change ops --name crew --events model.*",
        "webhooks change crew --url http://10.0.0.1/",
        "webhooks change crew",
        "webhooks test crew",
        "webhooks test crew --json",
        "webhooks test nothing",
        "catalog hide claude-fable-5",
        "catalog retire claude-opus-4-8",
        "webhooks deliveries",
        "webhooks deliveries crew --status waiting",
        "webhooks deliveries nothing",
        "webhooks rotate crew --overlap 2",
        "webhooks rotate crew --overlap 0 --json",
        "webhooks rotate crew --dry-run",
        "webhooks disable crew",
        "webhooks retry crew",
        "webhooks enable crew --json",
        "webhooks deliveries crew --status given_up --limit 1",
        "webhooks retry crew --dry-run",
        "webhooks retry crew evt_nothing",
        "webhooks retry crew --json",
        "webhooks archive all",
        "webhooks archive all",
        "webhooks list",
        "catalog history --limit 5",
    ):
        twice(*command.split())
    twice("webhooks", "rotate", "crew", "--secret", "-", stdin=secret)
    twice("webhooks", "create", "--name", "brought", "--url", "https://x.example", "--secret", "-", stdin=secret)
    twice("webhooks", "create", "--name", "short", "--url", "https://x.example", "--secret", "-", stdin="whsec_a")


def test_calendars(twice: Twice) -> None:
    twice("workspaces", "create", "team")
    for command in (
        "calendars list",
        "calendars create all",
        "calendars create all",
        "calendars create ours --workspace team --json",
        "calendars create lost --workspace nothing",
        "calendars create dry --dry-run",
        "calendars list",
        "calendars list --json",
        "calendars revoke ours --dry-run",
        "calendars revoke ours",
        "calendars revoke ours",
        "calendars revoke nothing",
        "calendars list",
        "catalog history --limit 3",
    ):
        twice(*command.split())


def test_what_cannot_be_shown_is_taken_back_over_a_server_but_for_a_rotation(
    pair: Pair, call: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    remote, url = ("--remote", pair.there.url), ("--url", "https://hooks.example.com/x")
    assert call("webhooks", "create", "--name", "ops", *url, *remote).code == 0
    echo = typer.echo

    def full(text: str, *, err: bool = False) -> None:
        if not err:
            raise OSError(28, "No space")
        echo(text, err=True)

    with monkeypatch.context() as patched:
        patched.setattr("typer.echo", full)
        assert call("webhooks", "create", "--name", "other", *url, *remote).code == 1
        assert call("calendars", "create", "dates", *remote).code == 1
        rotated = call("webhooks", "rotate", "ops", *remote)
    assert rotated.code == 1
    assert "The new secret of ops could not be shown, and signs already; rotate it again." in rotated.err
    found = json.loads(call("webhooks", "list", "--json", *remote).out)
    assert [(each["status"], len(each["secrets"])) for each in found] == [("active", 2), ("archived", 0)]
    (calendar,) = json.loads(call("calendars", "list", "--json", *remote).out)
    assert calendar["revoked_at"] is not None


def test_clients(twice: Twice) -> None:
    for command in (
        "workspaces create team --allow claude-opus-*",
        "keys create --name bot --workspace team",
        "clients",
        "clients --json",
        "clients --key bot --client claude-code",
        "clients --workspace team --client claude-code --json",
        "clients --workspace nothing",
        "clients --client nothing",
        "clients --as-of 0",
        "keys disable bot",
        "clients --key bot",
        "clients --key bot --json",
    ):
        twice(*command.split())


def test_sessions(installation: Installation, request: pytest.FixtureRequest) -> None:
    service = SessionService(installation.store, now)
    ada, grace = (service.of_user(name, (Scope.ALL,)) for name in ("ada", "grace"))
    service.follow_link(service.make_link("ada", (Scope.READ, Scope.KEYS)))
    twice: Twice = request.getfixturevalue("twice")
    for command in (
        "sessions list",
        "sessions list --json",
        f"sessions end {ada.id}",
        f"sessions end {ada.id}",
        f"sessions end {grace.id} --json",
        "sessions end",
        f"sessions end {grace.id} --all",
        "sessions end --all --json",
        "sessions end --all",
        "sessions list",
    ):
        twice(*command.split())

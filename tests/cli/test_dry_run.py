"""``--dry-run``: every command that changes something can show its plan instead, and then changes nothing."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callsheet.cli.app import command_tree
from callsheet.cli.output.plan_words import headline
from callsheet.domain.access.admin_key import Scope
from callsheet.domain.changes.change import Subject
from callsheet.domain.plan.reading import read_plan
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.retirements.calendars import CalendarService
from callsheet.service.webhooks.service import WebhooksService
from tests.cli.conftest import CLI, Result
from tests.installation import Installation, make_model, now
from tests.tiers import first

SECRET = "sk-ant-api03-brought-along-by-hand"

#: Each command that changes something: with arguments that change something, and what its plan is about.
CHANGES: dict[str, tuple[list[str], list[str]]] = {
    "catalog add": (["catalog", "add", "gpt-5"], ["add model gpt-5"]),
    "catalog change": (
        ["catalog", "change", "claude-opus-5", "--display-name", "Five"],
        ["change model claude-opus-5"],
    ),
    "catalog deprecate": (["catalog", "deprecate", "claude-opus-5"], ["deprecate model claude-opus-5"]),
    "catalog retire": (["catalog", "retire", "claude-opus-5"], ["retire model claude-opus-5"]),
    "catalog remove": (
        ["catalog", "remove", "claude-opus-5"],
        ["unalias alias opus", "remove model claude-opus-5"],
    ),
    "catalog release": (["catalog", "release", "set-by-hand", "description"], ["release model set-by-hand"]),
    "catalog hide": (["catalog", "hide", "claude-opus-5"], ["hide model claude-opus-5"]),
    "catalog unhide": (["catalog", "unhide", "set-by-hand"], ["unhide model set-by-hand"]),
    "catalog alias": (["catalog", "alias", "five", "claude-opus-5"], ["alias alias five"]),
    "catalog unalias": (["catalog", "unalias", "opus"], ["unalias alias opus"]),
    "workspaces create": (["workspaces", "create", "new"], ["create workspace new"]),
    "workspaces change": (
        ["workspaces", "change", "lab", "--allow", "claude-*"],
        ["change workspace wrkspc_lab"],
    ),
    "workspaces archive": (["workspaces", "archive", "lab"], ["archive workspace wrkspc_lab"]),
    "keys create": (["keys", "create", "--name", "eve"], ["create key eve"]),
    "keys change": (["keys", "change", "ada", "--name", "ada 2"], ["change key ID"]),
    "keys import": (["keys", "import", "keys.csv"], ["create key eve"]),
    "keys disable": (["keys", "disable", "ada"], ["disable key ID"]),
    "keys enable": (["keys", "enable", "bob"], ["enable key ID"]),
    "keys archive": (["keys", "archive", "ada"], ["archive key ID"]),
    "keys rotate": (["keys", "rotate", "ada"], ["rotate key ID", "create key ada"]),
    "catalog revert": (["catalog", "revert", "--to", "1", "set-by-hand"], ["remove model set-by-hand"]),
    "workspaces revert": (["workspaces", "revert", "--to", "4", "lab"], ["change workspace wrkspc_lab"]),
    "admin-keys create": (["admin-keys", "create", "--name", "new", "--scope", "read"], ["create admin_key new"]),
    "admin-keys disable": (["admin-keys", "disable", "root"], ["disable admin_key ID"]),
    "admin-keys enable": (["admin-keys", "enable", "off"], ["enable admin_key ID"]),
    "admin-keys archive": (["admin-keys", "archive", "root"], ["archive admin_key ID"]),
    "admin-keys rotate": (["admin-keys", "rotate", "root"], ["rotate admin_key ID", "create admin_key root"]),
    "webhooks rotate": (["webhooks", "rotate", "chat"], ["rotate webhook ID"]),
    "webhooks create": (
        ["webhooks", "create", "--name", "new", "--url", "https://hooks.example.com"],
        ["create webhook new"],
    ),
    "webhooks change": (["webhooks", "change", "chat", "--events", "model.*"], ["change webhook ID"]),
    "webhooks disable": (["webhooks", "disable", "chat"], ["disable webhook ID"]),
    "webhooks enable": (["webhooks", "enable", "off"], ["enable webhook ID"]),
    "webhooks archive": (["webhooks", "archive", "chat"], ["archive webhook ID"]),
    "calendars create": (["calendars", "create", "new", "--workspace", "lab"], ["create calendar new"]),
    "calendars revoke": (["calendars", "revoke", "dates"], ["revoke calendar ID"]),
}

#: The commands of files and of sources that change something; how they do is tested with them.
ELSEWHERE = {
    *("apply", "adopt"),
    *("sources add", "sources change", "sources remove", "sources builtin", "sources accept"),
    *("sources forget", "webhooks retry"),
}

#: The commands that change nothing that callers could notice, or, as a restore does, everything.
OTHERS = {
    *("serve", "migrate", "copy", "backup", "restore", "check", "settings", "console"),
    *("plan", "drift", "export", "validate", "fake", "doctor", "route", "models list"),
    *("models retrieve", "explain", "who-sees", "what-sees", "diff-keys"),
    *("catalog list", "catalog show", "catalog history", "catalog blame", "catalog diff"),
    *("retirements", "clients", "calendars list", "admin-keys list", "admin-keys show"),
    *("sessions list", "sessions end"),
    "catalog import",  # shows its plan unless it is given --yes
    *("sources try", "sources record", "sources list", "sources show", "sources plan"),
    *("sources sync", "sources pause", "sources resume", "sources reject"),  # a plan of sync is sources plan
    *("workspaces list", "workspaces show", "keys list", "keys show"),
    *("webhooks list", "webhooks show", "webhooks test", "webhooks deliveries"),
}


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def takes_dry_run(command: Any) -> bool:
    return any("--dry-run" in each.opts for each in command.params)


def test_every_command_that_changes_something_has_a_dry_run_and_is_tried_here() -> None:
    known = dict(commands(command_tree()))
    assert known.keys() - OTHERS == {name for name, command in known.items() if takes_dry_run(command)}
    assert known.keys() - OTHERS == CHANGES.keys() | ELSEWHERE


@pytest.fixture
def filled(cli: CLI, installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CLI:
    """An installation with something of everything."""
    monkeypatch.chdir(tmp_path)
    Path("keys.csv").write_text(f"name,secret\neve,{SECRET}\n")
    installation.add(make_model("set-by-hand", hidden=True, description="It is"))
    installation.catalog.alias("opus", "claude-opus-5")
    installation.access.create_workspace("lab", "wrkspc_lab")
    installation.access.change_workspace("lab", {"allow": ("claude-opus-5",)})
    installation.key(name="ada", workspace="lab")
    installation.key(name="bob")
    installation.access.disable_key("bob")
    admin_keys = AdminKeyService(installation.store, "test", now)
    for name in ("root", "off"):
        admin_keys.create(name, [Scope.ALL])
    admin_keys.disable("off")
    webhooks = WebhooksService(installation.store, "test", now)
    for hook in ("chat", "off"):
        webhooks.create(hook, "https://hooks.example.com/in", ["*"])
    webhooks.disable("off")
    CalendarService(installation.store, "test", now).create("dates")
    installation.store.remove_side_files()
    return cli


def digest(installation: Installation) -> str:
    return hashlib.sha256(Path(installation.store.display_name).read_bytes()).hexdigest()


#: Those of which each changes something else come first.
IN_ORDER = sorted(CHANGES, key=lambda name: name.split()[1] in ("enable", "unhide", "hide", "deprecate", "unalias"))


@pytest.mark.parametrize("name", first(IN_ORDER, 15))
def test_a_dry_run_leaves_every_byte_of_the_database_and_shows_what_the_command_then_does(
    filled: CLI, installation: Installation, name: str
) -> None:
    arguments, expected = CHANGES[name]
    before = digest(installation)
    shown = filled(*arguments, "--dry-run")
    planned = filled(*arguments, "--dry-run", "--json").json
    assert digest(installation) == before
    plan = read_plan(json.dumps(planned.get("plan", planned)))
    check_text(shown, "" if name == "keys import" else headline(plan))
    named = [f"{step.action} {step.kind} {step.subject}" for step in plan.steps]
    assert [re.sub("(apikey|adminkey|webhook|calendar)_.*", "ID", each) for each in named] == expected

    assert filled(*arguments).code == 0
    with installation.store.read() as reading:
        made = [each for each in reading.changes(limit=1000) if each.revision == plan.base_revision + 1]
    assert {(each.action, each.kind) for each in made if each.kind != "claim"} <= {
        (str(step.action), str(step.kind)) for step in plan.steps
    }
    steps = {(step.kind, step.subject): step for step in plan.steps if step.kind in ("model", "alias")}
    for record in made:
        if (step := steps.get((Subject(record.kind), record.subject))) is not None:
            assert (step.before, untimed(step.after)) == (record.before, untimed(record.after))


def check_text(shown: Result, first: str) -> None:
    """The text of a dry run: what changes, for whom, and that nothing was done."""
    assert shown.code == 0
    assert shown.out.startswith(f"{first}\n" if first else "Name")
    assert "For " in shown.out or "No " in shown.out
    assert shown.err.startswith("Would create" if not first else "This was a dry run; nothing was changed.\n")


def untimed(record: Any) -> Any:
    """A record without the times at which something was done."""
    return record and {name: value for name, value in record.items() if name not in ("deprecated_at", "retires_at")}


@pytest.mark.parametrize("arguments", [("create", "--name", "eve"), ("rotate", "ada")])
def test_a_dry_run_of_a_new_key_makes_no_secret(
    filled: CLI, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    def refuse(*_arguments: object) -> str:
        raise AssertionError("a secret was made")

    monkeypatch.setattr("callsheet.service.ids.make_secret", refuse)
    shown = filled("keys", *arguments, "--dry-run")
    planned = filled("keys", *arguments, "--dry-run", "--json")
    assert "sk-cs-" not in shown.out + shown.err + planned.out + planned.err
    created = planned.json["steps"][-1]["after"]
    assert (created["id"], created["partial_key_hint"], created["created_at"]) == (None, None, None)


def test_a_plan_shows_a_calendar_without_any_token(filled: CLI, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> str:
        raise AssertionError("a token was made")

    monkeypatch.setattr("callsheet.service.ids.make_secret", refuse)
    arguments = ("calendars", "create", "new", "--dry-run")
    shown, planned = filled(*arguments), filled(*arguments, "--json")
    assert "sk-cs-" not in shown.out + shown.err + planned.out + planned.err
    [step] = planned.json["steps"]
    assert step["after"] == {
        "id": None, "name": "new", "workspace_id": None, "partial_token_hint": None, "created_at": None,
        "revoked_at": None,
    }  # fmt: skip


def test_no_secret_that_was_brought_is_in_a_plan(filled: CLI) -> None:
    for arguments in (("create", "--name", "eve", "--secret", SECRET), ("import", "keys.csv")):
        for more in ((), ("--json",)):
            result = filled("keys", *arguments, "--dry-run", *more)
            assert result.code == 0
            assert SECRET not in result.out + result.err
            assert hashlib.sha256(SECRET.encode()).hexdigest() not in result.out + result.err


def test_a_dry_run_is_refused_as_the_command_is(filled: CLI) -> None:
    for arguments in (
        ("catalog", "remove", "no-such-model"),
        ("catalog", "alias", "opus", "claude-opus-5"),
        ("workspaces", "archive", "default"),
        ("keys", "create", "--name", "ada"),
    ):
        assert filled(*arguments, "--dry-run").refusal == filled(*arguments).refusal


def test_a_dry_run_that_would_change_nothing_says_so(filled: CLI) -> None:
    assert filled("catalog", "hide", "set-by-hand", "--dry-run").out == "Nothing to change.\n"


def test_a_dry_run_says_what_becomes_of_the_built_in_models(filled: CLI) -> None:
    plan = read_plan(json.dumps(filled("sources", "builtin", "inform", "--dry-run", "--json").json))
    assert [(step.action, step.subject) for step in plan.steps if step.subject == "claude-opus-5"] == [
        ("remove", "claude-opus-5")
    ]
    assert {"empty-list", "orphan-alias"} <= plan.impact.harms()
    assert filled("sources", "builtin", "list", "--dry-run").out == "Nothing to change.\n"


def test_a_glob_is_not_asked_about_in_a_dry_run(filled: CLI) -> None:
    assert filled("catalog", "remove", "claude-opus-*", "--dry-run").out.startswith("12 changes: ")


def test_the_impact_names_who_loses_what_and_what_it_leaves_them_with(filled: CLI) -> None:
    out = filled("catalog", "remove", "claude-opus-5", "--dry-run").out
    assert "For workspace lab (1 key):\n  lost       claude-opus-5\n  left with  an empty list\n" in out
    assert "For workspace default (0 keys):\n  lost  claude-opus-5\n" in out
    assert out.splitlines()[-3:] == [
        "Warning: No model is listed any more for the workspace lab.",
        "Warning: 1 key sees no model any more.",
        "Warning: The alias opus is left pointing nowhere, as the model that it means, claude-opus-5, goes.",
    ]


def test_clients_that_will_not_show_what_is_gained_are_named(filled: CLI) -> None:
    out = filled("catalog", "add", "gpt-5", "--dry-run").out
    assert "Claude Code will not show gpt-5: it keeps only ids that contain `claude` or `anthropic`.\n" in out
    assert "Claude Code" not in filled("catalog", "add", "claude-next", "--dry-run").out


def test_the_shape_of_the_settings_decides_what_callers_notice(
    filled: CLI, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("catalog", "change", "claude-opus-5", "--description", "It is", "--dry-run")
    assert "changed  claude-opus-5" in filled(*arguments).out
    monkeypatch.setenv("CALLSHEET_SHAPE", "classic")
    assert "No caller would notice anything." in filled(*arguments).out


def test_a_command_warns_of_an_alias_or_a_workspace_that_it_leaves_with_nothing(filled: CLI) -> None:
    removed = filled("catalog", "remove", "claude-opus-5")
    assert removed.err.splitlines()[:3] == [
        "Warning: No model is listed any more for the workspace lab.",
        "Warning: The alias opus is left pointing nowhere, as the model that it means, claude-opus-5, goes.",
        "Removed claude-opus-5.",
    ]
    changed = filled("workspaces", "change", "default", "--allow", "nothing-*")
    assert changed.err.startswith("Warning: No model is listed any more for the workspace default.\n")
    assert "Warning" not in filled("catalog", "hide", "claude-sonnet-5").err


def test_a_command_warns_of_an_alias_of_what_retires_and_of_rules_that_match_nothing(filled: CLI) -> None:
    assert (
        "Warning: The alias opus means claude-opus-5, which retires without a replacement. Name a replacement, or "
        "set the alias to another model.\n"
    ) in filled("catalog", "retire", "claude-opus-5").err
    planned = filled("workspaces", "create", "typo", "--allow", "clade-*", "--dry-run").out
    assert "The rules of the workspace typo match no listed model; keys there get an empty list." in planned


def test_a_command_says_nothing_of_a_large_catalogue(filled: CLI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callsheet.service.apply.MAX_WARNED_MODELS", 3)
    assert "Warning" not in filled("catalog", "remove", "claude-opus-5").err


def test_a_command_that_is_refused_warns_of_nothing(filled: CLI) -> None:
    assert "Warning" not in filled("workspaces", "change", "no-such", "--allow", "x").err

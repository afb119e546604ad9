"""Asking about other moments with ``--as-of``, comparing them, blaming, and going back."""

import json
from datetime import timedelta

import pytest

from callsheet.domain.times import format_instant
from tests.cli.conftest import CLI
from tests.installation import Installation, make_model, now

READING = (
    ("explain", "a", "--key", "bot"),
    ("what-sees", "bot"),
    ("diff-keys", "bot", "all"),
    ("catalog", "show", "a"),
    ("keys", "show", "bot"),
    ("workspaces", "show", "team"),
)
LISTING = (("who-sees", "a"), ("catalog", "list"), ("keys", "list"), ("workspaces", "list"))


@pytest.fixture(autouse=True)
def _nobody_used_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setattr("getpass.getuser", lambda: "ada")


@pytest.fixture
def then(empty: Installation) -> str:
    """A revision at which everything was there, that has gone or changed since."""
    empty.add(make_model("a", display_name="Before"), make_model("b", "2025-01-01"))
    empty.catalog.alias("short", "a")
    empty.workspace("team")
    empty.key(name="bot", workspace="team")
    empty.key(name="all", organization=True)
    revision = empty.history.list(None, 1)[0].revision
    empty.catalog.change("a", {"display_name": "After"})
    empty.catalog.hide("b")
    empty.catalog.remove("a")
    empty.access.change_workspace("team", {"deny": ("*",)})
    empty.access.disable_key("bot")
    return str(revision)


@pytest.mark.parametrize("command", READING, ids=lambda each: "-".join(each[:2]))
def test_every_reading_command_says_of_which_moment_it_speaks(
    cli: CLI, then: str, command: tuple[str, ...]
) -> None:
    result = cli(*command, "--as-of", then, "--json")
    assert result.err.startswith("As of ")
    assert result.err.endswith(f" UTC, revision {then}.\n")
    found = json.loads(result.out)["as_of"]
    assert (found["revision"], found["is_future"]) == (int(then), False)
    assert "as_of" not in cli(*command, "--json").out
    by_time = cli(*command, "--as-of", found["at"], "--json")
    assert (by_time.code, by_time.out) == (result.code, result.out)
    assert cli(*command, "--as-of", then).out != cli(*command).out


@pytest.mark.parametrize("command", LISTING, ids=lambda each: "-".join(each[:2]))
def test_every_list_is_that_of_the_moment(cli: CLI, then: str, command: tuple[str, ...]) -> None:
    result = cli(*command, "--as-of", then, "--json")
    assert result.json
    assert result.err == cli("catalog", "list", "--as-of", then).err
    assert result.out != cli(*command, "--json").out


def test_what_was_then_is_what_is_shown(cli: CLI, then: str) -> None:
    models = cli("catalog", "list", "--as-of", then, "--json").json
    assert [(each["id"], each["display_name"], each["hidden"], each["aliases"]) for each in models] == [
        ("a", "Before", False, ["short"]),
        ("b", "b", False, []),
    ]
    assert cli("explain", "short", "--key", "bot", "--as-of", then).code == 0
    assert cli("explain", "short", "--key", "bot").code == 4
    assert cli("what-sees", "bot", "--as-of", then, "--json").json["models"] == [
        {"id": "a", "reach": "listed"},
        {"id": "b", "reach": "listed"},
    ]
    assert cli("keys", "show", "bot", "--as-of", then, "--json").json["works"] is True
    assert cli("workspaces", "show", "team", "--as-of", then, "--json").json["deny"] == []


def test_a_moment_to_come_shows_what_dates_will_have_brought_about(cli: CLI, empty: Installation) -> None:
    later = format_instant(now() + timedelta(days=30))
    cli("keys", "create", "--name", "short-lived", "--expires-at", format_instant(now() + timedelta(days=3)))
    result = cli("keys", "list", "--as-of", later, "--json")
    assert [each["expired"] for each in result.json] == [True]
    assert result.err.endswith("but what dates bring about.\n")
    assert cli("what-sees", "short-lived", "--as-of", later, "--json").json["refused"] == "expired"


@pytest.mark.parametrize(
    ("moment", "sentence"),
    [
        ("99", "There is no revision 99 yet; the last one is "),
        ("30y", "The change records begin with revision 1 at "),
        ("soon", "--as-of must be a day such as 2026-02-04, "),
    ],
)
def test_a_moment_of_which_nothing_is_known_is_refused_in_one_sentence(
    cli: CLI, empty: Installation, moment: str, sentence: str
) -> None:
    assert cli("catalog", "list", "--as-of", moment).refusal.startswith(sentence)


def test_two_moments_are_compared_and_a_difference_ends_with_2(cli: CLI, then: str) -> None:
    result = cli("catalog", "diff", then)
    assert result.code == 2
    assert [line.split()[:3] for line in result.out.splitlines()[2:]] == [
        ["removed", "model", "a"],
        ["changed", "model", "b;"],
        ["removed", "short", "→"],
        ["changed", "workspace", "team"],
        ["changed", "key", "bot"],
    ]
    assert result.err.endswith(": 2 removed, 3 changed.\n")
    same = cli("catalog", "diff", then, then)
    assert (same.code, same.out) == (0, "")
    assert same.err.endswith(": no difference.\n")
    back = cli("catalog", "diff", "now", then, "--json")
    found = json.loads(back.out)["differences"]
    assert (back.code, found[0]["what"], found[0]["by"]["action"]) == (2, "added", "remove")


def test_blame_shows_who_gave_each_field_its_values(cli: CLI, then: str) -> None:
    shown = cli("catalog", "blame", "a", "display_name").out.splitlines()[2:]
    assert [line.split()[:3] for line in shown] == [
        ["display_name", "After", "person"],
        ["(Before)", "person", then_of(cli)],
    ]
    found = cli("catalog", "blame", "a", "listed", "--json").json
    assert (found["id"], [each["value"] for each in found["fields"]["listed"]]) == ("a", [False, True])
    assert cli("catalog", "blame", "nothing").refusal.startswith("There is no model 'nothing', and there was none;")


def then_of(cli: CLI) -> str:
    """The revision in which the model was added."""
    return str(cli("catalog", "history", "a", "--json").json[-1]["revision"])


def test_a_revert_shows_its_plan_first_and_says_what_it_did(cli: CLI, then: str) -> None:
    planned = cli("catalog", "revert", "--to", then, "--dry-run", "--json")
    assert [step["subject"] for step in planned.json["steps"]] == ["a", "b", "short"]
    assert cli("catalog", "diff", then).code == 2
    done = cli("catalog", "revert", "--to", then, "b")
    assert done.err.startswith("Reverted 1 model to ")
    done = cli("catalog", "revert", "--to", then, "--json")
    assert done.json["changed"] == {"model": ["a"], "alias": ["short"], "workspace": []}
    assert cli("catalog", "revert", "--to", then).err.startswith("Everything is as it was at ")
    assert cli("workspaces", "revert", "--to", then, "team").err.startswith("Reverted 1 workspace to ")
    assert [line.split()[:3] for line in cli("catalog", "diff", then).out.splitlines()[2:]] == [
        ["changed", "key", "bot"]
    ]
    assert cli("catalog", "history", "a", "--json").json[0]["reason"] == f"reverted to revision {then}"
    later = format_instant(now() + timedelta(days=1))
    assert "is still to come" in cli("catalog", "revert", "--to", later).refusal

"""Nothing that a terminal obeys reaches it, wherever it was put in: names, rows, the actor, arguments."""

import json
import sqlite3
import unicodedata
from pathlib import Path

import pytest

from callsheet.domain.errors import InvalidError
from tests.cli.conftest import CLI
from tests.installation import Installation, make_model
from tests.program import call
from tests.put import put_model

#: An escape sequence, the 8-bit form of one, an override of direction, a tag, a new line of somebody else's.
EVIL = "\x1b[31mred\x9b0m\u202eevil\u200b\U000e0041\ncallsheet: All is well."


#: The same without control characters, with which a model's row would be damaged.
UNSEEN = "\u202eevil\u200b\U000e0041\u2028name"


@pytest.fixture
def infested(installation: Installation) -> Installation:
    """An installation into which somebody wrote such texts with SQL."""
    connection = sqlite3.connect(installation.store.display_name)
    with connection:
        connection.execute("UPDATE models SET display_name = ?, source = ? WHERE id = 'claude-2.0'", (UNSEEN, "x"))
        connection.execute("UPDATE models SET description = ? WHERE id = 'claude-2.1'", ("\u202e" + "two\nlines",))
        connection.execute("INSERT INTO aliases VALUES (?, 'claude-2.1')", (EVIL,))
        connection.execute("INSERT INTO tombstones VALUES (?, 'once', NULL)", (EVIL,))
        connection.execute(
            "INSERT INTO changes VALUES (1000, 1, '2026-11-20T00:00:00Z', ?, ?, 'alias', ?, NULL, ?, NULL, NULL)",
            (EVIL, "alias", EVIL, json.dumps({"model_id": EVIL})),
        )
    connection.close()
    return installation


def unseen(text: str) -> set[str]:
    """What of a text a terminal might obey."""
    return {each for each in text if unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp") and each != "\n"}


COMMANDS = [
    "catalog list",
    "catalog list --json",
    "catalog show claude-2.0",
    "catalog show claude-2.0 --json",
    "catalog show claude-2.1",
    "catalog history",
    "catalog history --json",
    "catalog hide claude-2.0 --json",
    "check",
    "check --json",
    f"catalog show {EVIL}",
    f"catalog alias {EVIL} claude-2.0",
    f"catalog hide {EVIL} {EVIL}",
    f"catalog list {EVIL}",
    f"nope{EVIL}",
    f"keys rotate {EVIL}",
    f"workspaces create {EVIL}",
    f"settings --database sqlite:////tmp/{EVIL}/x.db",
    f"catalog list --database sqlite:////nowhere/{EVIL}/x.db",
    f"catalog history --limit {EVIL}",
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: repr(command)[:40])
def test_nothing_reaches_the_terminal_that_it_obeys(cli: CLI, infested: Installation, command: str) -> None:
    arguments = command.replace(EVIL, "EVIL").split(" ")
    result = cli(*(each.replace("EVIL", EVIL) for each in arguments))
    assert unseen(result.out + result.err) == set()
    assert not [line for line in (result.out + result.err).splitlines() if line.startswith("callsheet: All is")]


def test_json_still_says_exactly_what_is_there(cli: CLI, infested: Installation) -> None:
    assert cli("catalog", "show", "claude-2.0", "--json").json["display_name"] == UNSEEN
    assert cli("catalog", "history", "--json", "--limit", "1").json[0]["actor"] == EVIL


def test_lines_of_a_description_stay_lines(cli: CLI, infested: Installation) -> None:
    lines = [line.strip() for line in cli("catalog", "show", "claude-2.1").out.splitlines()]
    assert "lines" in lines


def test_the_actor_is_put_down_without_what_a_terminal_obeys(installation: Installation) -> None:
    environment = {"LOGNAME": EVIL.replace("\n", ""), "CALLSHEET_DATABASE_URL": installation.url}
    assert call("catalog", "add", "claude-m", env=environment).returncode == 0
    actor = installation.history.list(limit=1)[0].actor
    assert actor.startswith("cli:\N{REPLACEMENT CHARACTER}[31mred")
    assert unseen(actor) == set()


@pytest.mark.parametrize("character", ["\u202e", "\u200b", "\u2066", "\ufeff", "\u2028", "\U000e0041"])
@pytest.mark.parametrize("field", ["display_name", "description", "source"])
def test_texts_with_characters_that_cannot_be_seen_are_refused(
    cli: CLI, installation: Installation, field: str, character: str
) -> None:
    flag = f"--{field.replace('_', '-')}"
    expected = f"{field} must not hold characters that cannot be seen, such as U+{ord(character):04X}."
    text = f"Claude{character}x"
    assert cli("catalog", "add", "claude-m", flag, text).refusal == expected
    assert cli("catalog", "change", "claude-opus-5", flag, text).refusal == expected


def test_what_is_there_already_keeps_working(installation: Installation) -> None:
    with installation.store.write("test", installation.catalog._clock()) as writing:
        put_model(writing, make_model("claude-m", display_name="a\u202eb"))
    installation.catalog.hide("claude-m")
    assert installation.catalog.show("claude-m").model.display_name == "a\u202eb"
    with pytest.raises(InvalidError, match="cannot be seen"):
        installation.catalog.change("claude-m", {"display_name": "b\u202ea"})


def test_a_line_of_the_first_start_holds_nothing_of_the_folder_that_a_terminal_obeys(
    cli: CLI, tmp_path: Path
) -> None:
    folder = tmp_path / "a\x1b[31m\u202eb"
    folder.mkdir()
    result = cli("migrate", "--database", f"sqlite:///{folder}/x.db")
    assert result.code == 0
    refused = cli("backup", str(folder / "no" / "x"), "--database", f"sqlite:///{folder}/x.db")
    assert refused.code == 1
    assert unseen(result.err + refused.err) == set()

"""The commands that take several ids and globs: all of them or none, each named, in one revision."""

import json
import os
import pty
import re
import subprocess

import pytest

from tests.cli.conftest import CLI
from tests.installation import Installation, builtin_counts, make_model
from tests.program import COMMAND, DEADLINE

FABLES = ["claude-fable-5-2", "claude-fable-5-1", "claude-fable-5"]

LISTED, RETIRED = builtin_counts()


def hidden(installation: Installation) -> list[object]:
    return [model.id for model, _ in installation.catalog.list() if model.hidden]


def revision(installation: Installation) -> int:
    return installation.history.list(limit=1)[0].revision


def test_a_glob_hides_what_it_matches_in_one_revision(cli: CLI, installation: Installation) -> None:
    before = revision(installation)
    result = cli("catalog", "hide", "claude-fable-*", "claude-opus-5")
    assert (result.code, result.out) == (0, "")
    assert result.err.splitlines() == [
        *(f"Hid {model_id}." for model_id in (*FABLES, "claude-opus-5")),
        f"{LISTED - 4} of 34 models are listed; {RETIRED} are retired, 4 are hidden.",
    ]
    assert hidden(installation) == ["claude-fable-5-2", "claude-fable-5-1", "claude-opus-5", "claude-fable-5"]
    assert revision(installation) == before + 1


def test_what_is_hidden_already_is_said_to_be_and_ends_well(cli: CLI, installation: Installation) -> None:
    cli("catalog", "hide", "claude-opus-5")
    before = revision(installation)
    result = cli("catalog", "hide", "claude-opus-5")
    assert (result.code, result.err.splitlines()[0]) == (0, "claude-opus-5 is already hidden.")
    assert revision(installation) == before
    assert cli("catalog", "unhide", "claude-opus-5").err.splitlines()[0] == "claude-opus-5 is listed."
    assert cli("catalog", "unhide", "claude-opus-5").err.splitlines()[0] == "claude-opus-5 is not hidden."


def test_many_that_are_hidden_already_are_counted_and_not_named(cli: CLI) -> None:
    cli("catalog", "hide", "claude-*")
    result = cli("catalog", "hide", "*")
    assert result.err.splitlines()[0] == "34 models were left as they are: already hidden."


def test_one_wrong_name_changes_nothing(cli: CLI, installation: Installation) -> None:
    before = revision(installation)
    for verb in ("hide", "unhide", "retire", "deprecate", "remove"):
        assert cli("catalog", verb, "claude-opus-5", "nope").refusal == "There is no model 'nope'."
    assert revision(installation) == before


def test_an_id_that_can_be_read_as_a_glob_means_that_model_alone_also_once_it_is_removed(
    cli: CLI, empty: Installation
) -> None:
    empty.add(make_model("a"), make_model("b"), make_model("[ab]"))
    assert cli("catalog", "hide", "[ab]").err.splitlines()[0] == "Hid [ab]."
    assert hidden(empty) == ["[ab]"]
    assert cli("catalog", "remove", "[ab]").err == "Removed [ab].\nAll 2 models are listed.\n"
    for verb in (("hide",), ("retire",), ("remove", "--yes")):
        assert cli("catalog", *verb, "[ab]").refusal == "There is no model '[ab]'."
    assert [model.id for model, _ in empty.catalog.list()] == ["a", "b"]
    assert cli("catalog", "hide", "[ab]*").err.splitlines() == [
        "Warning: No model is listed any more for the workspace default.",
        "Hid a.",
        "Hid b.",
        "0 of 2 models are listed; 2 are hidden.",
    ]


def test_a_glob_retires_what_is_not_retired_yet(cli: CLI, installation: Installation) -> None:
    result = cli("catalog", "retire", "claude-opus-4-*", "--json")
    records = result.json
    assert {record["lifecycle"] for record in records} == {"retired"}
    assert "Retired claude-opus-4-8.\n" in result.err
    assert "claude-opus-4-1-20250805 is already retired.\n" in result.err
    assert {record.subject for record in installation.history.list(limit=4)} == {
        "claude-opus-4-8",
        "claude-opus-4-7",
        "claude-opus-4-6",
        "claude-opus-4-5-20251101",
    }


def test_a_glob_deprecates_all_but_the_replacement_and_what_is_retired(cli: CLI) -> None:
    arguments = ("claude-opus-4-*", "--retires-at", "2099-01-02", "--replacement", "claude-opus-4-8")
    result = cli("catalog", "deprecate", *arguments, "--json")
    lifecycles = {record["id"]: (record["lifecycle"], record["replacement"]) for record in result.json}
    assert lifecycles["claude-opus-4-8"] == ("active", None)
    assert lifecycles["claude-opus-4-7"] == ("deprecated", "claude-opus-4-8")
    assert lifecycles["claude-opus-4-1-20250805"] == ("retired", None)


def test_json_of_one_id_is_an_object_and_of_more_or_of_a_glob_a_list(cli: CLI) -> None:
    assert cli("catalog", "hide", "claude-opus-5", "--json").json["id"] == "claude-opus-5"
    assert [each["id"] for each in cli("catalog", "hide", "claude-opus-5-?", "--json").json] == ["claude-opus-5-5"]
    two = cli("catalog", "unhide", "claude-opus-5", "claude-opus-5-5", "claude-opus-5", "--json").json
    assert [each["id"] for each in two] == ["claude-opus-5", "claude-opus-5-5"]


def test_several_ids_are_removed_without_a_question_and_a_glob_with_yes(cli: CLI) -> None:
    assert cli("catalog", "remove", "claude-opus-5", "claude-opus-4-5-20251101").code == 0
    result = cli("catalog", "remove", "claude-fable-*", "--yes")
    assert result.err.splitlines() == [
        *(f"Removed {model_id}." for model_id in FABLES),
        f"{LISTED - 5} of 29 models are listed; {RETIRED} are retired.",
    ]


@pytest.mark.parametrize(("answer", "gone"), [("y", True), ("n", False), ("", False)])
def test_on_a_terminal_a_glob_names_what_would_go_and_asks(
    installation: Installation, answer: str, gone: bool
) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "catalog", "remove", "claude-fable-*"],
        env={**os.environ, "CALLSHEET_DATABASE_URL": installation.url},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    out, err = process.communicate(timeout=DEADLINE)
    os.close(ours)
    assert out == ""
    assert err.startswith("  claude-fable-5-2\n  claude-fable-5-1\n  claude-fable-5\nRemove these 3 models? [y/N] ")
    assert process.returncode == (0 if gone else 1)
    assert ("callsheet: Stopped; nothing was changed.\n" in err) is not gone
    left = [model.id for model, _ in installation.catalog.list()]
    assert (left.count("claude-fable-5") == 0) is gone


def test_add_says_at_once_who_will_not_show_the_id(cli: CLI) -> None:
    result = cli("catalog", "add", "kimi-k3", "--json")
    assert result.err.splitlines() == [
        "Added kimi-k3.",
        "Note: Claude Code will not show this id; it keeps only ids that contain `claude` or `anthropic`.",
    ]
    assert json.loads(result.out)["id"] == "kimi-k3"
    assert cli("catalog", "add", "anthropic/kimi-k3").err == "Added anthropic/kimi-k3.\n"
    assert cli("catalog", "add", "kimi-hidden", "--hidden").err == "Added kimi-hidden.\n"


@pytest.mark.parametrize(
    ("typed", "count"),
    [("200k", 200_000), ("1M", 1_000_000), ("128K", 128_000), ("262,144", 262_144), ("262144", 262_144),
     ("1.05m", 1_050_000), ("64_000", 64_000)],
)  # fmt: skip
def test_numbers_of_tokens_are_read_as_people_write_them(cli: CLI, typed: str, count: int) -> None:
    record = cli("catalog", "add", "claude-m", "--max-input-tokens", typed, "--json").json
    assert record["max_input_tokens"] == count
    changed = cli("catalog", "change", "claude-m", "--max-tokens", typed, "--json").json
    assert changed["max_tokens"] == count


@pytest.mark.parametrize(
    "typed", ["", "k", "1,00", "1.5", "2e5", "٣", "-1", "200 k", "1G", "9" * 5000, "1.0000001M"]
)
def test_what_is_no_number_of_tokens_is_refused(cli: CLI, typed: str) -> None:
    sentence = cli("catalog", "add", "claude-m", f"--max-tokens={typed}").refusal
    assert sentence.startswith("--max-tokens must be a number of tokens such as 200000, 200,000, 200k or 1M, not ")


def test_show_prints_numbers_whole_and_list_in_one_style(cli: CLI) -> None:
    cli("catalog", "add", "claude-m", "--max-input-tokens", "262,144", "--max-tokens", "8192")
    assert re.search(r"^max_input_tokens +262,144$", cli("catalog", "show", "claude-m").out, re.MULTILINE)
    row = next(line for line in cli("catalog", "list").out.splitlines() if line.startswith("claude-m "))
    assert row.split()[-4:] == ["262k", "8.19k", "-", "-"]


def test_a_wrong_call_is_explained_in_a_sentence(cli: CLI) -> None:
    assert cli("catalog", "add", "kimi", "k3").err.endswith(
        "Error: Too many arguments, from 'k3' on; put a value that holds spaces in quotes.\n"
    )
    assert cli("users").err.endswith("Error: No such command 'users'.\n")
    assert cli("catalog", "ad").err.endswith("Error: No such command 'ad'. Did you mean 'add'?\n")
    assert cli("serve", "--port", "abc").err.endswith(
        "Error: Invalid value for '--port': must be a whole number, not 'abc'.\n"
    )
    assert cli("catalog", "history", "--limit", "0").err.endswith("must be greater than or equal to 1, not '0'.\n")
    assert "Input should be" not in cli("catalog", "list", "--lifecycle", "gone").err


def test_usage_names_arguments_without_braces_or_types(cli: CLI) -> None:
    for command in (["catalog", "show"], ["catalog", "hide"], ["workspaces", "create"], ["doctor"]):
        text = cli(*command, "--help").out
        assert not re.search(r"[{}]|<str>|<int", text), text
    assert cli("catalog", "hide", "--help").out.startswith("Usage: callsheet catalog hide [OPTIONS] ID|GLOB...\n")
    assert "..." not in cli("catalog", "--help").out.replace("[ARGS]...", "")


def test_history_says_in_words_how_capabilities_changed(cli: CLI) -> None:
    known = cli("catalog", "show", "claude-haiku-5-5", "--json").json["capabilities"]
    known["thinking"]["types"]["between_tools"]["supported"] = True
    cli("catalog", "change", "claude-haiku-5-5", "--capabilities", json.dumps(known))
    cli("catalog", "change", "claude-haiku-5-5", "--clear", "capabilities")
    cleared, changed = cli("catalog", "history", "--limit", "2").out.splitlines()[2:]
    assert "claude-haiku-5-5; capabilities: 20 known → -  " in cleared
    place = "thinking.types.between_tools"
    assert f"claude-haiku-5-5; capabilities: {place} no → {place} yes  " in changed


def test_show_says_in_words_what_a_model_can(cli: CLI) -> None:
    lines = [" ".join(line.split()) for line in cli("catalog", "show", "claude-haiku-5-5").out.splitlines()]
    assert next(line for line in lines if line.startswith("capabilities ")).startswith(
        "capabilities yes: batch, citations, "
    )
    assert "no: thinking.types.enabled, thinking.types.between_tools" in lines

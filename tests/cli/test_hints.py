import ast
import copy
import pickle
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import callsheet
from callsheet.cli.app import command_tree
from callsheet.cli.hints import WORDS, sentence_of
from callsheet.domain.errors import ConflictError, DoesNotExistError
from callsheet.domain.hints import Hint
from tests.cli.conftest import CLI

SOURCE = Path(callsheet.__file__).parent
COMMANDS = command_tree().commands

#: A flag, or a command as it is called.
NAMED = re.compile(rf"--[a-z]|\bcallsheet (?:{'|'.join(map(re.escape, COMMANDS))})\b")


def test_the_command_line_has_words_for_every_hint() -> None:
    assert set(WORDS) == set(Hint)


def test_words_name_only_commands_that_exist() -> None:
    named = {name for words in WORDS.values() for name in re.findall(r"callsheet ([\w-]+)", words)}
    assert named
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("hint", Hint)
def test_a_hint_names_no_flag_and_no_command(hint: Hint) -> None:
    assert not names_the_command_line(hint)


def test_an_error_with_a_hint_says_what_to_do_in_the_words_of_the_door() -> None:
    error = DoesNotExistError("There is no default workspace", hint=Hint.NAME_WORKSPACE)
    assert str(error) == "There is no default workspace; name a workspace."
    assert sentence_of(error) == "There is no default workspace; name one with --workspace."


def test_an_error_without_a_hint_is_its_own_sentence() -> None:
    error = DoesNotExistError("The list is empty; add a model.")
    assert str(error) == sentence_of(error) == "The list is empty; add a model."


@pytest.mark.parametrize("name", ["m 1", "it's", "-m", "--yes", "$(id)", "`id`", "{}", "{0}"])
def test_the_command_that_a_refusal_advises_works_when_it_is_copied(cli: CLI, name: str) -> None:
    assert cli("catalog", "alias", "--", name, "claude-opus-5").code == 0
    assert advised(cli, "catalog", "add", "--", name)[:2] == ["catalog", "unalias"]
    assert cli("catalog", "add", "--", name).code == 0
    for lifecycle in ("retired", "deprecated"):
        command = advised(cli, "catalog", "change", "--lifecycle", lifecycle, "--", name)
        assert command[-1] == name
        assert cli("catalog", "change", "--lifecycle", "active", "--", name).code == 0


def advised(cli: CLI, *refused: str) -> list[str]:
    """Run the command that a refusal advises, as a shell would read it; return its words."""
    command = re.search("; use `(.*)`", cli(*refused).refusal)
    assert command is not None
    words = shlex.split(command[1])
    assert cli(*words).code == 0
    return words


def test_what_a_hint_is_about_reaches_a_terminal_without_its_control_characters(
    monkeypatch: pytest.MonkeyPatch, call: CLI
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise ConflictError("It is an alias", hint=Hint.REMOVE_ALIAS, hint_about="m\x1b[2J")

    monkeypatch.setattr("callsheet.cli.app.command_tree", lambda: refuse)
    assert call("catalog", "list").refusal == "It is an alias; use `catalog unalias 'm\ufffd[2J'` first."


@pytest.mark.parametrize("copied", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_a_copied_error_keeps_its_sentence_and_its_hint(copied: object) -> None:
    error = ConflictError("m is an alias", hint=Hint.REMOVE_ALIAS, hint_about="m")
    other = copied(error)  # type: ignore[operator]
    assert (str(other), other.problem) == (str(error), error.problem)
    assert (other.hint, other.hint_about) == (error.hint, error.hint_about)


#: Rooms behind every door. What they say is read at each of them; the last is what shows commands at every door.
INSIDE = sorted(
    {path for room in ("domain", "storage", "service") for path in (SOURCE / room).rglob("*.py")}
    - {SOURCE / "service/explain/commands.py"}
)


def test_domain_storage_and_services_name_no_flag_and_no_command() -> None:
    found = (
        (path.relative_to(SOURCE), each.value) for path in INSIDE for each in texts(ast.parse(path.read_text()))
    )
    assert [(path, text) for path, text in found if names_the_command_line(str(text))] == []


def names_the_command_line(text: str) -> bool:
    return NAMED.search(text) is not None


def texts(tree: ast.Module) -> Iterator[ast.Constant]:
    """Every text of a module except docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node

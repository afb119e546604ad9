import ast
import copy
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

import callsheet
from callsheet.cli.app import app
from callsheet.cli.hints import WORDS, sentence_of
from callsheet.domain.errors import DoesNotExistError
from callsheet.domain.hints import Hint

SOURCE = Path(callsheet.__file__).parent
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def test_the_command_line_has_words_for_every_hint() -> None:
    assert set(WORDS) == set(Hint)


def test_words_name_only_commands_that_exist() -> None:
    named = {name for words in WORDS.values() for name in re.findall(r"callsheet (\w+)", words)}
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


@pytest.mark.parametrize("copied", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_a_copied_error_keeps_its_sentence_and_its_hint(copied: object) -> None:
    error = DoesNotExistError("There is no default workspace", hint=Hint.NAME_WORKSPACE)
    other = copied(error)  # type: ignore[operator]
    assert (str(other), other.problem, other.hint) == (str(error), error.problem, error.hint)


#: Rooms behind every door. What they say is read at each of them.
INSIDE = sorted(path for room in ("domain", "storage", "service") for path in (SOURCE / room).rglob("*.py"))


@pytest.mark.parametrize("path", INSIDE, ids=lambda path: str(path.relative_to(SOURCE)))
def test_domain_storage_and_services_name_no_flag_and_no_command(path: Path) -> None:
    named = [each.value for each in texts(ast.parse(path.read_text())) if names_the_command_line(str(each.value))]
    assert named == []


def names_the_command_line(text: str) -> bool:
    commands = "|".join(map(re.escape, COMMANDS))
    return re.search(rf"--[a-z]|\bcallsheet (?:{commands})\b", text) is not None


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

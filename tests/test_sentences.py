"""An error's sentence is written in one place."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import callsheet

SOURCE = Path(callsheet.__file__).parent
MIN_WORDS = 5  # of a text that is a sentence, or most of one


def sentences(module: ast.AST) -> Iterator[str]:
    """The texts that a module gives to errors and that are as long as a sentence; a value in one is ``{}``."""
    for call in ast.walk(module):
        if isinstance(call, ast.Call) and called(call.func).endswith("Error"):
            for given in call.args:
                text = text_of(given)
                if sum(word.strip("{}.,;:()'").isalpha() for word in text.split()) >= MIN_WORDS:
                    yield text


def called(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def text_of(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else ""


def places(modules: dict[str, str]) -> dict[str, list[str]]:
    """Every sentence, and where it is written."""
    found = defaultdict(list)
    for name, source in modules.items():
        if "Error(" in source:
            for text in sentences(ast.parse(source)):
                found[text].append(name)
    return found


def repeated(places: dict[str, list[str]]) -> dict[str, list[str]]:
    """The sentences that are written more than once, and where."""
    return {text: where for text, where in places.items() if len(where) > 1}


def test_no_error_says_what_another_says() -> None:
    modules = {str(path.relative_to(SOURCE)): path.read_text() for path in sorted(SOURCE.rglob("*.py"))}
    found = places(modules)
    assert len(found) > 100
    assert repeated(found) == {}


def test_a_sentence_that_is_written_twice_is_found_whatever_it_is_about() -> None:
    one = 'raise ConflictError(f"There is a key named {name!r} already.")'
    other = 'def f():\n    return ConflictError(f"There is a key named {key.name!r} already.", hint=Hint.X)'
    assert repeated(places({"one": one, "other": other})) == {"There is a key named {} already.": ["one", "other"]}
    assert repeated(places({"one": one, "other": 'raise ConflictError("There is a key already.")'})) == {}

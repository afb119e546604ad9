"""A sentence that users read is written in one place."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import callsheet

SOURCE = Path(callsheet.__file__).parent
MIN_WORDS = 5  # of a text that is a sentence, or most of one


def sentences(node: ast.AST) -> Iterator[str]:
    """The texts of a module that are as long as a sentence, without docstrings; values that go into one are ``{}``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue  # a docstring
        if isinstance(child, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in child.values)
            text = "".join(map(str, parts))
        elif isinstance(child, ast.Constant) and isinstance(child.value, str):
            text = child.value
        else:
            yield from sentences(child)
            continue
        if sum(word.strip("{}.,;:()'").isalpha() for word in text.split()) >= MIN_WORDS:
            yield text


def repeated(modules: dict[str, str]) -> dict[str, list[str]]:
    """The sentences that are written more than once, and where."""
    places = defaultdict(list)
    for name, source in modules.items():
        for text in sentences(ast.parse(source)):
            places[text].append(name)
    return {text: where for text, where in places.items() if len(where) > 1}


def test_no_sentence_is_written_twice() -> None:
    modules = {str(path.relative_to(SOURCE)): path.read_text() for path in sorted(SOURCE.rglob("*.py"))}
    assert len(modules) > 100
    assert repeated(modules) == {}


def test_a_sentence_that_is_written_twice_is_found_whatever_it_is_about() -> None:
    one = 'def f(a):\n    """There is no model of this name."""\n    raise E(f"There is no model {a!r} of this name.")'
    other = 'E(f"There is no model {b} of this name.")'
    assert repeated({"one": one, "other": other}) == {"There is no model {} of this name.": ["one", "other"]}
    assert repeated({"one": one, "other": 'E("no such model")'}) == {}

"""How constants that hold numbers are called: MAX_CONNECTIONS, MIN_PORT, ROW_BATCH_SIZE, LOCK_TIMEOUT_SECONDS."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import callsheet

SOURCE = Path(callsheet.__file__).parent
FILES = {str(path.relative_to(SOURCE)): path for path in sorted(SOURCE.rglob("*.py"))}

#: Names that say neither of what they are the maximum nor in which unit.
VAGUE = re.compile(
    r"_?((MOST|LONGEST|LARGEST|FEWEST|DEEPEST|SLOWEST|SHORTEST)(_.*)?|(.*_)?(AT_ONCE|PATIENCE|TIMEOUT))"
)


def constants(tree: ast.Module) -> Iterator[str]:
    """The names in capitals that a module assigns."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        yield from (each.id for each in targets if isinstance(each, ast.Name) and each.id.isupper())


def vague(source: str) -> list[str]:
    if not any(map(VAGUE.fullmatch, set(re.findall(r"\w+", source)))):
        return []  # as in nearly every file, and parsing takes much longer
    return [each for each in constants(ast.parse(source)) if VAGUE.fullmatch(each)]


def test_the_rule_finds_what_it_is_about() -> None:
    tree = ast.parse(
        "_MOST_KEYS: Final = 9\nLONGEST = DEFAULT_TIMEOUT = 1.0\nAT_ONCE = 2\n"
        "MAX_KEYS = 3\nLATEST_KEYS: int = 4\nmost = ALMOST_ALL = 5"
    )
    names = ["_MOST_KEYS", "LONGEST", "DEFAULT_TIMEOUT", "AT_ONCE", "MAX_KEYS", "LATEST_KEYS", "ALMOST_ALL"]
    assert list(constants(tree)) == names
    assert [bool(VAGUE.fullmatch(name)) for name in names] == [True, True, True, True, False, False, False]


def test_numbers_say_what_they_limit_and_in_which_unit() -> None:
    assert {name: found for name, path in FILES.items() if (found := vague(path.read_text()))} == {}

"""Which file imports which: no file of the package can be reached from itself.

The layers in pyproject.toml say which way imports point between and inside rooms; this also sees circles between
two files of one layer, and those of imports for type checkers alone.
"""

import ast
import functools
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import callsheet

PACKAGE = Path(callsheet.__file__).parent


def modules() -> dict[str, Path]:
    """The files of the package, by the names that import them."""
    found = {}
    for file in PACKAGE.rglob("*.py"):
        parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imported(source: str) -> Iterator[tuple[str, str]]:
    """Every import in ``source``, wherever in it: a module, and a name from that or nothing."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from ((node.module or "", alias.name) for alias in node.names)


@functools.cache
def graph() -> dict[str, set[str]]:
    """The modules of the package that each of them imports."""
    known = modules()
    found: dict[str, set[str]] = {}
    for module, file in known.items():
        pairs = imported(file.read_text(encoding="utf-8"))
        wanted = [f"{source}.{name}" if f"{source}.{name}" in known else source for source, name in pairs]
        found[module] = {each for each in wanted if each in known}
    return found


def circle_in(imports: dict[str, set[str]]) -> str:
    """One circle in ``imports``, as ``a -> b -> a``; empty if there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return " -> ".join(reversed(error.args[1]))
    return ""


def test_no_file_can_be_reached_from_itself() -> None:
    circle = circle_in(graph())
    assert not circle, f"These files import each other in a circle: {circle}"


def test_a_circle_is_found_and_printed_in_the_direction_of_its_imports() -> None:
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) in (
        "a -> b -> c -> a",
        "b -> c -> a -> b",
        "c -> a -> b -> c",
    )


def test_late_imports_and_those_for_type_checkers_count() -> None:
    source = "if TYPE_CHECKING:\n    from a.b import c\ndef late():\n    import d.e\n"
    assert sorted(imported(source)) == [("a.b", "c"), ("d.e", "")]
    assert {"callsheet.http.ratelimit.limiter", "callsheet.http.ratelimit.create"} <= graph()["callsheet.http.app"]

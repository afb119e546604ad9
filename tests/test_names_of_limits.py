"""Limits are called by one convention: MAX_ or MIN_, what is limited, and its unit."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import callsheet

_PACKAGE: Final = Path(callsheet.__file__).parent
_ROOMS: Final = ["api", "client", "wire", "domain"]
_SUPERLATIVES: Final = frozenset(
    {"MOST", "FEWEST", "LEAST", "LONGEST", "SHORTEST", "LARGEST", "SMALLEST", "DEEPEST", "SLOWEST"}
)


def _constants(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        yield from (each.id for each in targets if isinstance(each, ast.Name) and each.id.isupper())


@pytest.mark.parametrize("room", _ROOMS)
def test_no_constant_is_a_superlative(room: str) -> None:
    named = [(path.name, name) for path in (_PACKAGE / room).rglob("*.py") for name in _constants(path)]
    assert len(named) > 5
    assert [each for each in named if not _SUPERLATIVES.isdisjoint(each[1].split("_"))] == []

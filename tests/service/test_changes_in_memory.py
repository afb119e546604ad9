"""Applying a list of changes to memory is applying it to a database."""

import re
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callsheet.domain.changes.change import Subject
from callsheet.domain.errors import RefusedError
from callsheet.service.maintenance.check import check_database
from callsheet.storage.store import Store
from tests.domain.changes.acts import NOW, Act, acts, content, decide, fresh
from tests.installation import Installation


@pytest.fixture
def copies(empty: Installation, tmp_path: Path) -> Callable[[], Store]:
    """What makes databases without a model."""
    numbers = count()

    def copy() -> Store:
        path = tmp_path / f"copy-{next(numbers)}.db"
        shutil.copy(empty.store.display_name, path)
        return Store(f"sqlite:///{path}")

    return copy


@settings(max_examples=30)
@given(st.lists(acts, min_size=6, max_size=20))
def test_every_sequence_of_changes_leaves_a_memory_and_a_database_alike(
    copies: Callable[[], Store], drawn: list[Act]
) -> None:
    store = copies()
    with store.read() as reading:
        memory = fresh(*reading.workspaces())
        recorded = len(reading.changes(limit=1000))
    made = 0
    for number, act in enumerate(drawn, 1):
        try:
            with store.write("test", NOW) as writing:
                changes = decide(writing, number, act)
                writing.apply(changes)
        except RefusedError as refusal:
            with pytest.raises(type(refusal), match=f"^{re.escape(str(refusal))}$"):
                decide(memory, number, act)
            continue
        assert list(changes) == list(decide(memory, number, act))
        memory.apply(changes, NOW)
        shown = {change.subject for change in changes if change.kind is not Subject.CLAIM}
        made += sum(change.kind is not Subject.CLAIM or change.subject not in shown for change in changes)
    with store.read() as reading:
        assert content(reading) == content(memory)
        assert len(reading.changes(limit=1000)) == recorded + made
        ids = [key.id for key in reading.api_keys()]
        of_keys = [(each.action, each.subject, each.before, each.after) for each in reading.changes_of(ids)]
        assert sorted(of_keys, key=str) == sorted(
            ((each.action, each.subject, each.before, each.after) for each in memory.changes_of(ids)), key=str
        )
    assert [each for each in check_database(store).problems if each.kind not in ("change", "tombstone")] == []

import pytest

from callsheet.storage.store import Store
from tests.storage.others import INTEGRITY, ask, execute

RECORDS = "SELECT number, revision, at, actor, action, kind, subject FROM changes ORDER BY number"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE changes SET actor = 'nobody'",
        "UPDATE changes SET number = number + 1000 WHERE number = 1",
        "DELETE FROM changes",
        "DELETE FROM changes WHERE number = 1",
    ],
)
def test_a_change_record_can_be_neither_edited_nor_deleted(store: Store, statement: str) -> None:
    before = ask(store, RECORDS)
    with pytest.raises(INTEGRITY, match="append-only"):
        execute(store, statement)
    assert ask(store, RECORDS) == before
    assert before

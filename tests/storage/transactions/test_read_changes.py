"""Change records by what they are of: each page has what fits, newest first, both ways."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from callsheet.domain.changes.change import ChangeRecord
from callsheet.storage import tables
from callsheet.storage.store import Store
from callsheet.storage.transactions.paging import Cut, Slice
from callsheet.storage.transactions.read_changes import ChosenChanges
from callsheet.storage.transactions.write import WriteTransaction
from tests.storage.transactions.test_paging import backwards, forwards
from tests.storage.transactions.test_rows import trial

#: Of the first record that these tests make; those that are there before them have lower numbers.
FIRST = 1_000


class Deed(NamedTuple):
    """What a change record is of."""

    actor: str
    kind: str
    action: str
    subject: str


ACTORS, KINDS, ACTIONS, SUBJECTS = (
    ["ada", "bob"],
    ["model", "alias", "later"],
    ["add", "change", "late"],
    ["x", "y"],
)
DEEDS = st.lists(st.builds(Deed, *map(st.sampled_from, (ACTORS, KINDS, ACTIONS, SUBJECTS))), max_size=14)

CHOSEN = st.builds(
    ChosenChanges,
    subjects=st.none() | st.lists(st.sampled_from([*SUBJECTS, "\0"]), max_size=2),
    actor=st.none() | st.sampled_from([*ACTORS, "nobody", "\0"]),
    kind=st.none() | st.sampled_from([*KINDS, "key"]),
    action=st.none() | st.sampled_from([*ACTIONS, "remove"]),
    revision=st.none() | st.integers(FIRST, FIRST + 6),
    after=st.none() | st.integers(FIRST - 1, FIRST + 15),
    until=st.none() | st.integers(FIRST - 1, FIRST + 15),
)


def fill(writing: WriteTransaction, deeds: Sequence[Deed]) -> None:
    """A record of each deed, three to a revision."""
    rows = [
        {"number": FIRST + place, "revision": FIRST + place // 3, "at": "2026-01-01T00:00:00Z", **deed._asdict()}
        for place, deed in enumerate(deeds)
    ]
    if rows:
        writing._connection.execute(insert(tables.changes), rows)


def is_wanted(record: ChangeRecord, chosen: ChosenChanges) -> bool:
    """Whether a record fits all that is said; of a kind of a later release, none is found by its id."""
    return (
        (chosen.subjects is None or (record.subject in chosen.subjects and record.kind != "later"))
        and (chosen.after is None or record.number > chosen.after)
        and (chosen.until is None or record.number <= chosen.until)
        and all(
            getattr(chosen, name) in (None, getattr(record, name))
            for name in ("actor", "kind", "action", "revision")
        )
    )


@given(DEEDS, CHOSEN, st.integers(1, 4))
def test_pages_of_chosen_changes_have_each_that_fits_once_newest_first(
    shared: Store, deeds: list[Deed], chosen: ChosenChanges, limit: int
) -> None:
    def number(record: ChangeRecord) -> int:
        return record.number

    with trial(shared) as writing:
        fill(writing, deeds)
        page: Callable[[Cut], Slice[Any]] = partial(_page, writing, chosen)
        wanted = [each for each in writing.changes(None, 1_000_000) if is_wanted(each, chosen)]
        walked = forwards(page, number, limit)
        assert walked == wanted
        assert not walked or backwards(page, number, limit, walked[-1]) == walked


def _page(writing: WriteTransaction, chosen: ChosenChanges, cut: Cut) -> Slice[ChangeRecord]:
    return writing.page_of_changes(cut, chosen)

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Action, Change
from callsheet.storage.store import Store
from callsheet.storage.transactions.paging import Cut, Slice
from callsheet.storage.transactions.read_changes import ChosenChanges
from callsheet.storage.transactions.write import WriteTransaction
from tests.installation import make_model
from tests.storage.transactions.test_rows import trial

IDS = st.lists(st.text("abAB-/:é~", min_size=1, max_size=4), min_size=1, max_size=12, unique=True)


def fill(writing: WriteTransaction, ids: Sequence[str]) -> None:
    """A model of each id, with an alias."""
    models = [make_model(f"m{each}") for each in ids]
    writing.apply([Change(Action.ADD, None, model) for model in models])
    writing.apply([Change(Action.ALIAS, None, Alias(f"a{model.id}", model.id)) for model in models])


def forwards(page: Callable[[Cut], Slice[Any]], key: Callable[[Any], Any], limit: int) -> list[Any]:
    found: list[Any] = []
    while True:
        some = page(Cut(limit, after=key(found[-1]) if found else None))
        assert len(some.rows) <= limit
        found += some.rows
        if not some.has_more:
            return found


def backwards(page: Callable[[Cut], Slice[Any]], key: Callable[[Any], Any], limit: int, last: Any) -> list[Any]:
    found = [last]
    while True:
        some = page(Cut(limit, before=key(found[0])))
        found = [*some.rows, *found]
        if not some.has_more:
            return found


@given(IDS, st.integers(1, 5))
def test_pages_forwards_and_backwards_have_every_row_once_and_in_one_order(
    shared: Store, ids: list[str], limit: int
) -> None:
    with trial(shared) as writing:
        fill(writing, ids)
        kinds: list[tuple[Callable[[Cut], Slice[Any]], Callable[[Any], Any], set[Any]]] = [
            (writing.page_of_models, lambda model: model["id"], {model.id for model in writing.models()}),
            (writing.page_of_aliases, lambda alias: alias[0], set(writing.aliases())),
            (
                writing.page_of_changes,
                lambda change: change.number,
                {each.number for each in writing.changes(None, 1_000_000)},
            ),
        ]
        for page, key, everything in kinds:
            walked = forwards(page, key, limit)
            assert len(walked) == len(everything)
            assert {key(each) for each in walked} == everything
            assert backwards(page, key, limit, walked[-1]) == walked


def test_changes_are_paged_newest_first_of_what_they_are_asked_for(shared: Store) -> None:
    with trial(shared) as writing:
        fill(writing, ["x", "y", "z"])
        page = writing.page_of_changes(Cut(10), ChosenChanges(["mx", "amz"]))
        assert [(each.kind, each.subject) for each in page.rows] == [("alias", "amz"), ("model", "mx")]
        assert not page.has_more
        assert writing.page_of_changes(Cut(10), ChosenChanges(["\0"])).rows == []


def test_a_cursor_need_not_exist(shared: Store) -> None:
    with trial(shared) as writing:
        fill(writing, ["a", "c"])
        assert writing.page_of_models(Cut(1, after="m")).rows == [make_model("ma").record()]
        assert writing.page_of_models(Cut(1, after="mb")).rows[0]["id"] == "mc"
        assert writing.page_of_models(Cut(1, before="mb")).rows[0]["id"] == "ma"
        assert writing.page_of_models(Cut(1, after="\0")) == ([], False)


def test_the_aliases_of_some_models_are_sorted(shared: Store) -> None:
    with trial(shared) as writing:
        fill(writing, ["a", "b"])
        writing.apply([Change(Action.ALIAS, None, Alias("0", "ma"))])
        assert writing.aliases_of_each(["ma", "mb", "mc"]) == {"ma": ["0", "ama"], "mb": ["amb"]}

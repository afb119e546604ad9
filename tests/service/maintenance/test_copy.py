"""Copying: all of it, unchanged, between databases of any kind."""

import tracemalloc
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from callsheet.api.state import Options
from callsheet.domain.errors import ConflictError, DoesNotExistError, StorageError
from callsheet.service.maintenance.check import check_database
from callsheet.service.maintenance.copy import copy_installation
from callsheet.service.state.live import LiveState
from callsheet.storage.store import Store
from tests.installation import KINDS, Installation, make_model, now
from tests.rows import everything, rows
from tests.service.conftest import Empty, Full, silent
from tests.service.state.test_catch_up import seen
from tests.storage.others import execute, url_of
from tests.tiers import first

Act = Callable[[Store], Any]

NEWER = (
    r"The database \S+ is newer, at revision 21, than what is to be copied, at revision 20; "
    r"copy the other way, or name an empty database to copy to\."
)

#: Lets a table of SQLite's hold something else than was written.
SPOIL = """
    CREATE TRIGGER spoil AFTER INSERT ON models
    BEGIN UPDATE models SET description = 'spoilt' WHERE id = 'acme/old'; END
"""

to_each_kind = pytest.mark.parametrize("kind", first(KINDS))


@pytest.mark.parametrize("kinds", first(product(KINDS, KINDS), 3), ids="-".join)
def test_everything_arrives_byte_for_byte(full_store: Full, empty_store: Empty, kinds: tuple[str, str]) -> None:
    source, target = kinds
    there, here = full_store(source), empty_store(target)
    copied = copy_installation(there, here, silent)
    assert everything(here) == everything(there)
    assert copied.changed
    assert copied.revision == 20
    assert {name: tally.rows for name, tally in copied.tallies.items()} == {
        name: len(rows) for name, rows in everything(there).items()
    }
    assert all(len(tally.digest) == 64 for tally in copied.tallies.values())


@to_each_kind
def test_copying_again_finds_both_equal_and_writes_nothing(full_store: Full, empty_store: Empty, kind: str) -> None:
    there, here = full_store("sqlite"), empty_store(kind)
    first = copy_installation(there, here, silent)
    with here.watch() as watch:
        assert watch.changed(0)
        second = copy_installation(there, here, silent)
        assert not watch.changed(0)
    assert not second.changed
    assert (second.revision, second.tallies) == (first.revision, first.tallies)


@to_each_kind
def test_copying_again_brings_the_copy_up_to_the_source(full_store: Full, empty_store: Empty, kind: str) -> None:
    there, here = full_store("sqlite"), empty_store(kind)
    copy_installation(there, here, silent)
    state = LiveState(here, Options())
    source = Installation(url_of(there))
    source.add(make_model("new"))
    source.catalog.alias("newest", "new")
    source.catalog.remove("acme/raeuber")
    source.access.archive_key("team")
    source.workspace("later")
    copied = copy_installation(there, here, silent)
    assert copied.changed
    assert everything(here) == everything(there)
    assert state.refresh()
    assert seen(state.current) == seen(LiveState(there, Options()).current)


@to_each_kind
def test_a_copy_goes_on_by_itself(full_store: Full, empty_store: Empty, kind: str) -> None:
    there, here = full_store("sqlite"), empty_store(kind)
    copy_installation(there, here, silent)
    last = rows(here, "changes")[-1]
    Installation(url_of(here)).add(make_model("new"))
    number, revision = rows(here, "changes")[-1][:2]
    assert number == last[0] + 1
    assert revision == last[1] + 1


def test_a_copy_is_of_one_moment_even_while_the_source_changes(full_store: Full, empty_store: Empty) -> None:
    there, here = full_store("sqlite"), empty_store("sqlite")
    before = everything(there)
    source = Installation(url_of(there))

    def interfere(what: str, done: int, _total: int) -> None:
        source.add(make_model(f"{what}-{done}".replace(" ", "-")))

    copy_installation(there, here, interfere)
    assert everything(here) == before
    assert everything(there) != before


@to_each_kind
def test_a_copy_that_was_changed_by_hand_is_put_right(full_store: Full, empty_store: Empty, kind: str) -> None:
    there, here = full_store("sqlite"), empty_store(kind)
    copy_installation(there, here, silent)
    execute(here, "UPDATE models SET display_name = 'Mine' WHERE id = 'acme/old'", "DELETE FROM aliases")
    copied = copy_installation(there, here, silent)
    assert (copied.changed, copied.repaired) == (True, True)
    assert everything(here) == everything(there)
    assert not copy_installation(there, here, silent).repaired


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda here: execute(here, "UPDATE installation SET organization_id = 'another'"),
            r"The database \S+ holds another installation; name an empty database to copy to\.",
        ),
        (
            lambda here: Installation(url_of(here)).add(make_model("mine")),
            NEWER,
        ),
    ],
)
@to_each_kind
def test_a_target_that_is_no_earlier_copy_is_refused_and_stays(
    full_store: Full, empty_store: Empty, kind: str, change: Act, sentence: str
) -> None:
    there, here = full_store("sqlite"), empty_store(kind)
    copy_installation(there, here, silent)
    change(here)
    before = everything(here)
    with pytest.raises(ConflictError, match=f"^{sentence}$"):
        copy_installation(there, here, silent)
    assert everything(here) == before


@to_each_kind
def test_a_copy_that_went_another_way_is_refused_even_if_it_is_older(
    full_store: Full, empty_store: Empty, kind: str
) -> None:
    there, here = full_store("sqlite"), empty_store(kind)
    copy_installation(there, here, silent)
    Installation(url_of(here)).add(make_model("mine"))
    source = Installation(url_of(there))
    source.add(make_model("theirs"), make_model("others"))
    before = everything(here)
    with pytest.raises(ConflictError, match="holds changes that are not in what is to be copied"):
        copy_installation(there, here, silent)
    assert everything(here) == before


def test_a_fresh_installation_is_not_mixed_with_another(full_store: Full, installation: Installation) -> None:
    before = everything(installation.store)
    with pytest.raises(ConflictError, match="holds another installation"):
        copy_installation(full_store("sqlite"), installation.store, silent)
    assert everything(installation.store) == before


def test_there_must_be_something_to_copy(empty_store: Empty) -> None:
    missing, here = empty_store("sqlite"), empty_store("sqlite")
    with pytest.raises(DoesNotExistError, match=r"^There is no database at \S+ to copy from\.$"):
        copy_installation(missing, here, silent)
    missing.prepare()
    with pytest.raises(
        DoesNotExistError, match=r"^There is nothing to copy, as the database has not been set up; "
    ):
        copy_installation(missing, here, silent)
    assert here.is_empty()


def _itself(store: Store, _folder: Path) -> str:
    return url_of(store)


def _linked(store: Store, folder: Path) -> str:
    (folder / "link.db").symlink_to(store.display_name)
    return f"sqlite:///{folder}/link.db"


def _by_another_host(store: Store, _folder: Path) -> str:
    return f"{url_of(store).replace('127.0.0.1', 'localhost')}?options=-csearch_path%3Dpublic"


@pytest.mark.parametrize(
    ("kind", "name"),
    [("sqlite", _itself), ("sqlite", _linked), ("postgresql", _itself), ("postgresql", _by_another_host)],
)
def test_a_database_is_not_copied_to_itself_whatever_it_is_called(
    full_store: Full, tmp_path: Path, kind: str, name: Callable[[Store, Path], str]
) -> None:
    there = full_store(kind)
    with pytest.raises(ConflictError, match=r"^Both are the database \S+; name another to copy to\.$"):
        copy_installation(there, Store(name(there, tmp_path)), silent)


def test_one_schema_of_a_database_is_copied_to_another(full_store: Full) -> None:
    there = full_store("postgresql")
    execute(there, "CREATE SCHEMA other")
    here = Store(f"{url_of(there)}?options=-csearch_path%3Dother")
    assert here.display_name == there.display_name
    assert copy_installation(there, here, silent).changed
    assert check_database(here).problems == []
    with here.read() as reading:
        assert reading.count_models() == 36


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        (
            "sqlite",
            SPOIL,
        ),
        (
            "postgresql",
            "CREATE RULE spoil AS ON INSERT TO aliases WHERE NEW.alias = 'acme/latest' DO INSTEAD NOTHING",
        ),
    ],
)
def test_a_target_that_does_not_keep_what_is_written_is_noticed_and_stays_as_it_was(
    full_store: Full, empty_store: Empty, kind: str, spoil: str
) -> None:
    here = empty_store(kind)
    here.prepare()
    execute(here, spoil)
    with pytest.raises(StorageError, match=r"^The table \w+ does not hold what was written to it "):
        copy_installation(full_store("sqlite"), here, silent)
    assert everything(here)["models"] == []


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("UPDATE models SET capabilities = '{'", r"The database \S+/0\.db is damaged; .*"),
        (
            "UPDATE api_keys SET fingerprint = 'x' WHERE name = 'ada'",
            "The rows of the table api_keys cannot be .*",
        ),
    ],
)
@to_each_kind
def test_a_row_that_cannot_be_read_is_told_and_nothing_copied(
    full_store: Full, empty_store: Empty, kind: str, damage: str, sentence: str
) -> None:
    there, here = full_store("sqlite"), empty_store(kind)
    execute(there, damage)
    with pytest.raises(StorageError, match=f"^{sentence}$"):
        copy_installation(there, here, silent)
    assert everything(here)["models"] == []


def test_many_models_are_never_all_in_memory(empty_store: Empty) -> None:
    there, here = empty_store("sqlite"), empty_store("sqlite")
    from callsheet.service.setup import open_store

    open_store(url_of(there), now)
    size, number = 1000, 8000
    execute(
        there,
        "INSERT INTO models (id, display_name, created_at, lifecycle, hidden, description) "
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number}) "
        f"SELECT 'm' || i, 'M', '2026-01-01T00:00:00Z', 'active', 0, printf('%.{size}c', 'x') FROM n",
    )
    progress = []

    def note(what: str, done: int, total: int) -> None:
        progress.append((what, done, total))

    tracemalloc.start()
    try:
        copy_installation(there, here, note)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < number * size / 1.5
    total = number + 34
    assert [each for each in progress if each[0] == "copying models"][-1] == ("copying models", total, total)
    assert [each for each in progress if each[0] == "checking models"][-1] == ("checking models", total, total)

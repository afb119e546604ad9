import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from callsheet.domain.errors import ConflictError, StorageError
from callsheet.storage.store import Store
from callsheet.storage.watch import Watch
from tests.storage.files import NOW, make_database, url_of
from tests.storage.others import execute

#: Longer than any change takes to be noticed, in seconds.
LONG = 30.0


@pytest.fixture
def file(tmp_path: Path) -> Store:
    """A database that is a file."""
    return make_database(tmp_path / "callsheet.db")


def record(store: Store) -> None:
    with store.write("test", NOW) as writing:
        writing.record("add", "model", "a", None, None)


def test_a_watch_tells_at_first_and_then_only_what_others_write(store: Store) -> None:
    with store.watch() as watch:
        assert watch.changed(0)
        assert not watch.changed(0)
        record(store)
        assert noticed(watch)
        assert not watch.changed(0)
        execute(store, "UPDATE installation SET revision = 99")
        assert noticed(watch)
        assert not watch.changed(0)


def noticed(watch: Watch) -> bool:
    """Wait for a change as those do who watch: again and again for a moment."""
    end = time.monotonic() + LONG
    while time.monotonic() < end:
        if watch.changed(0.05):
            return True
    return False


def test_reading_is_no_change(store: Store) -> None:
    with store.watch() as watch:
        watch.changed(0)
        with store.read() as reading:
            list(reading.models())
        assert not watch.changed(0.2)


def test_a_write_taken_back_is_no_change(store: Store) -> None:
    with store.watch() as watch:
        watch.changed(0)
        with suppress(ConflictError), store.write("test", NOW) as writing:
            writing.record("add", "model", "a", None, None)
            raise ConflictError("Never mind.")
        assert not watch.changed(0.2)


def test_a_watch_waits_no_longer_when_woken_and_says_when_it_last_had_an_answer(store: Store) -> None:
    with store.watch() as watch, ThreadPoolExecutor(1) as pool:
        begun = time.monotonic()
        watch.changed(0)
        assert begun <= watch.answered_at <= time.monotonic()
        assert watch.polls == 1
        waiting = pool.submit(watch.changed, LONG)
        assert not waiting.done()
        watch.wake()
        assert waiting.result(LONG / 2) is False
        watch.wake()  # before it waits
        assert pool.submit(watch.changed, LONG).result(LONG / 2) is False
    watch.wake()  # by somebody who comes late


def test_a_file_that_was_moved_away_is_told_and_not_made_anew(file: Store) -> None:
    path = Path(file.place)
    sentence = f"The database {path} is not there; put it back, or name another with --database."
    with file.watch() as watch:
        watch.changed(0)
        away = path.rename(path.with_name("away.db"))
        with pytest.raises(StorageError) as refusal:
            watch.changed(0)
        assert str(refusal.value) == sentence
        with pytest.raises(StorageError) as refusal:
            file.watch()
        assert str(refusal.value) == sentence
        assert not path.exists()
        away.rename(path)
        assert not watch.changed(0)
        record(file)
        assert watch.changed(0)


def test_another_file_in_its_place_is_a_change_and_is_watched_from_then_on(file: Store, tmp_path: Path) -> None:
    other = make_database(tmp_path / "other.db")
    with file.watch() as watch:
        watch.changed(0)
        Path(other.place).replace(file.place)
        assert watch.changed(0)
        assert not watch.changed(0)
        record(Store(url_of(Path(file.place))))
        assert watch.changed(0)


def test_what_has_changed_can_be_read_on_the_connection_that_noticed_it(store: Store) -> None:
    with store.watch() as watch:
        for _ in range(3):
            assert noticed(watch)
            record(store)
            with store.read(watch) as reading:
                before = reading.installation()
                record(store)
                assert reading.installation() == before, "it is of one moment"
            with store.read() as reading:
                assert reading.installation() != before


def test_reading_on_it_is_no_change_and_hides_none(store: Store) -> None:
    with store.watch() as watch:
        watch.changed(0)
        with store.read(watch) as reading:
            list(reading.models())
        assert not watch.changed(0.2)
        with suppress(ConflictError), store.read(watch):
            record(store)
            raise ConflictError("Never mind.")
        assert noticed(watch)
        with store.read(watch) as reading:
            assert [each.subject for each in reading.recorded_from(1, 0)][-1] == "a"

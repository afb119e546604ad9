from pathlib import Path

import pytest

from callsheet.domain.errors import StorageError
from callsheet.storage.store import Store
from callsheet.storage.watch import Watch
from tests.storage.files import NOW, execute, make_database, url_of


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_database(tmp_path / "callsheet.db")


def record(store: Store) -> None:
    with store.write("test", NOW) as writing:
        writing.record("add", "model", "a", None, None)


def test_a_watch_tells_at_first_and_then_only_what_others_write(store: Store) -> None:
    with Watch(store) as watch:
        assert watch.changed()
        assert not watch.changed()
        record(store)
        assert watch.changed()
        assert not watch.changed()
        execute(Path(store.place), "UPDATE installation SET revision = 99")
        assert watch.changed()


def test_reading_is_no_change(store: Store) -> None:
    with Watch(store) as watch:
        watch.changed()
        with store.read() as reading:
            list(reading.models())
        assert not watch.changed()


def test_a_file_that_was_moved_away_is_told_and_not_made_anew(store: Store) -> None:
    path = Path(store.place)
    sentence = f"The database {path} is not there; put it back, or name another with --database."
    with Watch(store) as watch:
        watch.changed()
        away = path.rename(path.with_name("away.db"))
        with pytest.raises(StorageError) as refusal:
            watch.changed()
        assert str(refusal.value) == sentence
        with pytest.raises(StorageError) as refusal:
            Watch(store)
        assert str(refusal.value) == sentence
        assert not path.exists()
        away.rename(path)
        assert not watch.changed()
        record(store)
        assert watch.changed()


def test_another_file_in_its_place_is_a_change_and_is_watched_from_then_on(store: Store, tmp_path: Path) -> None:
    other = make_database(tmp_path / "other.db")
    with Watch(store) as watch:
        watch.changed()
        Path(other.place).replace(store.place)
        assert watch.changed()
        assert not watch.changed()
        record(Store(url_of(Path(store.place))))
        assert watch.changed()

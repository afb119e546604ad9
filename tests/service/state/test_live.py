"""The watch: a State follows its database, and outlives it."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final

import pytest

from callsheet.api.state import Options
from callsheet.domain.errors import CorruptDatabaseError, ForeignDatabaseError, StorageError
from callsheet.service.catalog import CatalogService
from callsheet.service.clock import SYSTEM_CLOCK
from callsheet.service.maintenance.backup import back_up
from callsheet.service.maintenance.restore import restore
from callsheet.service.setup import open_existing, open_store
from callsheet.service.state.live import LiveState
from callsheet.storage.store import Store
from tests.installation import Installation, again_on_postgresql, make_model, now, on_both
from tests.program import wait_for
from tests.storage.others import execute


@contextmanager
def watching(installation: Installation, **options: Any) -> Iterator[LiveState]:
    """A State that watches as often as the server does unless told otherwise."""
    live = LiveState(installation.store, Options(), **options)
    live.start()
    try:
        yield live
    finally:
        live.stop()


#: One poll may be under way when a change is committed, one sees it, and one may follow before this looks.
FEW_POLLS: Final = 3


def polls_until_seen(live: LiveState, model_id: str) -> int:
    """How often the database is asked until a model that has been added is there."""
    before = live.follower.stats.polls
    wait_for(lambda: live.current.catalog.get(model_id) is not None, model_id)
    return live.follower.stats.polls - before


@on_both
def test_a_change_of_another_connection_is_seen_at_the_next_poll(installation: Installation) -> None:
    other = CatalogService(Store(installation.url), "other", now)
    polls = []
    with watching(installation) as live:
        for number in range(5):
            other.add(make_model(f"new-{number}"))
            polls.append(polls_until_seen(live, f"new-{number}"))
    assert median(polls) <= FEW_POLLS  # a busy machine may be late once


PROGRAM = """
import sys, time
from tests.installation import Installation, make_model
installation = Installation(sys.argv[1])
for number in range(5):
    sys.stdin.readline()
    installation.add(make_model(f"new-{number}"))
    print(number, flush=True)
"""


@on_both
def test_a_change_of_another_process_is_seen_at_the_next_poll(installation: Installation) -> None:
    polls = []
    with (
        watching(installation) as live,
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, installation.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(5):
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == f"{number}\n"
            polls.append(polls_until_seen(live, f"new-{number}"))
    assert median(polls) <= FEW_POLLS


def test_a_write_taken_back_moves_nothing(installation: Installation) -> None:
    with watching(installation) as live:
        before = live.current
        with closing(sqlite3.connect(installation.store.display_name, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("UPDATE installation SET revision = 99")
            connection.execute("ROLLBACK")
        installation.add(make_model("marker"))
        wait_for(lambda: live.current.catalog.get("marker") is not None)
        assert live.current.revision == before.revision + 1


@again_on_postgresql
def test_the_age_is_that_of_the_last_look(installation: Installation) -> None:
    live = installation.live()
    assert 0 <= live.age < 10
    wait_for(lambda: live.age > 0.05)
    live.refresh()
    assert live.age < 10


def away(installation: Installation) -> Path:
    """Move the database out of reach; return where it is now."""
    path = Path(installation.store.display_name)
    return path.rename(path.with_name("away.db"))


def test_a_database_moved_away_leaves_the_state_and_nothing_in_its_place(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    with watching(installation) as live:
        before = live.current
        path = Path(installation.store.display_name)
        moved = away(installation)
        wait_for(lambda: "is not there" in caplog.text)
        for message in caplog.messages:  # of a look in the very moment, also that the file is empty
            assert message.startswith(f"The database {path} ")
            assert message.endswith(f". Answers come from revision {before.revision}.")
        assert live.current is before
        assert not path.exists()
        aged = live.age
        wait_for(lambda: live.age > aged)

        moved.rename(path)
        installation.add(make_model("after"))
        wait_for(lambda: live.current.catalog.get("after") is not None)
        wait_for(lambda: live.age < 0.2)


def test_an_outage_is_told_once_and_so_is_its_end(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="callsheet")
    with watching(installation) as live:
        moved = away(installation)
        wait_for(lambda: live.age > 2.5)  # long enough to have looked again and again
        told = caplog.messages.copy()  # of a look in the very moment, also that the file could not be read
        assert 1 <= len(told) == len(set(told)) <= 2
        moved.rename(installation.store.display_name)
        wait_for(lambda: len(caplog.messages) > len(told))
    assert [record.levelname for record in caplog.records] == ["ERROR"] * len(told) + ["INFO"]
    assert caplog.messages[-1] == f"The database answers again, at revision {live.current.revision}."


def test_a_damaged_database_leaves_the_state_until_it_is_whole_again(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    path = Path(installation.store.display_name)
    spoiled, whole = path.with_name("spoiled.db"), path.with_name("whole.db")
    shutil.copy(path, whole)
    spoiled.write_bytes(path.read_bytes()[:4096] + os.urandom(100_000))
    with watching(installation) as live:
        before = live.current
        spoiled.replace(path)
        wait_for(lambda: bool(caplog.records))
        assert live.current is before
        whole.replace(path)
        installation.add(make_model("after"))
        wait_for(lambda: live.current.catalog.get("after") is not None)


def test_another_installation_in_the_place_of_the_database_is_not_followed_until_a_restart(
    installation: Installation, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = Path(installation.store.display_name)
    other = Path(open_store(f"sqlite:///{tmp_path / 'other.db'}", now).display_name)
    with watching(installation) as live:
        mine = live.current
        wait_for(lambda: live.follower.stats.polls > 0)
        aside = path.rename(tmp_path / "aside.db")
        other.replace(path)
        wait_for(lambda: isinstance(live.follower.outage.cause, ForeignDatabaseError))
        theirs = Installation(installation.url).live().current  # as after a restart
        assert live.current is mine
        said = next(message for message in caplog.messages if "another installation" in message)
        assert f"(organization {theirs.organization_id})" in said
        assert f"(organization {mine.organization_id})" in said
        path.rename(other)
        aside.rename(path)
        installation.add(make_model("after"))
        wait_for(lambda: live.current.catalog.get("after") is not None)
        wait_for(lambda: live.is_followed)


@again_on_postgresql
def test_a_revision_that_was_set_back_is_followed_and_said_until_its_change_is_there_again(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="callsheet")
    installation.add(make_model("late"))
    with watching(installation) as live:
        before = live.current.revision
        execute(installation.store, f"UPDATE installation SET revision = {before - 1}")
        wait_for(lambda: live.lineage.lost is not None)
        wait_for(lambda: live.current.revision == before - 1)
        assert live.lineage.regressions == 1
        assert f"it is at revision {before - 1}, and this server had read revision {before}, " in caplog.text
        execute(installation.store, f"UPDATE installation SET revision = {before}")
        wait_for(lambda: live.lineage.lost is None)
        assert f"holds the change of revision {before} again." in caplog.text


@again_on_postgresql
def test_what_is_lost_stays_lost_when_another_change_takes_its_number(installation: Installation) -> None:
    installation.add(make_model("late"))
    with watching(installation) as live:
        before = live.current.revision
        execute(installation.store, f"UPDATE installation SET revision = {before - 1}")
        wait_for(lambda: live.lineage.lost is not None)
        installation.key()
        wait_for(lambda: len(live.current.keyring) == 1)
        assert live.current.revision == before
        assert live.lineage.lost is not None


@on_both
def test_a_restore_is_followed_and_said_and_is_no_loss(
    installation: Installation, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="callsheet")
    back_up(installation.store, tmp_path / "backup.db", lambda *_: None)
    installation.add(make_model("late"))
    with watching(installation) as live:
        restore(tmp_path / "backup.db", installation.store, "test", now, lambda *_: None, replace=True)
        wait_for(lambda: live.current.catalog.get("late") is None)
        assert (live.lineage.lost, live.lineage.regressions) == (None, 0)
        assert " was restored; revision 3 is served in place of revision 2." in caplog.text


@again_on_postgresql
def test_a_restore_is_no_loss_where_the_last_change_was_dated_by_a_clock_that_is_ahead(
    installation: Installation, tmp_path: Path
) -> None:
    back_up(installation.store, tmp_path / "backup.db", lambda *_: None)
    ahead = CatalogService(installation.store, "test", lambda: now() + timedelta(minutes=5))
    ahead.add(make_model("late"))
    with watching(installation) as live:
        restore(tmp_path / "backup.db", installation.store, "test", now, lambda *_: None, replace=True)
        wait_for(lambda: live.current.catalog.get("late") is None)
        assert (live.lineage.lost, live.lineage.regressions) == (None, 0)


@again_on_postgresql
def test_a_restore_is_no_loss_where_a_change_was_made_while_it_waited(
    installation: Installation, tmp_path: Path
) -> None:
    back_up(installation.store, tmp_path / "backup.db", lambda *_: None)
    with watching(installation) as live:
        times = [now()]  # when the command begins; somebody else is quicker

        def clock() -> datetime:
            return times.pop() if times else now()

        installation.add(make_model("late"))
        wait_for(lambda: live.current.catalog.get("late") is not None)
        restore(tmp_path / "backup.db", installation.store, "test", clock, lambda *_: None, replace=True)
        wait_for(lambda: live.current.catalog.get("late") is None)
        assert (live.lineage.lost, live.lineage.regressions) == (None, 0)


@again_on_postgresql
def test_a_database_that_has_lost_whose_it_is_is_damaged_and_nothing_is_set_up_over_it(
    installation: Installation,
) -> None:
    with watching(installation) as live:
        before = live.current
        execute(installation.store, "DELETE FROM installation")
        wait_for(lambda: isinstance(live.follower.outage.cause, CorruptDatabaseError))
        assert live.current is before
    with pytest.raises(CorruptDatabaseError, match="has lost the row of its table installation"):
        open_existing(installation.url)
    with pytest.raises(CorruptDatabaseError, match="has lost the row of its table installation"):
        open_store(installation.url, now)


def test_refreshing_without_a_database_is_refused_and_the_state_stays(installation: Installation) -> None:
    live = installation.live()
    before = live.current
    with closing(sqlite3.connect(installation.store.display_name)) as connection:
        connection.execute("ALTER TABLE models RENAME TO elsewhere")
    with pytest.raises(StorageError, match="lacks a table"):
        installation.live()
    installation.key()
    live.refresh()  # no model has changed, so none is read
    assert len(live.current.keyring) == 1
    with closing(sqlite3.connect(installation.store.display_name)) as connection:
        connection.execute("DROP TABLE installation")
    known = live.current
    with pytest.raises(StorageError, match="lacks a table"):
        live.refresh()
    assert live.current is known is not before


def test_a_database_that_was_never_set_up_cannot_be_loaded(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'callsheet.db'}")
    store.prepare()
    with pytest.raises(StorageError) as refusal:
        LiveState(store, Options())
    assert str(refusal.value) == "The database has not been set up; let a migration or a server do that."


@again_on_postgresql
def test_the_watch_starts_once_stops_and_starts_again(installation: Installation) -> None:
    def watchers() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "callsheet-watch"]

    others = watchers()
    live = installation.live()
    assert watchers() == others  # loading starts nothing
    live.start()
    live.start()
    assert len(watchers()) == len(others) + 1
    live.stop()
    live.stop()
    assert watchers() == others
    live.start()
    installation.add(make_model("after"))
    wait_for(lambda: live.current.catalog.get("after") is not None)
    live.stop()


@again_on_postgresql
def test_a_change_is_dated_by_the_clock_the_service_is_given(installation: Installation) -> None:
    moment = datetime.fromisoformat("2030-01-01T00:00:00+00:00")
    CatalogService(installation.store, "test", lambda: moment).hide("claude-opus-5")
    assert installation.history.list("claude-opus-5")[0].at == "2030-01-01T00:00:00Z"


def test_the_age_of_the_state_is_by_the_clock_it_is_given(installation: Installation) -> None:
    passed = [0.0]
    clock = SYSTEM_CLOCK._replace(monotonic=lambda: time.monotonic() + passed[0])
    live = LiveState(installation.store, Options(), clock=clock)
    assert live.is_followed
    passed[0] = 3600.0
    assert 3600 <= live.age < 3660
    assert not live.is_followed


def test_what_nobody_asks_for_is_let_go_after_a_while(installation: Installation) -> None:
    with watching(installation, idle_seconds=0.01) as live:
        state = live.current
        view = state.view(state.workspaces[state.default_workspace_id])
        before = view.retrieve("claude-opus-5")
        wait_for(lambda: not state.views._views)
        again = state.view(state.workspaces[state.default_workspace_id])
        assert again is not view
        assert again.retrieve("claude-opus-5") == before

"""Watching PostgreSQL: notifications are heard, and their absence harms nobody."""

import os
import resource
from contextlib import ExitStack
from pathlib import Path

import pytest

from callsheet.domain.errors import StorageUnavailableError
from callsheet.storage.postgresql.watch import PostgreSQLWatch
from callsheet.storage.store import Store
from tests.postgres import Databases, Server, ask, execute
from tests.program import wait_for
from tests.storage.files import NOW
from tests.storage.postgresql.test_refusals import end_connections

#: Longer than any change takes to be noticed, in seconds.
LONG = 30.0

UNTOLD = "UPDATE installation SET revision = revision + 1"


@pytest.fixture
def url(postgres: Databases, postgres_template: str) -> str:
    """A database set up."""
    return postgres.make(postgres_template)


def record(url: str) -> None:
    with Store(url).write("test", NOW) as writing:
        writing.record("add", "model", "a", None, None)


def test_a_change_is_notified_and_ends_the_waiting(url: str) -> None:
    with Store(url).watch() as watch:
        assert watch.changed(0)
        for number in range(1, 4):
            record(url)
            assert watch.changed(LONG)  # else it would have been False, after as long
            assert watch.notifications == number
        assert watch.polls == 4


def test_a_change_that_is_notified_while_the_connection_reads_is_not_waited_for(url: str) -> None:
    with Store(url).watch() as watch:
        watch.changed(0)
        for _ in range(3):
            with Store(url).read(watch) as reading:
                reading.installation()
                record(url)
            assert watch.changed(LONG)  # else it would have been False, after as long
        assert not watch.changed(0)


def test_the_notification_names_the_revision_and_comes_with_the_commit(url: str) -> None:
    with Store(url).watch() as watch:
        heard: list[str] = []
        assert isinstance(watch, PostgreSQLWatch)
        watch._raw.add_notify_handler(lambda notification: heard.append(notification.payload))
        watch.changed(0)
        with Store(url).write("test", NOW) as writing:
            writing.record("add", "model", "a", None, None)
            writing.record("add", "model", "b", None, None)
            installation = writing.installation()
            assert not watch.changed(0.2)
        assert watch.changed(LONG)
        assert installation is not None
        assert heard == [str(installation.revision)]


def test_a_change_that_nobody_told_of_is_found_after_the_next_wait(url: str) -> None:
    with Store(url).watch() as watch:
        watch.changed(0)
        assert not watch.changed(0.01)
        for _ in range(3):
            execute(url, UNTOLD)
            assert watch.changed(0.01)
        assert watch.notifications == 0
        record(url)
        assert watch.changed(LONG)
        assert watch.notifications == 1


def test_a_connection_that_was_ended_is_told_and_another_watch_notices_what_came_between(
    url: str, postgres: Databases, caplog: pytest.LogCaptureFixture
) -> None:
    with Store(url).watch() as watch:
        watch.changed(0)
        end_connections(postgres.url, url)
        with pytest.raises(StorageUnavailableError, match=r"closed the connection; try again in a moment\.$"):
            watch.changed(LONG)
    record(url)
    with Store(url).watch() as watch:
        assert watch.changed(0)
    assert caplog.messages == []


def test_a_server_that_stopped_cannot_be_watched_until_it_is_back() -> None:
    with Server() as server:
        store = Store(server.url)
        store.prepare()
        with store.watch() as watch:
            watch.changed(0)
            server.stop()
            with pytest.raises(StorageUnavailableError):
                watch.changed(LONG)
            with pytest.raises(StorageUnavailableError, match="nothing answers there"):
                store.watch()
            server.start()
        with store.watch() as watch:
            assert watch.changed(0)


def test_a_process_with_thousands_of_open_files_can_watch(url: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    with ExitStack() as files:
        files.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1100):
            files.enter_context(Path(os.devnull).open("rb"))
        with Store(url).watch() as watch:
            watch.changed(0)
            record(url)
            assert watch.changed(LONG)


def test_a_closed_watch_leaves_no_connection(url: str, postgres: Databases) -> None:
    with Store(url).watch() as watch:
        watch.changed(0)
        wait_for(lambda: connections(postgres, url) == 1, "the end of the connections before")
    wait_for(lambda: connections(postgres, url) == 0, "the end of the connection of the watch")


def connections(postgres: Databases, url: str) -> int:
    name = url.rpartition("/")[2]
    query = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND application_name = 'callsheet'"
    return int(ask(postgres.url, query)[0][0])


def test_what_could_not_be_read_is_found_again(url: str) -> None:
    with Store(url).watch() as watch:
        watch.changed(0)
        record(url)
        assert watch.changed(LONG)
        with Store(url).read() as reading:
            installation = reading.installation()
        assert installation is not None
        assert watch.revision == installation.revision
        assert not watch.changed(0)
        watch.forget()
        assert watch.changed(0)

"""A State whose database is away: from the start, for a while, and how it goes on afterwards."""

import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from callsheet.api.answer import answer
from callsheet.api.request import Request
from callsheet.api.state import Options
from callsheet.domain.errors import ForeignDatabaseError, StateFileError, StorageUnavailableError
from callsheet.service.setup import set_up
from callsheet.service.state.backoff import MAX_WAIT_SECONDS
from callsheet.service.state.file import StateFile
from callsheet.service.state.live import LiveState
from callsheet.storage.store import Store
from tests.installation import KINDS, Installation, make_model, now
from tests.outages import Outages, outages
from tests.postgres import Server
from tests.program import wait_for
from tests.service.seen import everything
from tests.tiers import first

#: How many attempts may fail after the return of a database: the one that was under way.
UNDER_WAY = 1


@pytest.fixture(params=first(KINDS))
def away(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outages]:
    """An installation whose database can be taken away."""
    with outages(request.param, tmp_path) as made:
        yield made


class Replica:
    """A State as a server has it, with a state file, and closed at the end."""

    def __init__(self, url: str, path: Path | None = None) -> None:
        self.store = Store(url)
        self.file = None if path is None else StateFile(path, self.store.canonical_address)
        self.live = LiveState(
            self.store, Options(), prepare=partial(set_up, self.store, now, self.file), state_file=self.file
        )

    def __enter__(self) -> LiveState:
        self.live.start()
        return self.live

    def __exit__(self, *_: object) -> None:
        self.live.stop()


def held(file: StateFile) -> object:
    """Everything in a state file; None if it cannot be read."""
    try:
        saved = file.read(Options())
    except StateFileError:
        return None
    return None if saved is None else everything(saved.state)


def ask(live: LiveState, secret: str, target: bytes = b"/v1/models?limit=1", **headers: str) -> tuple[int, bytes]:
    """Status and body of one request."""
    sent = headers or {"x-api-key": secret, "anthropic-version": "2023-06-01"}
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()]
    path, _, query = target.partition(b"?")
    response = answer(live.current, Request("GET", path, query, pairs, time.time(), "req_1"))
    return response.status, response.body


def test_a_start_with_the_database_away_answers_from_the_state_file(
    away: Outages, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = away.installation.key()
    with Replica(away.url, tmp_path / "state") as live:
        before = everything(live.current)
    away.begin()
    with Replica(away.url, tmp_path / "state") as live:
        assert everything(live.current) == before
        assert (live.has_state, live.is_followed, live.follower.outage.is_away) == (True, False, True)
        assert ask(live, secret)[0] == 200
        told = caplog.messages[0]
        assert f" Answers come from revision {live.current.revision} in {tmp_path}/state, true " in told
        assert live.age < 60
        views, catalog = live.current.views, live.current.catalog
        away.end()
        failures = live.follower.stats.failures
        away.installation.access.disable_key("test")
        wait_for(lambda: ask(live, secret)[0] == 401, "the disabled key")
        assert live.follower.stats.failures - failures <= UNDER_WAY
        assert (live.is_followed, live.follower.outage.is_away) == (True, False)
        assert live.current.views is views
        assert live.current.catalog is catalog  # only what has changed was read


def test_the_age_of_a_saved_state_is_since_it_was_known_to_be_true(away: Outages, tmp_path: Path) -> None:
    with Replica(away.url, tmp_path / "state"):
        pass
    file = StateFile(tmp_path / "state", Store(away.url).canonical_address)
    file.touch(time.time() - 1000)
    away.begin()
    with Replica(away.url, tmp_path / "state") as live:
        assert 1000 <= live.age < 1100
    saved = file.read(Options())
    assert saved is not None
    assert 1000 <= time.time() - saved.known_at < 1100  # it has not become truer since
    file.touch(time.time() + 1000)  # as if the clock had been set back
    with Replica(away.url, tmp_path / "state") as live:
        assert 0 <= live.age < 100
    away.end()


@pytest.mark.parametrize("away", KINDS, indirect=True)
def test_an_outage_leaves_the_state_and_ends_with_the_first_attempt_after_the_return(
    away: Outages, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="callsheet")
    with Replica(away.url) as live:
        before = live.current
        away.begin()
        wait_for(lambda: live.follower.outage.is_away, "the outage")
        wait_for(lambda: live.follower.stats.failures > 5, "some attempts")
        assert live.current is before
        assert (live.has_state, live.is_followed) == (True, False)
        away.end()
        failures, aged = live.follower.stats.failures, live.age
        away.installation.add(make_model("after"))
        wait_for(lambda: live.current.catalog.get("after") is not None, "the change")
        assert live.follower.stats.failures - failures <= UNDER_WAY
        wait_for(lambda: live.is_followed, "the end of the outage")
        wait_for(lambda: live.age < aged, "what it knows to be new")
    assert MAX_WAIT_SECONDS <= 1.0  # the wait before that attempt, in seconds
    levels = [record.levelname for record in caplog.records]
    assert levels.count("INFO") == 1
    assert len(levels) == len(set(caplog.messages))  # each cause once: PostgreSQL says that it stops, then is gone
    assert caplog.messages[-1].startswith("The database answers again, at revision ")


def test_a_key_ends_by_the_clock_while_the_database_is_away(away: Outages) -> None:
    secret = away.installation.key(expires_at=now() + timedelta(seconds=2))
    with Replica(away.url) as live:
        away.begin()
        assert ask(live, secret)[0] == 200
        wait_for(lambda: ask(live, secret)[0] == 401, "the end of the key")
        assert b"API key has expired." in ask(live, secret)[1]
        away.end()


@pytest.fixture
def stopped() -> Iterator[Server]:
    """A PostgreSQL server that does not run, with a database nothing has been made in."""
    with Server() as server:
        server.stop()
        yield server


def test_without_a_state_file_callers_are_asked_to_come_again_until_the_database_is_there(
    stopped: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loaded: list[int] = []
    with Replica(stopped.url, tmp_path / "state") as live:  # there is none yet
        live.on_first_state = lambda: loaded.append(live.current.revision)
        assert not live.has_state
        assert live.follower.outage.is_away
        status, body = ask(live, "sk-anything")
        assert (status, b'"overloaded_error","message":"Overloaded"' in body) == (529, True)
        status, body = ask(live, "", authorization="Bearer sk-anything")
        assert (status, b'{"error":{"message":"Overloaded"' in body) == (529, True)
        assert ask(live, "", anthropic_version="2023-06-01")[0] == 401  # nobody asks, whatever is known
        assert ask(live, "sk-anything", b"/nothing")[0] == 404
        assert caplog.messages[0].endswith(" Until it can be used, callers get 529 and are asked to try again.")
        stopped.start()
        wait_for(lambda: live.has_state, "a State")
        wait_for(lambda: live.is_followed, "the end of the outage")
        assert ask(live, "sk-anything")[0] == 401
        assert loaded == [1]
        assert len(live.current.catalog) > 30  # it has been set up
    saved = StateFile(tmp_path / "state", Store(stopped.url).canonical_address).read(Options())
    assert saved is not None
    assert everything(saved.state) == everything(live.current)


def test_a_state_that_is_not_told_to_wait_does_not(stopped: Server) -> None:
    with pytest.raises(StorageUnavailableError):
        LiveState(Store(stopped.url), Options())


@pytest.mark.parametrize("what", ["damaged", "of another database"])
def test_a_state_file_that_is_refused_is_told_and_is_as_none(
    away: Outages, tmp_path: Path, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    path, address = tmp_path / "state", Store(away.url).canonical_address
    file = StateFile(path, address if what == "damaged" else "/elsewhere")
    file.write(away.installation.live().current, time.time(), throttle=lambda _: None)
    if what == "damaged":
        path.write_bytes(path.read_bytes()[:-1])
    away.begin()
    with Replica(away.url, path) as live:
        assert not live.has_state
        assert f"The state file {path} is {what}" in " ".join(caplog.messages)
        away.end()
        wait_for(lambda: live.has_state, "a State")
        expected = everything(live.current)
        wait_for(lambda: held(StateFile(path, address)) == expected, "a new file")


def test_the_saved_state_of_another_installation_is_kept_until_a_restart_finds_the_database_there(
    stopped: Server, tmp_path: Path, installation: Installation
) -> None:
    path, address = tmp_path / "state", Store(stopped.url).canonical_address
    other = installation.live().current
    StateFile(path, address).write(other, time.time(), throttle=lambda _: None)
    stopped.start()
    open_at_first = Store(stopped.url)
    path_aside = path.rename(tmp_path / "aside")
    set_up(open_at_first, now)
    stopped.stop()
    path_aside.rename(path)
    with Replica(stopped.url, path) as live:
        assert live.current.organization_id == other.organization_id
        stopped.start()
        wait_for(lambda: isinstance(live.follower.outage.cause, ForeignDatabaseError), "the database")
        assert live.current.organization_id == other.organization_id
    with Replica(stopped.url, path) as live:
        assert live.current.organization_id != other.organization_id
        wait_for(lambda: StateFile(path, address).holds(live.current), "a new file")


@pytest.mark.parametrize("what", ["good", "damaged", "of another database"])
@pytest.mark.parametrize("kind", first(KINDS))
def test_where_a_state_was_saved_no_new_database_is_made(
    kind: str, what: str, tmp_path: Path, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    url = request.getfixturevalue("postgres").make() if kind == "postgresql" else f"sqlite:///{tmp_path}/lost.db"
    path = tmp_path / "state"
    store = Store(url)
    installation: Any = request.getfixturevalue("installation")
    file = StateFile(path, "/elsewhere" if what == "of another database" else store.canonical_address)
    file.write(installation.live().current, time.time(), throttle=lambda _: None)
    if what == "damaged":
        path.write_bytes(path.read_bytes()[:-1])
    with Replica(url, path) as live:
        assert live.has_state == (what == "good")
        assert live.follower.outage.is_away
        assert (
            f"The database {store.display_name} is missing or empty, but {path} holds what was served before; "
            in (" ".join(caplog.messages))
        )
        wait_for(lambda: live.follower.stats.failures > 2, "some attempts")
    assert store.is_empty()
    path.unlink()
    with Replica(url, path) as live:
        assert live.is_followed


def test_a_change_is_saved_while_it_runs_and_the_last_one_when_it_stops(
    installation: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "state"
    with Replica(installation.url, path) as live:
        file = StateFile(path, live._store.canonical_address)
        wait_for(lambda: file.holds(live.current), "the first State in the file")
        installation.add(make_model("one"))
        wait_for(lambda: live.current.catalog.get("one") is not None, "the change")
        wait_for(lambda: file.holds(live.current), "the change in the file")
        installation.add(make_model("two"))
        wait_for(lambda: live.current.catalog.get("two") is not None, "the change")
    assert file.holds(live.current)


def test_the_file_tells_for_how_long_its_state_was_true(installation: Installation, tmp_path: Path) -> None:
    path = tmp_path / "state"
    with Replica(installation.url, path):
        wait_for(path.exists, "the file")
        path.write_bytes(path.read_bytes())
        written = path.stat().st_ino
        file = StateFile(path, installation.store.canonical_address)
        file.touch(1)
    assert time.time() - path.stat().st_mtime < 30  # it was touched at the stop
    assert path.stat().st_ino == written  # and not written again


def test_a_file_that_was_damaged_while_nobody_served_is_written_anew(
    installation: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "state"
    with Replica(installation.url, path) as live:
        expected = everything(live.current)
    path.write_bytes(path.read_bytes()[:-1])  # its first line says all the same what it holds
    file = StateFile(path, installation.store.canonical_address)
    assert held(file) is None
    with Replica(installation.url, path):
        wait_for(lambda: held(file) == expected, "a new file")


def test_a_file_that_was_removed_is_made_again(installation: Installation, tmp_path: Path) -> None:
    path = tmp_path / "state"
    with Replica(installation.url, path) as live:
        wait_for(path.exists, "the file")
        path.unlink()
        wait_for(path.exists, "the file, again")
        assert StateFile(path, installation.store.canonical_address).holds(live.current)


def test_a_file_that_cannot_be_written_is_told_once_and_nothing_else_suffers(
    installation: Installation, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Replica(installation.url, tmp_path / "missing" / "state") as live:
        wait_for(lambda: bool(caplog.messages), "the complaint")
        installation.add(make_model("new"))
        wait_for(lambda: live.current.catalog.get("new") is not None, "the change")
    [message] = caplog.messages
    assert message == (
        f"The state cannot be saved: The folder {tmp_path}/missing does not exist; create it, or name another file."
    )

"""The schedule of a server: what is due runs, once in a fleet, and nothing waits for it."""

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from callsheet.domain.changes.change import Action, Change
from callsheet.domain.errors import StorageError
from callsheet.domain.sources.source import SourceRecord
from callsheet.http.metrics.families import Series, render
from callsheet.http.metrics.sources import source_figures
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.sync.due import is_due
from callsheet.service.sync.schedule import Schedule
from callsheet.sources import openai
from callsheet.storage.store import Store
from tests.broken.serving import serve_silence
from tests.installation import KINDS, Installation, on_both
from tests.outages import outages
from tests.program import wait_for
from tests.service.sync.site import Site
from tests.service.sync.upstream import Upstream, serve_upstream
from tests.tiers import first


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serve_upstream() as serving:
        serving.lists("alpha", "beta")
        yield serving


@pytest.fixture
def site(empty: Installation, upstream: Upstream) -> Site:
    return Site(empty, upstream, every_seconds=10)


@contextmanager
def scheduled(site: Site, *, replicas: int = 1, **options: Any) -> Iterator[list[Schedule]]:
    """Servers that run what is due, by the clock of the site."""
    clock = Clock(lambda: site.clock.now.timestamp(), SYSTEM_CLOCK.monotonic, SYSTEM_CLOCK.perf_counter)
    with ExitStack() as stack:
        made = []
        for _ in range(replicas):
            schedule = Schedule(
                Store(site.installation.url), clock, lambda: site.revision, tick_seconds=0.01, **options
            )
            schedule.start()
            stack.callback(schedule.stop)
            made.append(schedule)
        yield made


def ended(schedules: list[Schedule]) -> int:
    """How many runs ended, in all processes."""
    return sum(sum(schedule.outcomes.values()) for schedule in schedules)


def wait_until_ended(schedules: list[Schedule], runs: int) -> None:
    wait_for(lambda: ended(schedules) == runs, f"the end of run {runs}")


@on_both
def test_what_is_due_runs_by_itself_and_again_when_it_is_due_again(site: Site, upstream: Upstream) -> None:
    """https://github.com/diegosouzapw/OmniRoute/issues/5444, https://github.com/maximhq/bifrost/issues/5552."""
    with scheduled(site) as schedules:
        wait_for(lambda: "alpha" in site.models(), "the first run")
        upstream.lists("alpha", "beta", "gamma")
        wait_until_ended(schedules, 1)
        assert "gamma" not in site.models()
        site.clock.passes(minutes=1)
        wait_for(lambda: "gamma" in site.models(), "the second run")


@on_both
def test_of_two_replicas_one_runs_a_source_at_a_time(site: Site, upstream: Upstream) -> None:
    with scheduled(site, replicas=2) as schedules:
        for number in range(1, 6):
            wait_until_ended(schedules, number)
            assert len(upstream.asked) == number
            site.clock.passes(
                seconds=12
            )  # far less than a lease lasts, which begins before the database is waited for


def test_a_source_that_hangs_keeps_no_other_from_running(site: Site, upstream: Upstream) -> None:
    with serve_silence() as url:
        site.add("silent", url=url)
        with scheduled(site):
            wait_for(lambda: "alpha" in site.models())


def test_a_stop_does_not_wait_for_an_upstream(site: Site) -> None:
    with serve_silence() as url:
        site.sources.change("gateway", {"url": url})
        with scheduled(site) as schedules:
            wait_for(lambda: site.source.state.lease_holder is not None, "the lease")
            wait_for(lambda: any(thread.name == "callsheet-source-gateway" for thread in threading.enumerate()))
            schedules[0].stop()
            assert not any(thread.name == "callsheet-source-gateway" for thread in threading.enumerate())
        assert site.source.state.lease_holder is None
        assert site.source.state.failures == 0


def test_a_server_that_is_not_to_run_sources_only_says_how_they_are(site: Site, upstream: Upstream) -> None:
    with scheduled(site, runs=False) as schedules:
        wait_for(lambda: schedules[0].statuses)
        assert [status.name for status in schedules[0].statuses] == ["gateway"]
    assert not upstream.asked


def test_a_run_that_breaks_is_repeated_ever_later(
    site: Site, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What is not foreseen leaves nothing in the database that says when to run the source again."""
    times: list[float] = []

    def broken(*_arguments: object) -> None:
        times.append(SYSTEM_CLOCK.monotonic())
        raise ZeroDivisionError

    monkeypatch.setattr(openai, "listed", broken)
    with scheduled(site):
        wait_for(lambda: len(times) == 5, "the fifth run")
    assert times[4] - times[3] >= 0.16
    assert "Running the source gateway failed" in caplog.text


def test_a_paused_source_is_not_run(site: Site, upstream: Upstream) -> None:
    site.sources.pause("gateway")
    site.add("second")
    with scheduled(site) as schedules:
        wait_until_ended(schedules, 1)
        assert schedules[0].outcomes == {("second", "applied"): 1}
        site.sources.resume("gateway")
        site.clock.passes(minutes=1)
        wait_for(lambda: ("gateway", "applied") in schedules[0].outcomes)


def test_a_source_that_is_added_while_the_server_runs_is_run(site: Site, upstream: Upstream) -> None:
    site.sources.remove("gateway")
    with scheduled(site) as schedules:
        site.add("late")
        wait_until_ended(schedules, 1)


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_jumps_stops_no_source(site: Site, days: int) -> None:
    with scheduled(site) as schedules:
        wait_until_ended(schedules, 1)
        site.clock.passes(days=days)
        wait_until_ended(schedules, 2)


def test_a_source_is_due_at_its_time_and_not_before(site: Site) -> None:
    site.run(minutes=0)
    (source,) = site.sources.list()
    planned = source.state.next_run_at
    assert planned is not None
    second = timedelta(seconds=1)
    assert not is_due(source.config, source.state, planned - second)
    assert is_due(source.config, source.state, planned)


@pytest.mark.parametrize("kind", first(KINDS))
def test_the_schedule_survives_a_database_that_is_away(kind: str, tmp_path: Path, upstream: Upstream) -> None:
    with outages(kind, tmp_path) as away:
        site = Site(away.installation, upstream, every_seconds=10)
        with scheduled(site) as schedules:
            wait_until_ended(schedules, 1)
            away.begin()
            site.clock.passes(minutes=1)
            upstream.lists("alpha", "beta", "gamma")
            away.end()
            wait_for(lambda: "gamma" in site.models())


@pytest.mark.parametrize("kind", first(KINDS))
def test_a_database_that_goes_away_in_the_middle_of_a_run_gets_nothing_of_it(
    kind: str, tmp_path: Path, upstream: Upstream
) -> None:
    with outages(kind, tmp_path) as away:
        site = Site(away.installation, upstream)
        site.run()
        before = site.models()
        upstream.lists("alpha", "beta", "gamma")

        def go_away(what: str, _done: int, _total: int) -> None:
            if what.startswith("Asking"):
                away.begin()

        with pytest.raises(StorageError):
            site.runner().run("gateway", go_away)
        away.end()
        wait_for(lambda: answers(site), "the database")
        assert site.models() == before
        site.clock.passes(minutes=2)  # longer than the lease that could not be released
        assert site.run().counts["new"] == 1


def answers(site: Site) -> bool:
    with suppress(StorageError):
        return bool(site.models())
    return False


def test_what_goes_wrong_is_logged_once_and_that_it_is_well_again(
    site: Site, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "callsheet")
    upstream.fails()
    with scheduled(site) as schedules:
        for number in range(1, 4):
            wait_until_ended(schedules, number)
            site.clock.passes(hours=2)
        upstream.lists("alpha", "beta")
        wait_for(lambda: "alpha" in site.models())
        wait_for(lambda: ended(schedules) >= 4)
    messages = [record.getMessage() for record in caplog.records if record.name == "callsheet"]
    assert sum("fails with 503" in message for message in messages) == 1
    assert "Source gateway is well again." in messages
    assert "Source gateway: 2 new, 0 changed, 0 missing; it lists 2 models." in messages


def test_a_source_that_a_later_release_configured_keeps_no_other_from_running(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with site.installation.store.write("test", site.clock()) as writing:
        record = SourceRecord("later", 9, {"kind": "telepathy", "url": "http://localhost"}, site.clock())
        writing.apply([Change(Action.ADD, None, record)])
    with scheduled(site) as schedules:
        wait_until_ended(schedules, 1)
    messages = [entry.getMessage() for entry in caplog.records]
    assert sum("Source later: It is not run: kind of a source must be one of" in each for each in messages) == 1


def test_a_day_that_comes_before_the_first_tick_is_noticed(site: Site) -> None:
    renewed = threading.Event()
    clock = Clock(lambda: site.clock.now.timestamp(), SYSTEM_CLOCK.monotonic, SYSTEM_CLOCK.perf_counter)
    schedule = Schedule(site.installation.store, clock, lambda: None, renew=renewed.set)
    site.clock.passes(hours=24)
    schedule._begin_day()
    assert renewed.is_set()


def test_the_built_in_facts_are_brought_up_to_each_new_day(site: Site) -> None:
    renewed = threading.Event()
    with scheduled(site, renew=renewed.set) as schedules:
        wait_until_ended(schedules, 1)
        assert not renewed.is_set()
        site.clock.passes(hours=24)
        assert renewed.wait(30)


def test_facts_that_cannot_be_brought_up_to_date_keep_no_source_from_running(site: Site) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with scheduled(site, renew=fail) as schedules:
        wait_until_ended(schedules, 1)
        for number in range(2, 4):
            site.clock.passes(hours=24)
            wait_until_ended(schedules, number)


def test_figures_say_how_each_source_is(site: Site, upstream: Upstream) -> None:
    with scheduled(site) as schedules:
        wait_until_ended(schedules, 1)
        upstream.lists()
        site.clock.passes(minutes=2)
        wait_until_ended(schedules, 2)
        site.clock.passes(seconds=5)
        wait_for(lambda: schedules[0].statuses and schedules[0].statuses[0].is_waiting)
        figures = source_figures(schedules[0].statuses, schedules[0].outcomes, site.clock())
    label = (("source", "gateway"),)
    assert figures[Series("callsheet_source_age_seconds", label)] == 125
    assert figures[Series("callsheet_source_interval_seconds", label)] == 10
    assert figures[Series("callsheet_source_waiting", label)] == 1
    assert figures[Series("callsheet_source_models", label)] == 2
    assert 'callsheet_source_runs_total{source="gateway",outcome="quarantined"} 1' in render(figures)

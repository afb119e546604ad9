"""What ``/readyz`` and ``/metrics`` say of sources."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callsheet.http.app import CallsheetApp
from callsheet.http.health import Readiness
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.setup import open_store
from callsheet.service.sync.loop import mark_of
from callsheet.service.sync.member import MEMBER
from callsheet.service.sync.schedule import Schedule
from callsheet.settings import Settings
from callsheet.storage.store import Store
from tests.broken.serving import serve_broken
from tests.installation import Installation, now
from tests.program import wait_for
from tests.service.sync.site import Site
from tests.service.sync.upstream import Upstream, serve_upstream


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serve_upstream() as serving:
        serving.lists("alpha")
        yield serving


@pytest.fixture
def site(empty: Installation, upstream: Upstream) -> Site:
    return Site(empty, upstream)


def readiness(site: Site) -> dict[str, Any]:
    """What the page says, once the server has read how the sources are."""
    clock = Clock(lambda: site.clock.now.timestamp(), SYSTEM_CLOCK.monotonic, SYSTEM_CLOCK.perf_counter)
    schedule = Schedule(Store(site.installation.url), clock, lambda: site.revision, runs=False, tick_seconds=0.01)
    schedule.start()
    try:
        wait_for(lambda: schedule.statuses)
        live = site.installation.live()
        page = Readiness(live, 0, schedule, clock)
        assert page.is_ready
        return page.describe()
    finally:
        schedule.stop()


def test_the_page_says_how_each_source_is_and_does_not_fail_for_it(site: Site, upstream: Upstream) -> None:
    site.run(minutes=2)
    upstream.fails()
    site.run(minutes=1)
    assert readiness(site)["sources"] == {
        "gateway": {"outcome": "failed", "age_seconds": 180.0, "waiting": False, "paused": False}
    }


def test_the_page_names_no_upstream(site: Site, upstream: Upstream) -> None:
    upstream.fails()
    site.run()
    assert upstream.url not in str(readiness(site))


def test_without_sources_the_page_is_as_it_was(empty: Installation) -> None:
    live = empty.live()
    assert readiness_of(live).keys() == {"status", "revision", "age_seconds", "database", "models"}


def readiness_of(live: Any) -> dict[str, object]:
    return Readiness(live, 0, Schedule(live.store, SYSTEM_CLOCK, live.followed_revision)).describe()


def test_the_page_says_which_installations_the_list_comes_through(site: Site, tmp_path: Path) -> None:
    """So that a ring of installations is found; the marks reveal no organization id."""
    url = f"sqlite:///{tmp_path}/other.db"
    open_store(url, now)
    other = Installation(url)
    key = other.key()
    with serve_broken(other) as served, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTHER_KEY", key)
        site.sources.change("gateway", {"url": served, "kind": "callsheet", "secret": "env:OTHER_KEY"})
        report = site.run()
        assert report.outcome == "applied", report
    with other.store.read() as reading:
        installed = reading.installation()
    assert installed is not None
    assert readiness(site)[MEMBER] == [mark_of(installed.organization_id)]


def test_an_app_runs_its_sources(site: Site, upstream: Upstream) -> None:
    live = site.installation.live()
    app = CallsheetApp(live, Settings(database=site.installation.url))
    app.start()
    try:
        wait_for(lambda: "alpha" in site.models(), "the first run")
    finally:
        app.stop()


def test_an_app_that_is_not_to_run_sources_leaves_them_alone(site: Site, upstream: Upstream) -> None:
    live = site.installation.live()
    app = CallsheetApp(live, Settings(database=site.installation.url, sync=False))
    app.start()
    try:
        wait_for(lambda: app.schedule.statuses)
    finally:
        app.stop()
    assert not upstream.asked

"""Sources in real servers: who is killed in the middle of a run does not keep the others from it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.sources import SourcesService
from callsheet.sources.upstream import SourceKind
from callsheet.storage.store import Store
from tests.installation import now
from tests.program import Program, Server, call, wait_for
from tests.service.sync.upstream import Upstream, serve_upstream
from tests.tiers import exhaustive, first


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serve_upstream() as serving:
        serving.lists("alpha", "beta")
        yield serving


@pytest.fixture
def database(tmp_path: Path, upstream: Upstream) -> Path:
    """A database with a source."""
    path = tmp_path / "callsheet.db"
    assert call("migrate", "--database", f"sqlite:///{path}").returncode == 0
    sources(path).add("gateway", SourceConfig(kind=SourceKind.OPENAI, url=upstream.url, every_seconds=10))
    return path


def sources(path: Path) -> SourcesService:
    return SourcesService(Store(f"sqlite:///{path}"), "test", now)


def ids(server: Server, key: str) -> set[str]:
    return {model["id"] for model in server.get("/v1/models", key)[1]["data"]}


@pytest.mark.parametrize("flags", first([(), ("--admin-host", "127.0.0.1")]), ids=["one", "administered apart"])
def test_a_server_lists_what_its_sources_list(database: Path, upstream: Upstream, flags: tuple[str, ...]) -> None:
    with Server(database, *flags) as server:
        wait_for(lambda: server.get("/readyz")[1].get("sources", {}).get("gateway", {}).get("outcome") == "applied")
        key = server.key
        wait_for(lambda: ids(server, key) == {"alpha", "beta"})
        assert server.stop() == 0
        assert len(upstream.asked) == 1


def test_a_server_stops_at_once_in_the_middle_of_a_run(database: Path, upstream: Upstream) -> None:
    upstream.drip_seconds = 5
    with Server(database) as server:
        wait_for(lambda: upstream.asked, "a run")
        assert server.stop() == 0
    assert sources(database).show("gateway").state.lease_holder is None


@exhaustive
def test_the_other_replica_runs_a_source_once_the_lease_of_a_killed_one_is_over(
    database: Path, upstream: Upstream
) -> None:
    upstream.drip_seconds = 5
    with Server(database) as one, Server(database) as two:
        wait_for(lambda: upstream.asked, "a run")
        holder = wait_for(lambda: sources(database).show("gateway").state.lease_holder, "the lease")
        pid = int(holder.split(":")[1])
        os.kill(pid, signal.SIGKILL)
        killed, left = (one, two) if one.process.pid == pid else (two, one)
        assert killed.ended() == -signal.SIGKILL
        upstream.drip_seconds = 0
        assert len(upstream.asked) == 1, "as long as the lease lasts, no other runs it"
        with Store(f"sqlite:///{database}").write("test", now()) as writing:  # instead of a minute's wait
            writing.release_lease("gateway", holder)
        wait_for(lambda: left.get("/readyz")[1].get("sources", {}).get("gateway", {}).get("outcome") == "applied")


def test_cron_and_a_server_that_is_not_to_run_sources(database: Path) -> None:
    with Server(database, "--no-sync") as server:
        with Program("sources", "sync", "--database", f"sqlite:///{database}") as cron:
            assert cron.ended() == 0
        wait_for(lambda: server.get("/readyz")[1]["models"] == 2)

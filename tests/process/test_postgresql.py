"""Servers on PostgreSQL: made by the first start, followed by all, refused in one line."""

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from callsheet.storage import schema
from tests.postgres import Databases, ask, execute
from tests.program import DEADLINE, Server, call, wait_for


@pytest.fixture
def url(postgres: Databases) -> str:
    """An empty database."""
    return postgres.make()


def serving(url: str, *arguments: str) -> Server:
    return Server(None, "--database", url, *arguments)


def test_the_first_start_makes_everything_and_the_next_finds_it(url: str) -> None:
    with serving(url) as server:
        key = server.key
        assert f"Database: {url}\n" in server.stdout
        page = server.get("/v1/models?limit=1000", key)
        assert page[0] == 200
        assert server.stop() == 0
        assert server.stderr == ""
    with serving(url) as server:
        assert server.get("/v1/models?limit=1000", key) == page
        assert "ANTHROPIC_API_KEY" not in server.stdout


def test_every_server_and_every_worker_soon_answers_with_what_another_process_changed(url: str) -> None:
    with serving(url, "--workers", "2") as one, serving(url) as other:
        key = one.key
        for number in range(5):
            assert call("catalog", "add", f"m{number}", "--database", url).returncode == 0

            def visible(server: Server, model_id: str = f"m{number}") -> bool:
                return all(server.get(f"/v1/models/{model_id}", key)[0] == 200 for _ in range(4))

            wait_for(lambda: visible(other), "the change")
            wait_for(lambda: visible(one), "the change, in both workers")


def test_servers_that_start_at_once_on_an_empty_database_make_one_installation(url: str) -> None:
    def start(_: int) -> list[str]:
        with serving(url) as server:
            return [line for line in server.stdout.splitlines() if "ANTHROPIC_API_KEY=" in line]

    with ThreadPoolExecutor(3) as pool:
        told = list(pool.map(start, range(3)))
    assert sum(map(len, told)) == 1  # one key, told by the one that made it
    assert ask(url, "SELECT count(*) FROM installation") == [(1,)]
    assert ask(url, "SELECT count(*) FROM api_keys") == [(1,)]


def test_a_server_that_listens_stops_at_once(url: str) -> None:
    with serving(url, "--poll-seconds", "60") as server:
        server.send(signal.SIGTERM)
        assert server.process.wait(DEADLINE / 2) == 0  # so that it has not waited to ask once more
        assert server.stderr == ""
    ours = "FROM pg_stat_activity WHERE application_name = 'callsheet' AND datname = current_database()"
    wait_for(lambda: ask(url, f"SELECT count(*) {ours}") == [(0,)], "the end of its connections")


def test_a_start_on_a_newer_schema_is_refused_with_both_numbers(url: str) -> None:
    assert call("migrate", "--database", url).returncode == 0
    execute(url, "UPDATE alembic_version SET version_num = '9999'")
    done = call("serve", "--port", "0", "--database", url)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"its schema is 9999, this program knows {schema.HEAD}; upgrade Callsheet.\n" in done.stderr

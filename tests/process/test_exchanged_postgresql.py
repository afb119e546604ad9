"""A PostgreSQL database is exchanged or damaged under a server, which stays right or says so at once."""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import make_url

from tests.postgres import Databases, execute
from tests.process.test_away import Replica
from tests.program import call, wait_for

#: Does something to the database at the URL, which a server of the first URL has.
Act = Callable[[str, str], object]


@pytest.fixture
def url(postgres: Databases, postgres_template: str) -> Iterator[str]:
    """A database that is set up."""
    made = postgres.make(postgres_template)
    yield made
    postgres.drop(made)


def run_sql(*statements: str) -> Act:
    """Change it past Callsheet."""
    return lambda _server, url: execute(url, *statements)


def make_again(server: str, url: str) -> None:
    """Drop the database, and make an empty one of that name."""
    name = make_url(url).database
    execute(server, f'DROP DATABASE "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')


WAYS: dict[str, tuple[Act, str, str]] = {
    "table": (run_sql("DROP TABLE tombstones"), "unfit", "lacks a table"),
    "schema": (run_sql("UPDATE alembic_version SET version_num = 'x'"), "unfit", "has schema x, which no"),
    "no schema": (run_sql("DROP TABLE alembic_version"), "unfit", "lacks a table"),
    "installation": (run_sql("DELETE FROM installation"), "unfit", "has lost the row of its table installation"),
    "made again": (make_again, "unfit", "is empty|lacks a table"),
    "organization": (run_sql("UPDATE installation SET organization_id = 'x'"), "foreign", r"\(organization x\)"),
    "older": (
        run_sql("UPDATE installation SET revision = 1"),
        "older",
        "at revision 1, .* had read revision 2",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_happens_to_the_database_is_said_and_what_is_unfit_is_never_served(
    postgres: Databases, url: str, way: str
) -> None:
    act, word, sentence = WAYS[way]
    secret = json.loads(call("keys", "create", "--name", "mine", "--json", "--database", url).stdout)["secret"]
    with Replica(url) as server:
        assert server.ready() == (200, "ok", "up")
        act(postgres.url, url)
        wait_for(lambda: server.ready() == (200, "degraded", word), "/readyz to say so")
        wait_for(lambda: re.search(rf" ERROR .*({sentence})", server.stderr), "the log to say so")
        assert server.get("/v1/models", secret)[0] == 200
        assert server.stop() == 0
        assert "Traceback" not in server.stderr


def test_tables_that_were_put_back_as_they_were_are_followed(url: str) -> None:
    with Replica(url) as server:
        execute(url, "CREATE TABLE kept AS TABLE tombstones", "DROP TABLE tombstones")
        wait_for(lambda: server.ready() == (200, "degraded", "unfit"), "/readyz to say so")
        execute(url, "ALTER TABLE kept RENAME TO tombstones")
        wait_for(lambda: server.ready() == (200, "ok", "up"), "all to be well")
        assert server.stop() == 0


def test_a_server_goes_on_following_a_database_that_a_later_release_migrated(url: str) -> None:
    created = json.loads(call("keys", "create", "--name", "leaver", "--json", "--database", url).stdout)
    with Replica(url) as server:
        assert server.get("/v1/models", created["secret"])[0] == 200
        execute(url, "UPDATE alembic_version SET version_num = '9999'")
        wait_for(
            lambda: re.search(" WARNING .*schema 9999 by a newer Callsheet", server.stderr), "the log to say so"
        )
        execute(
            url,
            f"UPDATE api_keys SET status = 'disabled' WHERE id = '{created['id']}'",
            "INSERT INTO changes (revision, at, actor, action, kind, subject, before, after) "
            "SELECT revision + 1, '2026-01-01T00:00:00Z', 'newer', 'disable', 'key', "
            f"'{created['id']}', NULL, NULL FROM installation",
            "UPDATE installation SET revision = revision + 1",
        )
        wait_for(lambda: server.get("/v1/models", created["secret"])[0] == 401, "the key to stop working")
        assert server.ready() == (200, "ok", "up")
        assert server.stop() == 0

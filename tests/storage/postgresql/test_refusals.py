"""A PostgreSQL database that is not fit for use is refused in one sentence, without a password and unchanged."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, make_url
from sqlalchemy.exc import DBAPIError

from callsheet.domain.errors import ConflictError, CorruptDatabaseError, StorageError, StorageUnavailableError
from callsheet.service.maintenance.backup import back_up
from callsheet.service.maintenance.restore import restore
from callsheet.service.setup import open_store
from callsheet.storage import schema
from callsheet.storage.store import Store
from tests.postgres import Databases, Server, execute
from tests.program import wait_for
from tests.rows import everything
from tests.storage.files import NOW
from tests.storage.others import ask

FOREIGN = "belongs to another program; name another database."
FORBIDDEN = "does not allow this user what is needed (permission denied for {}); grant it, or name another user."


@pytest.fixture
def url(postgres: Databases, postgres_template: str) -> str:
    """A database set up."""
    return postgres.make(postgres_template)


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    """A server that may be maltreated: the one of other tests may be anybody's."""
    with Server({"password_encryption": "scram-sha-256", "max_connections": "20"}) as server:
        execute(
            server.url,
            "CREATE USER with_password PASSWORD 'se:c@ret'",
            "CREATE USER reader",
            "CREATE USER refused",
            "CREATE USER nobody_special",
        )
        yield server


def at(server: Server, **parts: object) -> str:
    """The URL of the server with other parts."""
    return make_url(server.url).set(**parts).render_as_string(hide_password=False)  # type: ignore[arg-type]


def refused(url: str, kind: type[StorageError] = StorageError) -> str:
    """What is said of the database at ``url``, after the words that name it."""
    with pytest.raises(kind) as refusal:
        open_store(url, lambda: NOW)
    assert type(refusal.value) is kind
    sentence = str(refusal.value)
    place = _told(make_url(url)).render_as_string()
    assert sentence.startswith(f"The database {place} "), sentence
    assert "\n" not in sentence
    assert "ret" not in sentence.removeprefix(f"The database {place} ").replace("correct", "")
    return sentence.removeprefix(f"The database {place} ")


def _told(url: URL) -> URL:
    return URL.create("postgresql", url.username, None, url.host, url.port, url.database)


def of_another_program_with_alembic(url: str) -> None:
    execute(url, "CREATE TABLE alembic_version (version_num text)", "INSERT INTO alembic_version VALUES ('0001')")


def with_a_table_of_our_name(url: str) -> None:
    execute(url, "CREATE TABLE models (title text)", "INSERT INTO models VALUES ('Playtime')")


def with_a_view_of_our_name(url: str) -> None:
    execute(url, "CREATE VIEW changes AS SELECT 1 AS one")


def with_both_but_other_columns(url: str) -> None:
    of_another_program_with_alembic(url)
    execute(url, "CREATE TABLE installation (id int, revision int)")


def with_a_function_of_our_name(url: str) -> None:
    execute(url, "CREATE FUNCTION changes_append_only() RETURNS int LANGUAGE sql AS 'SELECT 1'")


@pytest.mark.parametrize("ask_", [Store.prepare, Store.migrate])
@pytest.mark.parametrize(
    "spoil",
    [
        of_another_program_with_alembic,
        with_a_table_of_our_name,
        with_a_view_of_our_name,
        with_both_but_other_columns,
        with_a_function_of_our_name,
    ],
)
def test_a_database_of_another_program_is_refused_unchanged(
    postgres: Databases, spoil: Callable[[str], None], ask_: Callable[[Store], object]
) -> None:
    url = postgres.make()
    spoil(url)
    store = Store(url)
    things = "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    before = ask(store, things)
    with pytest.raises(StorageError) as refusal:
        ask_(store)
    assert str(refusal.value) == f"The database {store.display_name} {FOREIGN}"
    assert ask(store, things) == before


def test_tables_of_others_with_other_names_do_not_matter(postgres: Databases) -> None:
    url = postgres.make()
    execute(url, "CREATE TABLE films (title text)", "CREATE SCHEMA other", "CREATE TABLE other.models (x int)")
    with open_store(url, lambda: NOW).read() as reading:
        assert reading.count_models()


def test_two_installations_in_schemas_of_one_database_know_nothing_of_each_other(postgres: Databases) -> None:
    url = postgres.make()
    execute(url, "CREATE SCHEMA one", "CREATE SCHEMA two")
    stores = [
        open_store(f"{url}?options=-csearch_path%3D{schema_name}", lambda: NOW) for schema_name in ("one", "two")
    ]
    organizations = set()
    for store in stores:
        with store.read() as reading:
            installation = reading.installation()
            assert installation is not None
            organizations.add(installation.organization_id)
    assert len(organizations) == 2


def test_the_address_tells_apart_what_the_url_leaves_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def address(url: str, **environment: str) -> str:
        with monkeypatch.context() as patched:
            for name, value in environment.items():
                patched.setenv(name, value)
            return Store(url).canonical_address

    url = "postgresql://user@/db"
    others = [
        address(url),
        address(url, PGHOST="one"),
        address(url, PGHOST="two"),
        address(url, PGHOST="two", PGPORT="1"),
        address(url, PGHOST="two", PGOPTIONS="-csearch_path=one"),
        address(f"{url}?host=two&options=-csearch_path%3Dtwo"),
        address("postgresql://other@two/db"),
        address("postgresql://user@two/other"),
        address("postgresql://user@/db?service=one"),
    ]
    assert len(set(others)) == len(others)
    assert address("postgresql://user@two:1/db") == others[3]
    assert address("postgresql:///", PGHOST="two", PGPORT="1", PGUSER="user", PGDATABASE="db") == others[3]
    assert address("postgres://user:secret@two:1/db?sslpassword=secret&connect_timeout=3") == others[3]


def test_the_server_knows_who_is_connected_and_by_a_name_of_ones_own(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def name(url: str) -> object:
        with Store(url).read() as reading:
            return reading._connection.exec_driver_sql("SHOW application_name").scalar()

    assert name(url) == "callsheet"
    assert name(f"{url}?application_name=us") == "us"
    monkeypatch.setenv("PGAPPNAME", "them")
    assert name(url) == "them"


def test_a_search_path_without_a_schema_is_refused(url: str) -> None:
    with pytest.raises(StorageError, match=r"has none of the schemas in its search_path; create one\.$"):
        Store(f"{url}?options=-csearch_path%3Dnowhere").prepare()


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_hold_every_name_is_refused(postgres: Databases, encoding: str) -> None:
    assert refused(postgres.make(encoding=encoding)) == (
        f"is encoded in {encoding}, which cannot hold every name; create one with ENCODING 'UTF8'."
    )


def test_a_newer_schema_is_refused_with_both_numbers(url: str) -> None:
    execute(url, "UPDATE alembic_version SET version_num = '9999'")
    assert refused(url) == (
        f"was made by a newer Callsheet: its schema is 9999, this program knows {schema.HEAD}; upgrade Callsheet."
    )


def test_an_older_schema_is_refused_with_both_numbers(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = schema.HEAD
    monkeypatch.setattr(schema, "HEAD", "9998")
    assert refused(url) == f"has schema {made}, this program needs 9998; migrate it to the schema of this program."


def test_what_is_missing_is_told(url: str) -> None:
    execute(url, "DELETE FROM alembic_version")
    assert refused(url, CorruptDatabaseError) == "is damaged; restore it from a backup."
    execute(url, f"INSERT INTO alembic_version VALUES ('{schema.HEAD}')", "DROP TABLE aliases")
    with pytest.raises(CorruptDatabaseError, match="lacks a table it should have"), Store(url).read() as reading:
        reading.aliases()


def test_a_wrong_password_and_an_unknown_user_are_refused_alike(own: Server) -> None:
    sentence = "refuses this user or password; correct the URL, PGPASSWORD or the password file."
    assert refused(at(own, username="with_password", password="no-sec:ret")) == sentence
    assert refused(at(own, username="with_password")) == sentence
    assert refused(at(own, username="who")) == sentence


def test_a_password_may_hold_any_character_and_may_stand_elsewhere(
    own: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opens(url: str) -> bool:
        store = Store(url)
        assert "ret" not in store.display_name
        return store.is_empty()

    url = at(own, username="with_password")
    assert opens(at(own, username="with_password", password="se:c@ret"))
    assert opens(f"{url}?password=se%3Ac%40ret")
    monkeypatch.setenv("PGPASSWORD", "se:c@ret")
    assert opens(url)
    monkeypatch.delenv("PGPASSWORD")
    (tmp_path / "pass").write_text("*:*:*:with_password:se\\:c@ret\n")
    (tmp_path / "pass").chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pass"))
    assert opens(url)
    (tmp_path / "services").write_text(
        f"[callsheet]\nhost=127.0.0.1\nport={own.port}\nuser=with_password\ndbname=postgres\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    assert opens("postgresql://?service=callsheet")
    assert Store("postgresql://?service=callsheet").display_name == "postgresql://?service=callsheet"
    assert opens(url.replace("postgresql://", "postgres://"))
    assert opens(url.replace("postgresql://", "postgresql+psycopg://"))


def test_a_user_who_may_not_come_from_here_is_refused(own: Server) -> None:
    assert refused(at(own, username="refused")) == (
        "does not let this user in from here; its administrator can, in pg_hba.conf."
    )


def test_a_database_that_does_not_exist_is_refused(own: Server) -> None:
    assert refused(at(own, database="nowhere")) == (
        "does not exist; create it with createdb, or name another database."
    )


def test_missing_privileges_are_named(own: Server) -> None:
    url = Databases(own.url).make()
    assert refused(_as(url, "nobody_special")) == FORBIDDEN.format("schema public")
    open_store(url, lambda: NOW)
    assert refused(_as(url, "nobody_special")) == FORBIDDEN.format("table alembic_version")
    execute(url, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    assert refused(_as(url, "reader")) == FORBIDDEN.format("table installation")
    with Store(_as(url, "reader")).read() as reading:
        assert reading.count_models()


def test_a_user_who_may_only_change_rows_can_do_all_that_a_server_does(own: Server) -> None:
    url = Databases(own.url).make()
    execute(
        url,
        "GRANT ALL ON SCHEMA public TO with_password",
        "ALTER DEFAULT PRIVILEGES FOR ROLE with_password GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO reader",
        "ALTER DEFAULT PRIVILEGES FOR ROLE with_password GRANT USAGE ON SEQUENCES TO reader",
    )
    owner = make_url(url).set(username="with_password", password="se:c@ret").render_as_string(hide_password=False)
    Store(owner).migrate()
    store = open_store(_as(url, "reader"), lambda: NOW)
    with store.watch() as watch:
        watch.changed(0)
        with store.write("test", NOW) as writing:
            writing.record("add", "model", "a", None, None)
        assert watch.changed(30)


def test_a_restore_by_somebody_who_is_not_the_owner_changes_nothing_and_leaves_nothing(
    own: Server, tmp_path: Path
) -> None:
    url = Databases(own.url).make()
    owner = open_store(url, lambda: NOW)
    execute(
        url,
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO reader",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO reader",
    )
    backup = tmp_path / "backup.db"
    back_up(owner, backup, lambda *_: None)
    before = everything(owner)
    with pytest.raises(StorageError, match=r"does not allow this user what is needed \(must be owner of "):
        restore(backup, Store(_as(url, "reader")), "test", lambda: NOW, lambda *_: None, replace=True)
    assert everything(owner) == before
    assert list(tmp_path.iterdir()) == [backup]


def _as(url: str, user: str) -> str:
    return make_url(url).set(username=user).render_as_string()


def test_a_server_that_cannot_be_reached_is_told_in_seconds(own: Server) -> None:
    nothing = "cannot be reached: nothing answers there; start it, or correct host and port."
    assert refused(at(own, port=1), StorageUnavailableError) == nothing
    assert refused(at(own, host="localhost", port=1), StorageUnavailableError) == nothing
    assert refused(at(own, host="no-such-host.invalid"), StorageUnavailableError) == (
        "is on a host that is not known; correct the URL, or check the name server."
    )
    with pytest.raises(StorageUnavailableError, match=re.escape(nothing)):
        Store("postgresql:///x?host=/nowhere").prepare()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        with pytest.raises(
            StorageUnavailableError, match=r"did not answer in time; check the server and the network\.$"
        ):
            Store(f"{at(own, port=port)}?connect_timeout=2").prepare()


def test_a_port_that_cannot_be_and_tls_where_there_is_none_are_told(own: Server) -> None:
    assert refused(at(own, port=99999)) == 'cannot be reached: invalid port number: "99999".'
    with pytest.raises(
        StorageError, match=r"cannot be reached over TLS \(server does not support SSL, .*\); correct "
    ):
        Store(f"{own.url}?sslmode=require").prepare()


def test_the_first_of_several_hosts_that_answers_is_taken(own: Server) -> None:
    for query in (f"host=127.0.0.1:1&host=127.0.0.1:{own.port}", f"host=127.0.0.1,127.0.0.1&port=1,{own.port}"):
        assert Store(f"postgresql://postgres@/postgres?{query}").is_empty()


def crowded(said: str) -> str:
    """What is said of a limit on connections that has been reached."""
    return f"has no connection left ({said}); raise that limit, or let fewer processes connect."


def test_the_limit_of_a_database_is_waited_for_and_named(own: Server) -> None:
    url = Databases(own.url).make()
    open_store(url, lambda: NOW)
    name = make_url(url).database
    execute(url, f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')
    assert refused(_as(url, "nobody_special"), StorageUnavailableError) == crowded(
        f'too many connections for database "{name}"'
    )


@pytest.mark.parametrize("role", ["limited", "does not exist", "no password"])
def test_the_limit_of_a_role_is_waited_for_and_named(own: Server, role: str) -> None:
    execute(own.url, f'CREATE ROLE "{role}" LOGIN CONNECTION LIMIT 0')
    assert refused(at(own, username=role), StorageUnavailableError) == crowded(
        f'too many connections for role "{role}"'
    )


def connected(url: str) -> psycopg.Connection | None:
    """A connection, unless there are too many."""
    try:
        return psycopg.connect(url)
    except psycopg.OperationalError:
        return None


def test_the_limits_of_a_server_are_waited_for_and_named() -> None:
    options = {"max_connections": "4", "superuser_reserved_connections": "1", "reserved_connections": "1"}
    with Server(options) as server, ExitStack() as connections:
        execute(server.url, "CREATE USER nobody_special")
        url = at(server, username="nobody_special")

        def take(url: str) -> None:
            connections.enter_context(
                wait_for(lambda: connected(url), "one that has been closed to leave its slot")
            )

        take(server.url)
        take(server.url)
        reserved = refused(url, StorageUnavailableError)
        assert reserved.startswith(
            "has no connection left (remaining connection slots are reserved for roles with "
        )
        take(server.url)
        assert refused(url, StorageUnavailableError).startswith(
            "has no connection left (remaining connection slots are "
        )
        take(server.url)
        assert refused(server.url, StorageUnavailableError) == crowded("sorry, too many clients already")


def test_a_full_disk_is_told(url: str) -> None:
    execute(
        url,
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$",
        "CREATE TRIGGER full_disk BEFORE INSERT ON changes EXECUTE FUNCTION full_disk()",
    )
    store = Store(url)
    with pytest.raises(StorageError) as refusal, store.write("test", NOW) as writing:
        writing.record("add", "model", "a", None, None)
    assert str(refusal.value) == f"The database {store.display_name} cannot grow: the disk is full."
    assert type(refusal.value) is StorageError


def test_a_statement_that_takes_too_long_is_given_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callsheet.storage.postgresql.database.STATEMENT_TIMEOUT_SECONDS", 0.05)
    store = Store(url)
    refusal = pytest.raises(
        StorageUnavailableError, match=r"is too busy to answer in time; try again in a moment\.$"
    )
    with refusal, store.read() as reading:
        reading._connection.exec_driver_sql("SELECT pg_sleep(30)")


READ_ONLY = "can only be read: it is a replica, or set to read-only; name the primary."


def test_a_database_that_is_set_to_read_only_is_refused(url: str, postgres: Databases) -> None:
    execute(postgres.url, f'ALTER DATABASE "{make_url(url).database}" SET default_transaction_read_only = on')
    assert refused(url) == READ_ONLY
    with pytest.raises(StorageUnavailableError, match=r"has no primary at the moment; check the failover\.$"):
        Store(f"{url}?target_session_attrs=read-write").prepare()
    with Store(url).read() as reading:
        assert reading.count_models()


def test_a_connection_that_ends_in_the_middle_is_told_and_changes_nothing(
    url: str, postgres: Databases, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(url)

    def read() -> None:
        with store.read() as reading:
            end_connections(postgres.url, url)
            reading.installation()

    def read_to_the_end() -> None:
        with store.read() as reading:
            reading.installation()
            end_connections(postgres.url, url)

    def write() -> None:
        with store.write("test", NOW) as writing:
            end_connections(postgres.url, url)
            writing.record("add", "model", "a", None, None)

    def change_ones_mind() -> None:
        with store.write("test", NOW) as writing:
            writing.record("add", "model", "a", None, None)
            end_connections(postgres.url, url)
            raise ConflictError("Never mind.")

    for act in (read, read_to_the_end, write, change_ones_mind):
        with pytest.raises(StorageUnavailableError, match=r"closed the connection; try again in a moment\.$"):
            act()
    with store.read() as reading:
        assert reading.changes("a") == []
    assert caplog.messages == []


def test_a_connection_that_ends_before_a_commit_is_answered_leaves_it_uncertain(
    url: str, postgres: Databases, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(url)

    def write() -> None:
        with store.write("test", NOW) as writing:
            writing.record("add", "model", "a", None, None)
            end_connections(postgres.url, url)

    with pytest.raises(StorageUnavailableError) as refusal:
        write()
    assert str(refusal.value) == (
        f"The database {store.display_name} went away while a change was being committed; "
        "look whether it was made before you make it again."
    )
    assert caplog.messages == []


def end_connections(admin: str, url: str) -> None:
    """End every connection to a database, as its administrator can."""
    execute(
        admin,
        f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{make_url(url).database}'",
    )


def test_a_server_that_hangs_is_given_up(own: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callsheet.storage.postgresql.connection.Connection.answer_timeout", 0.5)
    store = open_store(Databases(own.url).make(), lambda: NOW)

    def read() -> None:
        with store.read() as reading:
            [(pid,)] = reading._connection.exec_driver_sql("SELECT pg_backend_pid()").all()
            os.kill(pid, signal.SIGSTOP)  # what a stopped process is sent, its kernel acknowledges
            try:
                reading.installation()
            finally:
                os.kill(pid, signal.SIGCONT)

    with pytest.raises(
        StorageUnavailableError, match=r"did not answer in time; check the server and the network\.$"
    ):
        read()


def test_reading_everything_has_more_time_and_an_end_as_well(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callsheet.storage.postgresql.database.STATEMENT_TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr("callsheet.storage.postgresql.database.LONG_STATEMENT_TIMEOUT_SECONDS", 1.0)
    with Store(url).database.snapshot_connection() as connection:
        connection.exec_driver_sql("SELECT pg_sleep(0.1)")
        with pytest.raises(DBAPIError, match="canceling statement due to statement timeout"):
            connection.exec_driver_sql("SELECT pg_sleep(5)")


def test_a_server_that_hangs_while_everything_is_read_is_given_up(
    own: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callsheet.storage.postgresql.database.LONG_ANSWER_TIMEOUT_SECONDS", 0.5)
    database = open_store(Databases(own.url).make(), lambda: NOW).database

    def read() -> None:
        with database.snapshot_connection() as connection:
            [(pid,)] = connection.exec_driver_sql("SELECT pg_backend_pid()").all()
            goes_on = threading.Timer(5, os.kill, [pid, signal.SIGCONT])
            goes_on.start()
            os.kill(pid, signal.SIGSTOP)
            try:
                connection.exec_driver_sql("SELECT 1")
            finally:
                goes_on.cancel()
                os.kill(pid, signal.SIGCONT)

    with pytest.raises(
        StorageUnavailableError, match=r"did not answer in time; check the server and the network\.$"
    ):
        read()


def test_a_replica_can_be_read_and_watched_and_is_refused_where_it_would_be_written(own: Server) -> None:
    primary = open_store(at(own), lambda: NOW)
    with Server({"max_connections": "20"}, standby_of=own) as standby:
        assert refused(standby.url) == READ_ONLY
        with Store(standby.url).watch() as watch:
            assert watch.changed(0)
            with primary.write("test", NOW) as writing:
                writing.record("add", "model", "a", None, None)
            while not watch.changed(0.02):
                pass
            assert watch.notifications == 0
        with Store(standby.url).read() as reading:
            assert [change.subject for change in reading.changes("a")] == ["a"]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://u:pa@ss@host/db", "The database URL has two @; write that in a user or password as %40."),
        (
            "postgresql://u@host/db?password=se&cr=et",
            "The database URL has an option that libpq does not know; in a password, write & as %26.",
        ),
    ],
)
def test_a_url_with_a_mistake_is_refused_without_its_password(url: str, sentence: str) -> None:
    with pytest.raises(StorageError) as refusal:
        Store(url)
    assert str(refusal.value) == sentence


WITHOUT_DRIVER = """
import sys
sys.modules["psycopg"] = None
from callsheet.cli.app import run
sys.exit(run(["catalog", "list", "--database", "postgresql://user:secret@host/db"]))
"""


def test_a_missing_driver_is_named_with_the_command_that_installs_it() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_DRIVER], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "callsheet: PostgreSQL needs a driver that is not installed; add the extra postgresql "
        "(in a clone: scripts/environment server postgresql)\n"
    )

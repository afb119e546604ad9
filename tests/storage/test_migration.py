"""A database of the first release comes to the schema of today, and its models to claims that give them back."""

import json
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import BUILTIN, PERSON
from callsheet.domain.model import MODEL_FIELDS
from callsheet.service.maintenance.check import check_database
from callsheet.storage import tables
from callsheet.storage.sqlite.database import SQLite
from callsheet.storage.store import Store
from tests.first_release import as_released, as_released_on_postgresql
from tests.installation import KINDS
from tests.postgres import Databases
from tests.rows import rows
from tests.storage.others import ask, execute
from tests.tiers import examples

OPUS = "claude-opus-5"
HAIKU = "claude-haiku-4-5-20251001"  # of which the first release said less than today's facts
ADDED = {"retirement_precision", "retires_itself"}  # fields of a model that the first release did not have
RETIRING = "claude-opus-4-5-20251101"  # which the first release took for active


@pytest.fixture(params=KINDS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    path = tmp_path / "callsheet.db"
    if request.param == "sqlite":
        return as_released(path)
    databases: Databases = request.getfixturevalue("postgres")
    return as_released_on_postgresql(databases.make(), path)


def claims_on(store: Store, subject: str, kind: ClaimKind = ClaimKind.MODEL) -> dict[str, Claims]:
    with store.read() as reading:
        return {str(each.manager): each for each in reading.claims_of([subject], kind).get(subject, [])}


def as_ada(store: Store, model_id: str, **values: Any) -> None:
    """Change a model as the first release does it: the row, and a record in a revision."""
    _change(store, "cli:ada", model_id, values)


def as_program(store: Store, model_id: str, **values: Any) -> None:
    """The same, as the first release's own renewal does it."""
    _change(store, "callsheet", model_id, values)


def _change(store: Store, actor: str, model_id: str, values: dict[str, Any]) -> None:
    before = record_of(store, model_id)
    for name, value in values.items():
        text = json.dumps(value) if isinstance(value, dict) else value
        execute(store, f"UPDATE models SET {name} = {_sql(text)} WHERE id = '{model_id}'")
    _record(store, actor, "change", "model", model_id, before, {**before, **values})


def record_of(store: Store, model_id: str) -> dict[str, Any]:
    fields = [name for name in MODEL_FIELDS if name not in ADDED]
    [row] = ask(store, f"SELECT {', '.join(fields)} FROM models WHERE id = '{model_id}'")
    record = dict(zip(fields, row, strict=True))
    capabilities = record["capabilities"]
    parsed = json.loads(capabilities) if isinstance(capabilities, str) else capabilities
    return {**record, "hidden": bool(record["hidden"]), "capabilities": parsed}


def remove(store: Store, model_id: str) -> None:
    before = record_of(store, model_id)
    for name, _ in ask(store, f"SELECT alias, model_id FROM aliases WHERE model_id = '{model_id}'"):
        unalias(store, name)
    execute(store, f"DELETE FROM models WHERE id = '{model_id}'")
    execute(
        store, f"INSERT INTO tombstones VALUES ('{model_id}', '{before['created_at']}', {_sql(before['line'])})"
    )
    _record(store, "cli:ada", "remove", "model", model_id, before, None)


def alias(store: Store, name: str, model_id: str) -> None:
    execute(store, f"INSERT INTO aliases VALUES ('{name}', '{model_id}')")
    _record(store, "cli:ada", "alias", "alias", name, None, {"alias": name, "model_id": model_id})


def unalias(store: Store, name: str) -> None:
    [(model_id,)] = ask(store, f"SELECT model_id FROM aliases WHERE alias = '{name}'")
    execute(store, f"DELETE FROM aliases WHERE alias = '{name}'")
    _record(store, "cli:ada", "unalias", "alias", name, {"alias": name, "model_id": model_id}, None)


def _record(store: Store, actor: str, action: str, kind: str, subject: str, *sides: dict[str, Any] | None) -> None:
    before, after = (_sql(None if side is None else json.dumps(side)) for side in sides)
    execute(
        store,
        "UPDATE installation SET revision = revision + 1",
        'INSERT INTO changes (revision, at, actor, action, kind, subject, "before", "after") SELECT revision, '
        f"'2026-11-21T00:00:00Z', '{actor}', '{action}', '{kind}', '{subject}', {before}, {after} "
        "FROM installation",
    )


def _sql(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "NULL" if value is None else str(value).upper()
    return str(value) if isinstance(value, int) else "'{}'".format(str(value).replace("'", "''"))


def test_both_ways_lead_to_the_same_schema(tmp_path: Path) -> None:
    old = as_released(tmp_path / "old.db")
    old.migrate()
    fresh = Store(f"sqlite:///{tmp_path}/fresh.db")
    fresh.prepare()
    query = "SELECT type, name, tbl_name FROM sqlite_master ORDER BY name"
    assert ask(old, query) == ask(fresh, query)
    for table in tables.metadata.tables:
        assert ask(old, f"PRAGMA table_info({table})") == ask(fresh, f"PRAGMA table_info({table})")
    with old.database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, tables.metadata) == []


def rows_before(migrated: list[tuple[object, ...]], earlier: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """The rows without the columns that migrations added, which are behind the others and hold nothing."""
    width = len(earlier[0]) if earlier else 0
    assert not any(value for row in migrated for value in row[width:])
    return [row[:width] for row in migrated]


def test_no_model_alias_or_record_is_changed(old: Store) -> None:
    before = {table: rows(old, table) for table in ("models", "aliases", "tombstones", "workspaces")}
    records, keys = rows(old, "changes"), rows(old, "api_keys")
    old.migrate()
    for table, earlier in before.items():
        assert rows_before(rows(old, table), earlier) == earlier
    assert [row[:-1] for row in rows(old, "api_keys")] == keys
    assert rows_before(rows(old, "changes"), records) == records
    assert check_database(old).problems == []


def test_of_every_key_it_is_known_who_created_it(old: Store) -> None:
    made = ask(old, "SELECT subject, actor FROM changes WHERE kind = 'key' AND action = 'create' ORDER BY subject")
    assert made
    old.migrate()
    assert ask(old, "SELECT id, created_by FROM api_keys ORDER BY id") == made


def test_what_people_typed_needs_no_claims(old: Store) -> None:
    old.migrate()
    assert (claims_on(old, "acme/old"), claims_on(old, "acme/latest", ClaimKind.ALIAS)) == ({}, {})
    with old.read() as reading:
        subjects = {each.subject for each in reading.claims_by(PERSON)}
    assert subjects == {"claude-opus-4-5-20251101", "claude-opus-4-20250514"}


def test_what_a_person_changed_is_the_persons_and_all_else_the_programs(old: Store) -> None:
    as_ada(old, OPUS, display_name="Mine", max_tokens=None)
    old.migrate()
    found = claims_on(old, OPUS)
    assert found["person"] == Claims(OPUS, PERSON, lists=True, fields={"display_name": "Mine", "max_tokens": None})
    assert found["builtin"].lists
    assert found["builtin"].fields["display_name"] == "Claude Opus 5"
    assert "capabilities" not in found["builtin"].fields  # which this release did not know yet


def test_a_value_of_an_earlier_release_is_the_programs_unless_a_person_set_it(old: Store) -> None:
    as_ada(old, HAIKU, max_tokens=5, capabilities={"batch": {"supported": False}})
    as_ada(old, HAIKU, max_tokens=64_000, capabilities=None)
    old.migrate()
    found = claims_on(old, HAIKU)
    assert found["person"].fields == {"capabilities": None}
    assert found["builtin"].fields["capabilities"]["batch"] == {"supported": True}


def test_who_set_one_of_the_fields_of_a_stage_set_them_all(old: Store) -> None:
    as_ada(old, "claude-sonnet-4-5-20250929", retires_at="2027-06-01T00:00:00Z")
    old.migrate()
    assert claims_on(old, "claude-sonnet-4-5-20250929")["person"].fields.keys() == {
        "lifecycle",
        "deprecated_at",
        "retires_at",
    }


def test_what_was_removed_is_suppressed_with_its_reason_gone(old: Store) -> None:
    remove(old, OPUS)
    remove(old, "claude-opus-4-1-20250805")
    unalias(old, "claude-haiku-4-5")
    old.migrate()
    assert claims_on(old, OPUS)["person"] == Claims(OPUS, PERSON, lists=False)
    assert claims_on(old, OPUS)["builtin"].fields["display_name"] == "Claude Opus 5"
    removed = claims_on(old, "claude-haiku-4-5", ClaimKind.ALIAS)
    assert (removed["person"].lists, removed["builtin"].target) == (False, HAIKU)
    with_its_model = claims_on(old, "claude-opus-4-1", ClaimKind.ALIAS)
    assert [*with_its_model] == ["builtin"]
    assert check_database(old).problems == []


def test_a_model_that_this_release_did_not_have_is_left_to_the_renewal(old: Store) -> None:
    unlock = {True: "DROP TRIGGER changes_no_delete", False: "ALTER TABLE changes DISABLE TRIGGER USER"}
    execute(old, unlock[isinstance(old.database, SQLite)], f"DELETE FROM changes WHERE subject = '{OPUS}'")
    execute(old, f"DELETE FROM models WHERE id = '{OPUS}'")
    old.migrate()
    assert claims_on(old, OPUS) == {}


def test_a_name_that_an_alias_has_is_not_given_to_a_model(old: Store) -> None:
    remove(old, OPUS)
    alias(old, OPUS, "acme/old")
    old.migrate()
    assert claims_on(old, OPUS)["person"].lists is False
    assert check_database(old).problems == []


def test_a_catalogue_that_was_emptied_of_built_in_models_does_not_get_them_back(old: Store) -> None:
    for (model_id,) in ask(old, "SELECT id FROM models WHERE id LIKE 'claude-%'"):
        remove(old, model_id)
    old.migrate()
    with old.read() as reading:
        installation = reading.installation()
        assert installation is not None
        assert installation.builtin == "inform"
        assert list(reading.claims_by(BUILTIN)) == []
    assert check_database(old).problems == []


def test_what_was_never_set_up_is_migrated_as_well(tmp_path: Path) -> None:
    store = as_released(tmp_path / "callsheet.db")
    guards = ask(store, "SELECT name FROM sqlite_master WHERE type = 'trigger'")
    execute(store, *(f"DROP TRIGGER {name}" for (name,) in guards))
    every = ("aliases", "api_keys", "changes", "models", "tombstones", "workspaces", "installation")
    execute(store, *(f"DELETE FROM {table}" for table in every))
    store.migrate()
    with store.read() as reading:
        assert reading.is_bare()


values = {
    "display_name": st.sampled_from(["Mine", "Claude Opus 5"]),
    "max_tokens": st.sampled_from([None, 5, 64_000]),
    "line": st.sampled_from([None, "opus"]),
    "capabilities": st.sampled_from([None, {"batch": {"supported": False}}]),
    "hidden": st.booleans(),
    "replacement": st.sampled_from([None, "acme/old"]),
    "created_at": st.sampled_from(["1970-01-01T00:00:00Z", "2026-01-05T00:00:00Z"]),
}
stages = st.sampled_from([
    {"lifecycle": "active", "deprecated_at": None, "retires_at": None},
    {"lifecycle": "deprecated", "deprecated_at": "2026-11-01T00:00:00Z", "retires_at": None},
    {"lifecycle": "deprecated", "deprecated_at": "2026-11-23T00:00:00Z", "retires_at": "2027-01-22T00:00:00Z"},
    {"lifecycle": "retired", "deprecated_at": "2026-11-01T00:00:00Z", "retires_at": "2026-11-02T00:00:00Z"},
])  # fmt: skip
ids = st.sampled_from([OPUS, HAIKU, RETIRING, "acme/raeuber"])
acts = st.one_of(
    st.tuples(st.just(as_ada), ids, st.fixed_dictionaries({}, optional=values)),
    st.tuples(st.just(as_ada), ids, stages),
    st.tuples(st.just(as_program), ids, st.fixed_dictionaries({}, optional=values)),
    st.tuples(st.just(as_program), ids, stages),
    st.tuples(st.just(remove), st.sampled_from([OPUS, "claude-2.0"]), st.just({})),
    st.tuples(st.just(unalias), st.sampled_from(["claude-haiku-4-5", "claude-opus-4-5"]), st.just({})),
)


@examples(0.2)
@given(st.lists(acts, max_size=6))
def test_whatever_was_done_to_it_the_claims_come_to_what_was_there(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[Any]
) -> None:
    store = as_released(tmp_path_factory.mktemp("drawn") / "callsheet.db")
    for act, subject, given_ in drawn:
        table, key = ("aliases", "alias") if act is unalias else ("models", "id")
        if ask(store, f"SELECT 1 FROM {table} WHERE {key} = '{subject}'"):
            act(store, subject, **given_)
    before = rows(store, "models")
    store.migrate()
    assert rows_before(rows(store, "models"), before) == before
    assert check_database(store).problems == []

"""Checking: a database that is well is found well, and each thing that is wrong is told in a sentence."""

from pathlib import Path

import pytest

from callsheet.domain.errors import CorruptDatabaseError, DoesNotExistError, StorageError
from callsheet.service.maintenance.check import check_database
from callsheet.service.maintenance.copy import copy_installation
from callsheet.service.maintenance.problem import Problem
from tests.installation import KINDS, Installation, make_model
from tests.service.conftest import Empty, Full, silent
from tests.service.maintenance.test_backup import spoil
from tests.storage.files import fingerprint
from tests.storage.others import ask, execute, url_of
from tests.tiers import first

of_each_kind = pytest.mark.parametrize("kind", KINDS)

#: What a person would have to do first to spoil what each database protects.
UNLOCK = {
    "sqlite": ("DROP TRIGGER changes_no_update", "DROP TRIGGER changes_no_delete"),
    "postgresql": (
        "ALTER TABLE changes DISABLE TRIGGER USER",
        "ALTER TABLE aliases DROP CONSTRAINT fk_aliases_model_id_models",
        "ALTER TABLE api_keys DROP CONSTRAINT fk_api_keys_workspace_id_workspaces",
    ),
}

NO_DATES = (
    "The model acme/old is not valid: acme/old is active, so it can have neither deprecated_at nor retires_at."
)
OTHER_FORM = (
    "The model acme/old holds its created_at in another form than Callsheet writes, "
    "'2024-06-01' instead of '2024-06-01T00:00:00Z'."
)
UNPROTECTED = (
    "Nothing prevents change records from being edited, as triggers are missing; "
    "copy everything to an empty database, which has them."
)
NO_TIME = "The time must be a day such as 2026-02-04, or an RFC 3339 time, not 'once'."


@of_each_kind
def test_a_database_that_is_well_is_found_well(full_store: Full, kind: str) -> None:
    checked = check_database(full_store(kind))
    assert checked.problems == []
    assert checked.revision == 20
    assert checked.counts == {
        "models": 36, "aliases": 11, "tombstones": 1, "workspaces": 3, "api_keys": 5, "changes": 65,
        "claims": 46, "sources": 0, "source_states": 0, "absences": 0, "admin_keys": 0,
        "webhooks": 0, "outbox": 0, "calendars": 0, "retirement_dates": 0,
    }  # fmt: skip


@of_each_kind
def test_it_is_still_well_after_every_kind_of_change(full_store: Full, kind: str) -> None:
    store = full_store(kind)
    installation = Installation(url_of(store))
    catalog, access = installation.catalog, installation.access
    installation.add(make_model("acme/gone"), make_model("m", line="acme", description="a\nb"))
    catalog.change("m", {"description": None, "capabilities": {"batch": {"supported": True}}})
    catalog.deprecate("m", replacement="acme/gone")
    catalog.remove("acme/gone")
    catalog.alias("acme/gone", "m")
    catalog.retire("m")
    catalog.hide("m")
    catalog.unhide("m")
    catalog.unalias("acme/gone")
    access.rotate_key("ada")
    access.enable_key("off")
    access.archive_workspace("research")
    assert check_database(store).problems == []


@pytest.mark.parametrize(
    ("damage", "of", "message"),
    [
        ("UPDATE models SET display_name = '' WHERE id = 'acme/old'", "model",
         "The model acme/old is not valid: display_name must be text of 1 to 256 characters."),
        ("UPDATE models SET lifecycle = 'active' WHERE id = 'acme/old'", "model",
         NO_DATES),
        ("UPDATE models SET lifecycle = 'asleep' WHERE id = 'acme/old'", "model",
         "The model acme/old is not valid: 'asleep' is not a valid Lifecycle."),
        ("UPDATE models SET created_at = '2024-06-01' WHERE id = 'acme/old'", "model",
         OTHER_FORM),
        ("UPDATE models SET created_at = 'once' WHERE id = 'acme/old'", "model",
         f"The model acme/old is not valid: {NO_TIME}"),
        ("UPDATE models SET replacement = 'nobody' WHERE id = 'acme/old'", "model",
         "The model acme/old differs from its last change record."),
        ("UPDATE models SET description = 'Another' WHERE id = 'acme/old'", "model",
         "The model acme/old differs from its last change record."),
        ("DELETE FROM models WHERE id = 'acme/old'", "model",
         "The model acme/old differs from its last change record."),
        ("DELETE FROM models WHERE id = 'acme/old'", "tombstone",
         "The model acme/old was removed and has no tombstone."),
        ("UPDATE aliases SET model_id = 'nobody' WHERE alias = 'acme/latest'", "alias",
         "The alias acme/latest means nobody, which is not a model."),
        ("UPDATE aliases SET alias = 'acme/old' WHERE alias = 'acme/latest'", "alias",
         "The alias acme/old, which means acme/raeuber, has the id of a model."),
        ("UPDATE aliases SET alias = 'not an id' WHERE alias = 'acme/latest'", "alias",
         "The alias not an id has no change record."),
        ("INSERT INTO tombstones (id, created_at) VALUES ('acme/old', '2024-06-01T00:00:00Z')", "tombstone",
         "The model acme/old exists, but has a tombstone as if it had been removed."),
        ("UPDATE tombstones SET created_at = 'once'", "tombstone",
         f"The tombstone acme/gone is not valid: {NO_TIME}"),
        ("DELETE FROM tombstones", "tombstone", "The model acme/gone was removed and has no tombstone."),
        ("UPDATE tombstones SET created_at = '2020-01-01T00:00:00Z'", "tombstone",
         "The tombstone acme/gone differs from the model that was removed."),
        ("UPDATE tombstones SET line = 'mythos'", "tombstone",
         "The tombstone acme/gone differs from the model that was removed."),
        ("INSERT INTO tombstones (id, created_at) VALUES ('never', '2024-06-01T00:00:00Z')", "tombstone",
         "The tombstone never does not belong to a removed model."),
        ("UPDATE workspaces SET name = 'default' WHERE id = 'wrkspc_research'", "workspace",
         "The workspaces <default> and wrkspc_research are both named 'default'."),
        ("UPDATE workspaces SET shape = 'round' WHERE id = 'wrkspc_research'", "workspace",
         "The workspace wrkspc_research is not valid: 'round' is not a valid Shape."),
        ("UPDATE workspaces SET archived_at = '2026-11-20T00:00:00Z' WHERE name = 'default'", "installation",
         "The default workspace <default> does not exist, or is archived."),
        ("UPDATE api_keys SET fingerprint = 'x' WHERE name = 'ada'", "key",
         {"sqlite": "The key <ada> is not valid: string argument without an encoding.",
          "postgresql": "The key <ada> is not valid: its fingerprint has 1 bytes, not 32."}),
        ("UPDATE api_keys SET hint = 'a b!' WHERE name = 'ada'", "key",
         "The key <ada> is not valid: its hint is not the last four characters of a secret."),
        ("UPDATE api_keys SET status = 'lost' WHERE name = 'ada'", "key",
         "The key <ada> is not valid: 'lost' is not a valid KeyStatus."),
        ("UPDATE api_keys SET status = 'disabled' WHERE name = 'ada'", "key",
         "The key <ada> differs from its last change record."),
        ("UPDATE api_keys SET workspace_id = 'wrkspc_none' WHERE name = 'ada'", "key",
         "The key <ada> belongs to wrkspc_none, which is not a workspace."),
        ("INSERT INTO installation (id, organization_id, default_workspace_id, revision) SELECT 2, 'other', '', 1",
         "installation", "There are 2 installations, where there can only be one."),
        ("UPDATE installation SET revision = 19", "installation",
         "The revision is 19, but the change records lead to 20."),
        ("DELETE FROM changes WHERE revision = 3", "change", "Change 48 has revision 4 after revision 2."),
        ("DELETE FROM changes WHERE subject = 'acme/old' AND action = 'add'", "change",
         "Change 51 of the model acme/old does not begin where the one before it ended."),
        ("DELETE FROM changes WHERE revision = 20", "installation",
         "The revision is 20, but the change records lead to 19."),
        ("UPDATE changes SET kind = 'toy' WHERE number = 65", "change",
         "Change 65 is of an unknown kind, 'toy'."),
        ("UPDATE changes SET at = 'once' WHERE number = 65", "change",
         "Change 65 has an invalid time: 'once'."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", first(KINDS))
def test_what_is_wrong_is_told(
    full_store: Full, kind: str, damage: str, of: str, message: str | dict[str, str]
) -> None:
    store = full_store(kind)
    execute(store, *UNLOCK[kind], damage)
    names = {f"<{name}>": subject for subject, name in ask(store, "SELECT id, name FROM api_keys")}
    names |= {"<default>": ask(store, "SELECT default_workspace_id FROM installation")[0][0]}
    wanted = message if isinstance(message, str) else message[kind]
    for name, subject in names.items():
        wanted = wanted.replace(name, subject)
    assert (of, wanted) in [(problem.kind, problem.message) for problem in check_database(store).problems]


@pytest.mark.parametrize(
    ("damage", "of", "subject", "message"),
    [
        ("INSERT INTO key_uses (key_id, last_used_at) VALUES ('apikey_gone', '2026-11-20T09:00:00Z')",
         "key use", "apikey_gone", "There is a time at which apikey_gone was last used, which is not a key."),
        ("INSERT INTO repeated_requests SELECT 'adminkey_gone', 'once', 'd', 200, '{}', '2026-11-20T09:00:00Z'",
         "repeated request", "adminkey_gone",
         "There is the answer to a request of adminkey_gone, which is not an admin key."),
    ],
)  # fmt: skip
def test_what_is_left_of_a_key_that_is_gone_is_told(
    full_store: Full, damage: str, of: str, subject: str, message: str
) -> None:
    store = full_store("sqlite")  # PostgreSQL refuses such rows
    execute(store, "PRAGMA foreign_keys = OFF", damage)
    assert check_database(store).problems == [Problem(of, subject, message)]


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("sqlite", "DROP TRIGGER changes_no_update"),
        ("sqlite", "DROP TRIGGER changes_no_delete"),
        ("postgresql", "ALTER TABLE changes DISABLE TRIGGER changes_no_update"),
        ("postgresql", "DROP TRIGGER changes_no_delete ON changes"),
        ("postgresql", "DROP TRIGGER changes_no_truncate ON changes"),
    ],
)
def test_change_records_that_could_be_edited_are_told(
    full_store: Full, empty_store: Empty, kind: str, statement: str
) -> None:
    store, copy = full_store(kind), empty_store(kind)
    execute(store, statement)
    assert check_database(store).problems == [Problem("database", store.display_name, UNPROTECTED)]
    copy_installation(store, copy, silent)
    assert check_database(copy).problems == []


def test_what_is_no_json_is_told_without_hiding_the_rest(full_store: Full) -> None:
    store = full_store("sqlite")
    execute(
        store,
        *UNLOCK["sqlite"],
        "UPDATE models SET capabilities = '{' WHERE id = 'acme/old'",
        "UPDATE workspaces SET allow = 'all' WHERE id = 'wrkspc_research'",
        "UPDATE changes SET after = '' WHERE number = 65",
        "UPDATE aliases SET model_id = 'nobody' WHERE alias = 'acme/latest'",
    )
    key = ask(store, "SELECT subject FROM changes WHERE number = 65")[0][0]
    assert [problem.message for problem in check_database(store).problems] == [
        UNPROTECTED,
        "The model acme/old is not valid: its column capabilities is not valid JSON.",
        "The workspace wrkspc_research is not valid: its column allow is not valid JSON.",
        "The alias acme/latest means nobody, which is not a model.",
        "The alias acme/latest differs from its last change record.",
        f"Change 65 of the key {key} is not valid JSON.",
    ]


def test_an_index_that_does_not_fit_its_table_is_told(full_store: Full) -> None:
    store = full_store("sqlite")
    ((index,),) = ask(store, "SELECT rootpage FROM sqlite_master WHERE name = 'ix_aliases_model_id'")
    ((other,),) = ask(store, "SELECT rootpage FROM sqlite_master WHERE name = 'ix_api_keys_workspace_id'")
    execute(
        store,
        "PRAGMA writable_schema = ON",
        f"UPDATE sqlite_master SET rootpage = {other} WHERE name = 'ix_aliases_model_id'",
        f"UPDATE sqlite_master SET rootpage = {index} WHERE name = 'ix_api_keys_workspace_id'",
    )
    checked = check_database(store)
    assert (checked.revision, checked.counts) == (None, {})
    assert {(problem.kind, problem.subject) for problem in checked.problems} == {("database", store.display_name)}
    assert "The file is damaged: row 1 missing from index ix_aliases_model_id." in [
        problem.message for problem in checked.problems
    ]


def test_pages_that_cannot_be_read_are_told(full_store: Full) -> None:
    store = full_store("sqlite")
    spoil(Path(store.display_name))
    with pytest.raises(CorruptDatabaseError, match=r"^The database \S+ is damaged; restore it from a backup\.$"):
        check_database(store)


def test_a_file_that_is_no_database_is_told(full_store: Full) -> None:
    store = full_store("sqlite")
    Path(store.display_name).write_text("no database at all" * 100)
    with pytest.raises(StorageError, match=r"^The database \S+ is not a SQLite database; "):
        check_database(store)


def test_there_must_be_something_to_check(empty_store: Empty) -> None:
    store = empty_store("sqlite")
    with pytest.raises(DoesNotExistError, match=r"^There is no database at \S+ to check\.$"):
        check_database(store)
    store.prepare()
    with pytest.raises(
        DoesNotExistError, match=r"^The database \S+ has not been set up; let a migration or a server do that\.$"
    ):
        check_database(store)


def test_checking_changes_nothing(full_store: Full) -> None:
    store = full_store("sqlite")
    before = fingerprint(Path(store.display_name).parent)
    check_database(store)
    assert fingerprint(Path(store.display_name).parent) == before


def test_a_problem_holds_nothing_that_tells_of_a_secret(full_store: Full) -> None:
    store = full_store("sqlite")
    execute(store, "UPDATE api_keys SET fingerprint = substr(fingerprint, 2), hint = 'secret'")
    problems = [each for each in check_database(store).problems if "not valid" in each.message]
    assert len(problems) == 5
    assert not [each for each in problems if "secret" in each.message.replace("of a secret", "")]


def test_a_problem_says_what_it_is_about() -> None:
    assert Problem("model", "m", "The model m …")._asdict() == {
        "kind": "model", "subject": "m", "message": "The model m …",
    }  # fmt: skip

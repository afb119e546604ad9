"""API keys by program: made, rotated, paged; secrets that only callers know; no secret for two kinds of keys."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callsheet.domain.access.keyring import Keyring
from callsheet.domain.access.secret import ADMIN_PREFIX, fingerprint, make_secret, may_be_admin_secret
from callsheet.domain.changes.change import Action, Change
from callsheet.domain.errors import RefusedError
from callsheet.storage import tables
from tests.http.admin.asking import Admin
from tests.installation import Installation, now, on_both


@on_both
def test_a_caller_who_makes_the_secret_sends_only_its_hash(admin: Admin) -> None:
    secret = "my-own-secret-of-32-characters-xx"
    made = admin.post("/api_keys", {"name": "own", "secret_sha256": sha256(secret.encode()).hexdigest().upper()})
    assert made.status == 200
    assert (made.json["secret"], made.json["partial_key_hint"]) == (None, None)
    assert admin.installation.live().current.keyring.find(secret.encode()) is not None
    again = admin.post("/api_keys", {"name": "b", "secret_sha256": sha256(secret.encode()).hexdigest()})
    assert again.code == "conflict"


def test_no_secret_is_that_of_an_admin_key_and_of_an_api_key(admin: Admin) -> None:
    refused = admin.post("/api_keys", {"name": "a", "secret_sha256": fingerprint(admin.key).hex()})
    assert refused.code == "conflict"
    rotated = admin.installation.access.create_key("b").key.id
    path = f"/api_keys/{rotated}/rotate"
    assert admin.post(path, {"secret_sha256": fingerprint(admin.key).hex()}).code == "conflict"
    with pytest.raises(RefusedError, match="that of an admin key"):
        admin.installation.access.create_key("c", secret=admin.key)


@on_both
def test_no_api_key_has_the_token_of_a_calendar(admin: Admin) -> None:
    token = admin.post("/calendars", {"name": "c"}).json["token"]
    digest, key = fingerprint(token).hex(), admin.post("/api_keys", {"name": "b"}).json["id"]
    entry = {"place": "Line 1", "name": "a", "sha256": digest}
    document = {"manager": "team", "keys": [{"name": "a", "secret_sha256": digest}]}
    for path, body in (
        ("/api_keys", {"name": "a", "secret_sha256": digest}),
        (f"/api_keys/{key}/rotate", {"secret_sha256": digest}),
        ("/catalog/plans", {"document": document}),
    ):
        refused = admin.post(path, body)
        assert (refused.code, refused.message) == (
            "conflict", "A calendar has this secret, which can list no models; make another secret."
        )  # fmt: skip
    assert admin.post("/access/import", {"entries": [entry]}).message == (
        "Line 1: its secret is that of a calendar, which can list no models. Nothing was imported."
    )
    assert admin.installation.live().current.keyring.find(token.encode()) is None


def test_no_import_and_no_file_gives_a_key_the_secret_of_an_admin_key(admin: Admin) -> None:
    digest = fingerprint(admin.key).hex()
    refused = admin.post("/access/import", {"entries": [{"place": "Line 1", "name": "a", "sha256": digest}]})
    assert refused.message == (
        "Line 1: its secret is that of an admin key, which can list no models. Nothing was imported."
    )
    document = {"manager": "team", "keys": [{"name": "a", "secret_sha256": digest}]}
    assert admin.post("/catalog/plans", {"document": document}).code == "conflict"
    assert admin.installation.live().current.keyring.find(admin.key.encode()) is None


@given(st.binary(min_size=32, max_size=32), st.text(max_size=70))
def test_only_what_has_the_form_of_an_admin_secret_is_looked_up(drawn: bytes, other: str) -> None:
    secret = make_secret(drawn, ADMIN_PREFIX)
    assert may_be_admin_secret(secret)
    assert not may_be_admin_secret(make_secret(drawn))
    assert not may_be_admin_secret(other)
    assert not may_be_admin_secret(secret[:-1])
    assert not may_be_admin_secret(secret + "a")
    changed = secret[:20] + ("a" if secret[20] != "a" else "b") + secret[21:]
    assert not may_be_admin_secret(changed)
    assert Keyring().find(secret.encode()) is None


@on_both
def test_rotating_ends_the_old_key_at_once_or_after_the_overlap(admin: Admin) -> None:
    first = admin.post("/api_keys", {"name": "a"}).json
    second = admin.post(f"/api_keys/{first['id']}/rotate").json
    assert second["replaced"]["id"] == first["id"]
    assert (second["replaced"]["status"], second["status"]) == ("archived", "active")
    assert second["secret"] != first["secret"]
    third = admin.post(f"/api_keys/{second['id']}/rotate", {"overlap_hours": 1.5}).json
    assert (third["replaced"]["status"], third["replaced"]["expires_at"] is None) == ("active", False)
    assert admin.post(f"/api_keys/{first['id']}/rotate").code == "conflict"
    assert admin.post(f"/api_keys/{third['id']}/rotate", {"overlap_hours": -1}).code == "invalid_request"


def test_a_key_moves_to_the_organization_and_back(admin: Admin) -> None:
    key = admin.post("/api_keys", {"name": "a", "scope": {"type": "organization"}}).json
    assert (key["scope"], key["workspace_id"]) == ({"type": "organization"}, None)
    workspace = admin.post("/workspaces", {"name": "w"}).json["id"]
    path = f"/api_keys/{key['id']}"
    assert admin.post(path, {"workspace_id": workspace}).json["scope"]["workspace_id"] == workspace
    assert admin.post(path, {"name": "b"}).json["workspace_id"] == workspace
    assert admin.post(path, {"workspace_id": None}).json["workspace_id"] is None
    assert admin.post(path, {"workspace_id": "w"}).code == "does_not_exist"  # ids only


@pytest.mark.parametrize(
    "body",
    [
        {"scope": {"type": "organization", "workspace_id": "wrkspc_1"}},
        {"scope": {"type": "organization"}, "workspace_id": "wrkspc_1"},
        {"scope": {"type": "workspace"}},
        {"scope": {"type": "workspace", "workspace_id": "wrkspc_1"}, "workspace_id": "wrkspc_2"},
        {"secret": "0123456789abcdef"},
    ],
)
def test_an_owner_that_contradicts_itself_and_a_secret_are_refused(admin: Admin, body: dict[str, object]) -> None:
    assert admin.post("/api_keys", {"name": "a", **body}).code == "invalid_request"


def test_an_archived_key_stays_archived(admin: Admin) -> None:
    key = admin.post("/api_keys", {"name": "a"}).json["id"]
    assert admin.post(f"/api_keys/{key}", {"status": "archived"}).json["status"] == "archived"
    for status in ("active", "inactive"):
        assert admin.post(f"/api_keys/{key}", {"status": status}).code == "conflict"
    assert admin.post(f"/api_keys/{key}", {"status": "archived"}).status == 200


def test_nothing_of_an_update_is_done_if_part_of_it_is_refused(admin: Admin) -> None:
    key = admin.post("/api_keys", {"name": "a"}).json["id"]
    admin.post(f"/api_keys/{key}", {"status": "archived"})
    other = admin.post("/api_keys", {"name": "b"}).json
    admin.post("/api_keys", {"name": "c"})
    assert admin.post(f"/api_keys/{other['id']}", {"status": "inactive", "name": "c"}).code == "conflict"
    assert admin.get(f"/api_keys/{other['id']}").json["status"] == "active"


def fill(installation: Installation, count: int) -> list[str]:
    """The ids of keys, newest first: several of one second, some expired, disabled or archived."""
    access = installation.access
    keys = [access.create_key(f"k{number}").key for number in range(count)]
    moment = now().replace(microsecond=0) - timedelta(hours=1)
    changes = []
    for number, key in enumerate(keys):
        created = moment + timedelta(microseconds=(number // 3) * 500_000)
        expires = [None, moment, moment + timedelta(hours=3), now() - timedelta(seconds=1)][number % 4]
        changes.append(Change(Action.CHANGE, key, replace(key, created_at=created, expires_at=expires)))
    with installation.store.write("test", now()) as writing:
        writing.apply(changes)
    with installation.store.read() as reading:
        rows = [(row["created_at"], row["id"]) for row in reading._rows(tables.api_keys, "id", None)]
    return [key_id for _, key_id in sorted(rows, reverse=True)]


@on_both
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(limit=st.integers(1, 12), start=st.integers(0, 9), status=st.sampled_from([None, "active", "expired"]))
def test_walks_in_both_directions_see_each_key_once(
    admin: Admin, limit: int, start: int, status: str | None
) -> None:
    ids = admin.__dict__.setdefault("ids", None) or fill(admin.installation, 10)
    admin.__dict__["ids"] = ids
    kept = f"&status={status}" if status else ""
    listed = [each["id"] for each in admin.get(f"/api_keys?limit=1000{kept}").json["data"]]
    assert [each for each in ids if each in set(listed)] == listed
    assert status is not None or listed == ids
    forward, cursor = [], f"&after_id={ids[start]}"
    while True:
        page = admin.get(f"/api_keys?limit={limit}{kept}{cursor}").json
        forward += [each["id"] for each in page["data"]]
        if not page["has_more"]:
            break
        cursor = f"&after_id={page['last_id']}"
    assert forward == [each for each in ids[start + 1 :] if each in set(listed)]
    backward: list[str] = []
    cursor = f"&before_id={ids[start]}"
    while True:
        page = admin.get(f"/api_keys?limit={limit}{kept}{cursor}").json
        backward = [each["id"] for each in page["data"]] + backward
        if not page["has_more"]:
            break
        cursor = f"&before_id={page['first_id']}"
    assert backward == [each for each in ids[:start] if each in set(listed)]


def test_every_status_is_listed_apart_and_all_are_all(admin: Admin) -> None:
    fill(admin.installation, 9)
    every = {each["id"]: each["status"] for each in admin.get("/api_keys").json["data"]}
    for status in ("active", "inactive", "archived", "expired"):
        found = {each["id"] for each in admin.get(f"/api_keys?status={status}").json["data"]}
        assert found == {key for key, known in every.items() if known == status}
    assert (
        admin.get("/api_keys?status=&workspace_id=&created_by_user_id=").json["data"]
        == admin.get("/api_keys").json["data"]
    )


def test_keys_are_listed_by_who_made_them(admin: Admin) -> None:
    made = admin.post("/api_keys", {"name": "a"}).json
    admin.installation.access.create_key("b")
    by = made["created_by"]["id"]
    assert [each["id"] for each in admin.get(f"/api_keys?created_by_user_id={by}").json["data"]] == [made["id"]]
    assert admin.get("/api_keys?created_by_user_id=nobody").json["data"] == []
    admin.post(f"/api_keys/{made['id']}", {"name": "other"})
    successor = admin.post(f"/api_keys/{made['id']}/rotate").json
    found = [each["id"] for each in admin.get(f"/api_keys?created_by_user_id={by}").json["data"]]
    assert sorted(found) == sorted([made["id"], successor["id"]])


@on_both
def test_a_page_of_the_keys_that_somebody_made_is_read_by_an_index(admin: Admin) -> None:
    store = admin.installation.store
    with store.read() as reading:
        connection = reading._connection
        query = (
            "SELECT * FROM api_keys WHERE created_by = 'x' AND (created_at, id) < ('2030', 'a') "
            "ORDER BY created_at DESC, id DESC LIMIT 21"
        )
        if connection.dialect.name == "sqlite":
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
        else:
            connection.exec_driver_sql("SET enable_seqscan = off")  # of the few rows that there are
            plan = connection.exec_driver_sql(f"EXPLAIN {query}").all()
    text = " ".join(str(row[-1]) for row in plan)
    assert "ix_api_keys_created_by_created_at_id" in text
    assert "SORT" not in text.upper().replace("USE TEMP B-TREE", "SORT")

"""What holds for every call: authentication, scopes, dry runs, If-Match, repeated requests, and refusals."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callsheet.domain.access.admin_key import Scope
from callsheet.http.admin.app import AdminAPI
from callsheet.http.admin.endpoint import Endpoint
from callsheet.http.admin.endpoints import ENDPOINTS
from callsheet.http.paths import MAX_ADMIN_BODY_BYTES
from callsheet.service.admin.admin_keys import AdminKeyService
from tests.doors import AnswerDoor, AppDoor
from tests.http.admin.asking import ROOT, Admin
from tests.installation import Installation, now, on_both


def create(admin: Admin, name: str = "ci", **headers: str):  # type: ignore[no-untyped-def]
    return admin.post("/api_keys", {"name": name}, **headers)


@on_both
def test_a_key_is_created_read_and_listed(admin: Admin) -> None:
    made = create(admin)
    assert made.status == 200
    record = made.json
    assert record.pop("secret").startswith("sk-cs-")
    assert (record.pop("replaced"), record.pop("note")) == (None, None)
    assert admin.get(f"/api_keys/{record['id']}").json == record
    listed = admin.get("/api_keys").json
    assert listed == {"data": [record], "has_more": False, "first_id": record["id"], "last_id": record["id"]}
    assert record["created_by"] == {"id": admin_actor(admin), "type": "service_account"}


def admin_actor(admin: Admin) -> str:
    return f"admin:{AdminKeyService(admin.installation.store, 'test', now).list()[0].id}"


def test_either_header_authenticates(admin: Admin) -> None:
    assert admin.get("/me", x_api_key="", authorization=f"Bearer {admin.key}").status == 200
    assert admin.get("/me", x_api_key="wrong", authorization=f"bearer {admin.key}").status == 200


def test_no_credential_and_a_wrong_one_are_refused(admin: Admin) -> None:
    assert admin.get("/me", x_api_key="").code == "no_credential"
    for wrong in ("x", admin.key[:-1], admin.key[:-1] + ("a" if admin.key[-1] != "a" else "b")):
        reply = admin.get("/me", x_api_key=wrong)
        assert (reply.status, reply.code) == (401, "invalid_credential")
        assert wrong not in reply.message or wrong == "x"


def test_a_client_key_is_refused_with_a_sentence_that_says_so(admin: Admin) -> None:
    secret = create(admin).json["secret"]
    admin.live.refresh()
    reply = admin.get("/me", x_api_key=secret)
    assert (reply.status, reply.code) == (401, "client_key")
    assert "send an admin key" in reply.message


@pytest.mark.parametrize("end", ["disable", "archive"])
def test_an_admin_key_that_was_ended_is_refused_at_once(admin: Admin, end: str) -> None:
    other = admin.make_key("other")
    assert admin.get("/me", x_api_key=other).status == 200
    getattr(AdminKeyService(admin.installation.store, "test", now), end)("other")
    assert admin.get("/me", x_api_key=other).code == "invalid_credential"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    scopes=st.sets(st.sampled_from(Scope), min_size=1),
    endpoint=st.sampled_from(ENDPOINTS),
    part=st.sampled_from(["apikey_1", "wrkspc_1", "x"]),
)
def test_no_call_exceeds_the_scopes_of_its_key(
    admin: Admin, scopes: set[Scope], endpoint: object, part: str
) -> None:
    call = next(each for each in ENDPOINTS if each is endpoint)
    name = "+".join(sorted(scopes))
    known = {key.name for key in AdminKeyService(admin.installation.store, "test", now).list()}
    secrets = admin.__dict__.setdefault("secrets", {})
    if name not in known:
        secrets[name] = admin.make_key(name, *scopes)
    path = call.path.removeprefix(ROOT)
    for variable in ("workspace_id", "api_key_id", "admin_key_id"):
        path = path.replace(f"{{{variable}}}", part)
    reply = admin.send(call.method, path, b"{}", x_api_key=secrets[name])
    allowed = call.scope is Scope.READ or not scopes.isdisjoint({call.scope, Scope.ALL})
    assert (reply.status != 403) == allowed
    assert allowed or reply.code == "scope_missing"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(endpoint=st.sampled_from(ENDPOINTS), bearer=st.booleans(), organization=st.booleans())
def test_no_call_is_done_with_a_client_key(
    admin: Admin, endpoint: Endpoint, bearer: bool, organization: bool
) -> None:
    known = admin.__dict__.setdefault("clients", {})
    if organization not in known:
        access = admin.installation.access
        known[organization] = access.create_key(f"c{organization}", organization=organization).secret
        admin.live.refresh()
    secret, path = known[organization], endpoint.path.removeprefix(ROOT).replace("{", "").replace("}", "")
    sent = {"x_api_key": "", "authorization": f"Bearer {secret}"} if bearer else {"x_api_key": secret}
    before = admin.revision
    reply = admin.send(endpoint.method, path, b'{"name":"a"}', **sent)
    assert (reply.status, reply.code) == (401, "client_key")
    assert admin.revision == before


def test_no_list_is_answered_to_an_admin_key(installation: Installation) -> None:
    secret = Admin(installation).key
    for door in (AnswerDoor(installation), AppDoor(installation)):
        for headers in ({"x-api-key": secret}, {"authorization": f"Bearer {secret}"}):
            for path in ("/v1/models", "/v1/models/claude-opus-5"):
                asked = {**headers, "anthropic-version": "2023-06-01"}
                assert door.ask("GET", path, asked).status == 401
        door.close()


def test_what_looks_like_a_secret_is_not_kept_in_a_reason(admin: Admin) -> None:
    create(admin, "ci", x_callsheet_reason=f"for {admin.key}")
    assert admin.installation.history.list(limit=1)[0].reason == "for sk-***"


def test_a_dry_run_answers_with_the_plan_and_changes_nothing(admin: Admin) -> None:
    before = admin.revision
    plan = admin.post("/api_keys?dry_run=true", {"name": "planned"}).json
    assert plan["type"] == "plan"
    assert [(step["action"], step["subject"]) for step in plan["steps"]] == [("create", "planned")]
    assert plan["impact"]["audiences"] == [] or plan["impact"]["audiences"][0]["keys"] == 1
    assert admin.revision == before
    assert admin.get("/api_keys").json["data"] == []


@on_both
def test_if_match_lets_a_change_through_at_its_revision_only(admin: Admin) -> None:
    etag = admin.get("/me").headers["etag"]
    assert etag == f'"{admin.revision}"'
    assert create(admin, "one", if_match=etag).status == 200
    refused = create(admin, "two", if_match=etag)
    assert (refused.status, refused.code) == (412, "changed_concurrently")
    assert refused.headers["etag"] == f'"{admin.revision}"'
    assert create(admin, "two", if_match=f'{etag}, "{admin.revision}"').status == 200
    assert create(admin, "three", if_match="*").status == 200
    assert create(admin, "four", if_match=f'W/"{admin.revision}"').status == 412
    assert create(admin, "four", if_match="3").code == "invalid_request"
    assert admin.post("/api_keys?dry_run=true", {"name": "four"}, if_match=etag).status == 412


@on_both
def test_a_repeated_request_gets_the_answer_without_the_secret(admin: Admin) -> None:
    first = create(admin, "once", idempotency_key="a-1")
    again = create(admin, "once", idempotency_key="a-1")
    assert first.json["secret"]
    assert again.status == 200
    assert again.headers["idempotency-replayed"] == "true"
    assert {**again.json, "secret": first.json["secret"], "note": None} == first.json
    assert again.json["secret"] is None
    assert "shown once" in again.json["note"]
    assert again.headers["etag"] == first.headers["etag"]
    assert len(admin.get("/api_keys").json["data"]) == 1


def test_an_idempotency_key_is_for_one_request(admin: Admin) -> None:
    assert create(admin, "once", idempotency_key="a").status == 200
    other = create(admin, "twice", idempotency_key="a")
    assert (other.status, other.code) == (409, "idempotency_key_reused")
    assert len(admin.get("/api_keys").json["data"]) == 1


def test_another_admin_key_may_use_the_same_idempotency_key(admin: Admin) -> None:
    other = admin.make_key("other")
    assert create(admin, "one", idempotency_key="a").status == 200
    assert create(admin, "two", idempotency_key="a", x_api_key=other).json["secret"]


def test_a_refused_request_may_be_repeated_once_it_is_possible(admin: Admin) -> None:
    held = create(admin, "held").json["id"]
    assert create(admin, "held", idempotency_key="a").status == 409
    admin.post(f"/api_keys/{held}", {"status": "archived"})
    assert create(admin, "held", idempotency_key="a").status == 200


def test_the_reason_is_recorded(admin: Admin) -> None:
    create(admin, "ci", x_callsheet_reason="ticket 7")
    record = admin.installation.history.list(limit=1)[0]
    assert (record.reason, record.actor) == ("ticket 7", admin_actor(admin))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "The body is not valid JSON; send one JSON object."),
        (b"", "name: Field required"),
        (b"[]", "The body must be one JSON object."),
        (b'{"name":1}', "name: Input should be a valid string"),
        (b'{"name":"a","nmae":"b"}', "nmae: unknown member; did you mean name?"),
        (b'{"name":"a","b":"b"}', "b: unknown member; leave it out."),
        (b'{"name":"a","workspace":"b"}', "workspace: unknown member; did you mean workspace_id?"),
        (b'{"name":"a","scope":{"typ":"x"}}', None),
        (
            b'{"name":"a","scope":{"type":"workspace","workspace":"x"}}',
            "scope.workspace: unknown member; did you mean workspace_id?",
        ),
        (b'{"name":"a","secret_sha256":"ab"}', "secret_sha256: String should match pattern '^[0-9a-fA-F]{64}$'"),
        (b'{"name":"a","scope":{"type":"x"}}', "scope.type: Input should be 'workspace' or 'organization'"),
        (
            b'{"name":"a","expires_at":"soon"}',
            "expires_at must be a day such as 2026-02-04, or an RFC 3339 time, not 'soon'.",
        ),
        (b'{"name":"a","expires_at":"2020-01-01"}', "expires_at must lie in the future."),
        (b'{"name":" a"}', "A key name must be 1 to 128 printable characters, not ' a'."),
        (b'{"name":"\\ud800"}', None),
    ],
)
def test_a_body_that_is_not_right_is_refused_and_changes_nothing(
    admin: Admin, body: bytes, message: str | None
) -> None:
    before = admin.revision
    reply = admin.send("POST", "/api_keys", body)
    assert reply.status == 400
    assert reply.code in ("invalid_request", "invalid")
    assert message is None or reply.message == message
    assert admin.revision == before


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "limit: Input should be greater than or equal to 1"),
        ("limit=1001", "limit: Input should be less than or equal to 1000"),
        ("limit=", "limit: Input should be a valid integer, unable to parse string as an integer"),
        ("limit=1&limit=2", "limit: the parameter is there more than once."),
        ("limt=3", "limt: unknown parameter; did you mean limit?"),
        ("after_id=", "after_id: String should have at least 1 character"),
        ("after_id=apikey_none", "Invalid pagination cursor for 'after_id'"),
        ("before_id=%00", "Invalid pagination cursor for 'before_id'"),
        ("status=gone", "status: Input should be 'active', 'inactive', 'archived' or 'expired'"),
        ("%FF=1", "The query is not one of names and values in percent-encoded UTF-8."),
    ],
)
def test_a_query_that_is_not_right_is_refused(admin: Admin, query: str, message: str) -> None:
    reply = admin.get(f"/api_keys?{query}")
    assert (reply.status, reply.message) == (400, message)


def test_a_misspelt_dry_run_changes_nothing(admin: Admin) -> None:
    for query in ("dry_rum=true", "dry_run=yes", "dry_run=", "dry_run=true&dry_run=false"):
        assert admin.post(f"/api_keys?{query}", {"name": "a"}).status == 400
    assert admin.get("/api_keys").json["data"] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/", 404),
        ("GET", "", 404),
        ("GET", "/me/", 404),
        ("GET", "/api_keys%2Fx", 404),
        ("GET", "/api_keys/%2e%2e/me", 404),
        ("GET", "/api_keys/%ff", 400),
        ("GET", "/api_keys/%zz", 400),
        ("DELETE", "/api_keys/x", 405),
        ("PUT", "/api_keys", 405),
        ("OPTIONS", "/me", 405),
        ("POST", "/me", 405),
        ("BREW", "/me", 405),
    ],
)
def test_other_paths_and_methods_are_refused(admin: Admin, method: str, path: str, status: int) -> None:
    reply = admin.send(method, path, b"")
    assert reply.status == status
    assert json.loads(reply.content)["request_id"] == reply.headers["request-id"]
    assert ("allow" in reply.headers) == (status == 405)


def test_head_is_get_without_a_body(admin: Admin) -> None:
    whole, head = admin.get("/me"), admin.send("HEAD", "/me", b"")
    assert (head.status, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.content))


def test_a_header_that_is_there_twice_is_refused(admin: Admin) -> None:
    lines = [(b"x-api-key", admin.key.encode())]
    for name in (b"idempotency-key", b"if-match", b"x-api-key", b"x-callsheet-reason"):
        twice = [*lines, (name, b"a"), (name, b"a")]
        assert admin.exchange("GET", f"{ROOT}/me", twice, b"").status == 400


def test_a_member_that_is_there_twice_is_refused(admin: Admin) -> None:
    for body in (b'{"name":"a","name":"b"}', b'{"name":"a","tags":{"x":"1","x":"2"}}'):
        reply = admin.exchange("POST", f"{ROOT}/workspaces", [(b"x-api-key", admin.key.encode())], body)
        assert (reply.status, reply.code) == (400, "invalid_request")
        assert "stands twice in the body; say it once." in reply.message


def test_another_content_type_and_a_huge_body_are_refused(admin: Admin) -> None:
    assert admin.send("POST", "/api_keys", b"name=a", content_type="text/plain").status == 415
    huge = b'{"name":"%s"}' % (b"a" * MAX_ADMIN_BODY_BYTES)
    assert admin.send("POST", "/api_keys", huge).code == "too_large"
    assert admin.send("POST", "/api_keys", b'{"name":"a"}', content_type="").status == 200


def test_old_answers_are_dropped_and_young_ones_kept(admin: Admin) -> None:
    create(admin, "old", idempotency_key="old")
    create(admin, "young", idempotency_key="young")
    with admin.installation.store.write("test", now()) as writing:
        writing._connection.exec_driver_sql(
            "UPDATE repeated_requests SET at = '2020-01-01T00:00:00Z' WHERE idempotency_key = 'old'"
        )
    admin.api._worker._swept_at = None
    create(admin, "next", idempotency_key="next")
    with admin.installation.store.read() as reading:
        key_id = reading.admin_keys()[0].id
        kept = [name for name in ("old", "young", "next") if reading.given_answer(key_id, name) is not None]
    assert kept == ["young", "next"]


def test_of_two_admin_keys_the_one_that_may_do_it_counts_and_is_the_actor(admin: Admin) -> None:
    reading, old = admin.make_key("reading", Scope.READ), admin.make_key("old")
    assert admin.post("/workspaces", {"name": "a"}, x_api_key=old).status == 200
    keys = {key.name: key.id for key in AdminKeyService(admin.installation.store, "test", now).list()}
    assert admin.post(f"/admin_keys/{keys['old']}/archive").status == 200
    for name, first in (("b", reading), ("c", old)):
        assert (
            admin.post("/workspaces", {"name": name}, x_api_key=first, authorization=f"Bearer {admin.key}").status
            == 200
        )
        assert admin.get("/catalog/changes?limit=1").json["data"][0]["actor"] == f"admin:{keys['everything']}"
    assert "the scope all; this one has read" in admin.get("/admin_keys", x_api_key=reading).message


@pytest.mark.parametrize("header", ["if-match", "idempotency-key"])
def test_an_empty_header_that_guards_a_change_is_refused(admin: Admin, header: str) -> None:
    headers = [(b"x-api-key", admin.key.encode()), (header.encode(), b" ")]
    reply = admin.exchange("POST", f"{ROOT}/workspaces", headers, b'{"name":"a"}')
    assert (reply.status, reply.json["error"]["details"]["field"]) == (400, header)


def test_a_body_that_does_not_arrive_is_not_waited_for_without_end(admin: Admin) -> None:
    api, sent = AdminAPI(admin.live, ENDPOINTS, body_seconds=0.05), []

    async def receive() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    path = f"{ROOT}/workspaces"
    headers = [(b"x-api-key", admin.key.encode())]
    scope = {"type": "http", "method": "POST", "raw_path": path.encode(), "query_string": b"", "headers": headers}
    asyncio.run(asyncio.wait_for(api(scope, receive, send), 10))
    assert sent[0]["status"] == 400
    assert b"The body took too long to arrive." in sent[1]["body"]

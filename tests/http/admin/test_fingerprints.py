"""The SHA-256 of secrets is seen by those who may make keys, and by no other."""

import json
from hashlib import sha256
from typing import Any

import pytest

from callsheet.domain.access.admin_key import Scope
from tests.http.admin.asking import Admin, Reply

DIGEST = sha256(b"a short secret of a person").hexdigest()
OTHER = sha256(b"another secret of a person").hexdigest()


@pytest.fixture
def filled(admin: Admin) -> Admin:
    """With a key that a file holds by its SHA-256, and one that a file has adopted."""
    document = {"manager": "team", "keys": [{"name": "a", "secret_sha256": DIGEST}]}
    plan = admin.post("/catalog/plans", {"document": document}).json
    assert admin.post(f"/catalog/plans/{plan['id']}/apply", {"plan": plan["plan"]}).status == 200
    assert admin.post("/access/import", {"entries": [{"place": "1", "name": "b", "sha256": OTHER}]}).status == 200
    adopted = {"manager": "other", "keys": [{"name": "b", "secret_sha256": OTHER}]}
    plan = admin.post("/catalog/plans", {"document": adopted, "adopt": True}).json
    assert admin.post(f"/catalog/plans/{plan['id']}/apply", {"plan": plan["plan"]}).status == 200
    return admin


def planned(admin: Admin, document: dict[str, Any], **headers: str) -> Reply:
    """The plan of a file of the manager that made the key."""
    return admin.post("/catalog/plans", {"document": {"manager": "team", **document}}, **headers)


@pytest.mark.parametrize("scope", [Scope.READ, Scope.CATALOG])
def test_who_may_not_make_keys_sees_none(filled: Admin, scope: Scope) -> None:
    key = filled.make_key("less", scope)
    whole, less = (
        filled.get("/catalog/changes?limit=1000"),
        filled.get("/catalog/changes?limit=1000", x_api_key=key),
    )
    assert (whole.status, less.status) == (200, 200)
    for path in ("/catalog/export", "/catalog/snapshot"):
        assert DIGEST in filled.get(path).content.decode()
        refused = filled.get(path, x_api_key=key)
        assert (refused.status, refused.code) == (403, "scope_missing")
        assert "needs" in refused.message
    kept = filled.get("/catalog/export?only=models&only=workspaces&held_by=everyone", x_api_key=key)
    assert kept.status == 200
    assert kept.json.keys() <= {"manager", "models", "workspaces", "$schema"}
    rotated = planned(filled, {"keys": [{"name": "a", "secret_sha256": "ab" * 32}]}, x_api_key=key)
    removed = planned(filled, {"keys": []}, x_api_key=key)
    impact = {"calls": [{"path": f"/v1/organizations/access/keys/{name}/archive"} for name in ("a", "b")]}
    seen = [less, rotated, removed, filled.post("/impact", impact, x_api_key=key)]
    assert {each.status for each in seen} == {200}
    for each in seen:
        assert DIGEST not in each.content.decode()
        assert OTHER not in each.content.decode()
    assert "ab" * 32 in rotated.content.decode()  # which the caller knows


def test_a_plan_without_them_is_not_applied(filled: Admin) -> None:
    key = filled.make_key("reading", Scope.READ)
    plan = planned(filled, {"keys": []}, x_api_key=key).json
    from callsheet.domain.plan.reading import read_plan
    from callsheet.service.records import plan_id

    before = filled.revision
    refused = filled.post(
        f"/catalog/plans/{plan_id(read_plan(json.dumps(plan['plan'])))}/apply", {"plan": plan["plan"]}
    )
    assert refused.code == "conflict"
    assert refused.message == (
        "The plan lacks the SHA-256 of secrets, as who made it may not see them; plan the file again with an admin "
        "key that has the scope keys, too."
    )
    assert filled.revision == before


def test_a_file_without_secrets_is_planned_and_applied_by_those_who_may_not_see_them(filled: Admin) -> None:
    reading, changing = filled.make_key("r", Scope.READ), filled.make_key("c", Scope.CATALOG)
    document = {"models": [{"id": "new", "created_at": "2026-01-01"}]}
    plan = planned(filled, document, x_api_key=reading).json
    assert not plan["in_sync"]
    applied = filled.post(f"/catalog/plans/{plan['id']}/apply", {"plan": plan["plan"]}, x_api_key=changing)
    assert applied.status == 200

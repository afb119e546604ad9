"""The description of the Admin API is true: what it generates is answered as it says."""

import json
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from callsheet.domain.access.admin_key import Scope
from callsheet.http.admin.endpoints import ENDPOINTS
from callsheet.http.admin.errors import Code
from callsheet.http.admin.openapi import describe_admin
from callsheet.service.admin.admin_keys import AdminKeyService
from tests.docs.pages import ROOT
from tests.doors import HTTPDoor
from tests.http.admin.asking import Admin
from tests.installation import Installation, now
from tests.tiers import examples, first, repeated


@cache
def described() -> Any:
    """The description, as it is read."""
    import schemathesis  # here, as every process of the tests imports this file

    return schemathesis.openapi.from_dict(json.loads(json.dumps(describe_admin(ENDPOINTS))))


@pytest.fixture(scope="module")
def served(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HTTPDoor]:
    path = tmp_path_factory.mktemp("admin-openapi") / "callsheet.db"
    shutil.copy(_template, path)
    installation = Installation(f"sqlite:///{path}")
    secret = AdminKeyService(installation.store, "test", now).create("root", [Scope.ALL]).secret
    door = HTTPDoor(installation)
    door.set_up(max_url_bytes=65536)
    door.secret = secret
    yield door
    door.close()


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("endpoint", first(ENDPOINTS, 8), ids=lambda each: each.operation)
def test_what_the_description_generates_is_answered_as_it_says(endpoint: Any, mode: str, served: HTTPDoor) -> None:
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    operation = described()[endpoint.path][endpoint.method]

    @given(case=operation.as_strategy(generation_mode=GenerationMode(mode)))
    @examples(repeated(1, 0.3))  # all endpoints are as much repetition as there need be
    def check(case: Any) -> None:
        case.headers.pop("if-match", None)  # most texts are no revision, which no schema can say
        case.call_and_validate(
            base_url=f"http://127.0.0.1:{served.port}",
            headers={"x-api-key": served.secret},
            excluded_checks=[positive_data_acceptance],  # no schema can say which texts are names or ids
        )

    check()


def documented(page: str) -> Iterator[tuple[str, str]]:
    """The calls in the tables of a page; behind a path, others that end differently."""
    for cell in re.findall(r"^\| (`(?:GET|POST|DELETE)\b.*?`) \|", page, re.MULTILINE):
        methods, path = list[str](), ""
        for part in re.findall("`([^`?]*)[^`]*`", cell):
            method, _, first = part.rpartition(" ")
            if part.startswith("/"):
                path = path.rpartition("/")[0] + part
            elif not first.startswith("/"):
                methods.append(part)
                continue
            else:
                methods.append(method)
                path = first
            yield from ((each, path) for each in methods)


def test_every_call_and_every_code_is_in_the_reference() -> None:
    page = (ROOT / "docs/reference/admin-api.md").read_text(encoding="utf-8")
    assert set(documented(page)) == {(each.method, each.path) for each in ENDPOINTS}
    assert {code for code in Code if f"`{code}`" not in page} == set()


def test_operations_are_named_once() -> None:
    names = [each.operation for each in ENDPOINTS]
    assert len(names) == len(set(names))


def test_every_answer_is_of_its_type(admin: Admin) -> None:
    key = admin.post("/api_keys", {"name": "a"}).json
    workspace = admin.post("/workspaces", {"name": "w"}).json
    ids = {"workspace_id": workspace["id"], "api_key_id": key["id"], "admin_key_id": key["created_by"]["id"][6:]}
    seen = set()
    for endpoint in ENDPOINTS:
        path = endpoint.path.removeprefix("/v1/organizations")
        if endpoint.method != "GET" or "/catalog/" in path:
            continue
        for name, value in ids.items():
            path = path.replace(f"{{{name}}}", value)
        reply = admin.get(path)
        if reply.status == 200:
            endpoint.answer.model_validate(reply.json)
            seen.add(endpoint.operation)
    assert {"getOrganization", "listWorkspaces", "getWorkspace", "listAPIKeys", "getAPIKey"} <= seen

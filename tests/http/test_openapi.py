"""The description at /openapi.json is true: what it generates is answered as it says."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from tests.doors import HTTPDoor
from tests.installation import Installation
from tests.tiers import examples

CURSORS = {"after_id", "before_id"}


@pytest.fixture(scope="module")
def served(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HTTPDoor]:
    path = tmp_path_factory.mktemp("openapi") / "callsheet.db"
    shutil.copy(_template, path)
    door = HTTPDoor(Installation(f"sqlite:///{path}"))
    yield door
    door.close()


@pytest.fixture(scope="module")
def description(served: HTTPDoor) -> Any:
    import schemathesis  # here, as every process of the tests imports this file

    return schemathesis.openapi.from_url(f"http://127.0.0.1:{served.port}/openapi.json")


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/{model_id}", "/healthz", "/readyz", "/metrics"])
def test_what_the_description_generates_is_answered_as_it_says(
    path: str, mode: str, served: HTTPDoor, description: Any
) -> None:
    from schemathesis import GenerationMode

    operation = description[path]["GET"]
    if mode == "negative" and path in ("/healthz", "/readyz", "/metrics"):
        return  # they take nothing that could be wrong

    @given(case=operation.as_strategy(generation_mode=GenerationMode(mode)))
    @examples(1)
    def check(case: Any) -> None:
        for cursor in CURSORS & set(case.query or ()) if mode == "positive" else ():
            case.query[cursor] = "claude-opus-5"  # which strings are cursors, no schema can say
        case.call_and_validate(headers={"x-api-key": served.secret})

    check()


def test_the_description_needs_no_key_and_is_openapi_3_1(served: HTTPDoor) -> None:
    reply = served.ask("GET", "/openapi.json")
    assert reply.status == 200
    assert reply.json["openapi"].startswith("3.1")
    assert set(reply.json["paths"]) == {"/v1/models", "/v1/models/{model_id}", "/healthz", "/readyz", "/metrics"}


def test_a_description_follows_the_settings(served: HTTPDoor) -> None:
    served.set_up(default_limit=50, extra_versions=["2027-01-01"])
    described = served.ask("GET", "/openapi.json").json
    (limit,) = (p for p in described["paths"]["/v1/models"]["get"]["parameters"] if p.get("name") == "limit")
    assert limit["schema"]["default"] == 50
    assert "2027-01-01" in described["components"]["parameters"]["version"]["schema"]["enum"]

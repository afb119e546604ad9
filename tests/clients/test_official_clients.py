"""The official client libraries, old and new, against a real server."""

import re
from typing import Any, Final, NamedTuple

import pytest

from tests.clients.programs import (
    UNKNOWN,
    go_driver,
    java_driver,
    python_driver,
    run_driver,
    typescript_driver,
)
from tests.clients.server import ENCODED, FOREIGN, NAMES, SLASH, ClientServer
from tests.tiers import exhaustive, first

LIMIT: Final = 3
LIFECYCLES: Final = ["deprecated", "retired"]
BETAS: Final = ["context-1m-2025-08-07", "a-beta-of-next-week"]
REQUEST_ID: Final = re.compile(r"req_01[1-9A-HJ-NP-Za-km-z]{22}")

SLASH_INFO: Final = {
    "type": "model",
    "id": SLASH,
    "display_name": SLASH.title(),
    "created_at": "2026-01-02T00:00:00Z",
    "line": "opus",
    "max_input_tokens": 200000,
    "max_tokens": None,
    "capabilities": None,
    "lifecycle": "active",
    "deprecated_at": None,
    "retires_at": None,
    "description": "A small model of our own.",
}


class Client(NamedTuple):
    """An official client, and what sets it apart from the others."""

    name: str
    mode: str
    version: str  # how its version begins
    wrong_key: str  # the message shows which header carries its key
    filters: bool = True  # by lifecycle
    asks_on: bool = False  # whatever has_more says, until a page is empty
    turns_back: bool = False  # begun with before_id, it goes on with after_id beside it
    encodes: bool = True  # what it puts into a path

    def __str__(self) -> str:
        return f"{self.name}-{self.mode}"

    @property
    def command(self) -> list[str]:
        """What runs its driver."""
        if self.name.startswith("sdk-"):
            return typescript_driver(self.name)
        if self.name.startswith("java-"):
            return java_driver(self.name, "anthropic", self.mode)
        if self.name == "go":
            return go_driver("anthropic")
        return python_driver(self.name, "drive_anthropic.py", self.mode)

    def error_class(self, kind: str) -> str:
        """What its error of this type, in the contract's words, is called."""
        if self.name == "go":
            return f"Error of type {kind}"  # the one class there is
        return (JAVA_ERRORS if self.name.startswith("java-") else ERRORS)[kind]


ERRORS: Final = {
    "authentication_error": "AuthenticationError",
    "not_found_error": "NotFoundError",
    "invalid_request_error": "BadRequestError",
}
JAVA_ERRORS: Final = {
    "authentication_error": "UnauthorizedException",
    "not_found_error": "NotFoundException",
    "invalid_request_error": "BadRequestException",
}

X_API_KEY: Final = "invalid x-api-key"
BEARER: Final = "Invalid bearer token"
CLIENTS: Final = [
    Client("anthropic-0.42", "sync", "0.42.", X_API_KEY, filters=False, asks_on=True, encodes=False),
    Client("anthropic-0.42", "async", "0.42.", X_API_KEY, filters=False, asks_on=True, encodes=False),
    Client("anthropic-1.17", "sync", "1.17.", X_API_KEY),
    Client("anthropic-1.17", "async", "1.17.", X_API_KEY),
    Client("anthropic-2", "sync", "2.", BEARER),
    Client("anthropic-2", "async", "2.", BEARER),
    Client("sdk-0", "async", "0.", X_API_KEY),
    Client("sdk-1", "async", "1.", BEARER),
    Client("go", "sync", "v2.", BEARER),
    Client("java-2.58", "sync", "2.58.", X_API_KEY, filters=False, asks_on=True, turns_back=True),
    Client("java-3", "sync", "3.", BEARER),
    Client("java-3", "async", "3.", BEARER),
]


class Answered(NamedTuple):
    """A client and its report."""

    client: Client
    report: dict[str, Any]


#: Those that ask like no other; the rest is left to ``--all``.
UNLIKE: Final = {
    "anthropic-0.42-sync",
    "anthropic-2-sync",
    "sdk-1-async",
    "go-sync",
    "java-2.58-sync",
    "java-3-sync",
}


@pytest.fixture(
    scope="session",
    params=[pytest.param(each, marks=() if str(each) in UNLIKE else exhaustive) for each in CLIENTS],
    ids=str,
)
def answered(request: pytest.FixtureRequest, client_server: ClientServer) -> Answered:
    client: Client = request.param
    job = {
        "limit": LIMIT,
        "last_id": client_server.model_ids[-1],
        "lifecycle": LIFECYCLES,
        "betas": BETAS,
        "beta_name": SLASH,
        "names": list(meanings(client, client_server)),
    }
    return Answered(client, run_driver(client.command, client_server, job))


def meanings(client: Client, server: ClientServer) -> dict[str, str]:
    """What a client retrieves, and the id of the answer: all but the model whose line its types do not name."""
    out_of_reach = {FOREIGN, *(() if client.encodes else ENCODED)}
    return NAMES | {model["id"]: model["id"] for model in server.catalog if model["id"] not in out_of_reach}


@pytest.fixture(scope="session", params=first(["sync", "async"]))
def openai_report(request: pytest.FixtureRequest, client_server: ClientServer) -> dict[str, Any]:
    command = python_driver("openai", "drive_openai.py", request.param)
    report: dict[str, Any] = run_driver(command, client_server, {"names": list(NAMES)})
    return report


def test_the_client_is_the_one_it_is_called(answered: Answered) -> None:
    assert answered.report["version"].startswith(answered.client.version)


def test_a_page_has_its_models_its_cursors_and_a_request_id(
    answered: Answered, client_server: ClientServer
) -> None:
    page = dict(answered.report["page"])
    expected = client_server.model_ids[:LIMIT]
    assert REQUEST_ID.fullmatch(page.pop("request_id"))
    assert page == {"ids": expected, "has_more": True, "first_id": expected[0], "last_id": expected[-1]}


def test_a_forward_walk_visits_every_model_newest_first(answered: Answered, client_server: ClientServer) -> None:
    walk, expected = answered.report["forward"], client_server.model_ids
    assert walk["ids"] == expected
    pages = [expected[start : start + LIMIT] for start in range(0, len(expected), LIMIT)]
    assert walk["pages"] == ([*pages, []] if answered.client.asks_on else pages)
    assert len(pages) > 3


def test_a_backward_walk_visits_the_pages_before_each_other(
    answered: Answered, client_server: ClientServer
) -> None:
    walk, pages = answered.report["backward"], pages_before_the_last(client_server.model_ids)
    assert len(pages) > 3
    if answered.client.turns_back:
        pages = pages[:1]
    assert walk["pages"] == ([*pages, []] if answered.client.asks_on else pages)
    assert walk["ids"] == [model_id for page in pages for model_id in page]


def pages_before_the_last(ids: list[str]) -> list[list[str]]:
    """Each page newest first and next to the one before it, the nearest to the last model first."""
    ends = range(len(ids) - 1, 0, -LIMIT)
    return [ids[max(0, end - LIMIT) : end] for end in ends]


def test_every_field_of_every_model_comes_through(answered: Answered, client_server: ClientServer) -> None:
    with client_server.connect({"x-api-key": client_server.key, "anthropic-version": "2023-06-01"}) as plain:
        sent = plain.get("/v1/models", params={"limit": 1000}).json()["data"]
    assert answered.report["all"] == sent
    assert [model["id"] for model in sent] == client_server.model_ids
    assert SLASH_INFO in sent


def test_the_lifecycle_filter_gives_only_those_stages(answered: Answered, client_server: ClientServer) -> None:
    expected = client_server.ids_of(*LIFECYCLES)
    assert answered.report["lifecycle"] == (expected if answered.client.filters else None)
    assert len(expected) > LIMIT


def test_retrieving_an_id_or_an_alias_gives_the_model_it_means(
    answered: Answered, client_server: ClientServer
) -> None:
    retrieved = answered.report["retrieved"]
    assert {name: model["id"] for name, model in retrieved.items()} == meanings(answered.client, client_server)
    assert retrieved[SLASH] == SLASH_INFO


def test_the_beta_routes_give_the_same(answered: Answered, client_server: ClientServer) -> None:
    assert answered.report["beta"] == {"ids": client_server.model_ids, "retrieved": SLASH_INFO}


@pytest.mark.parametrize(
    ("case", "status", "kind", "message"),
    [
        ("wrong_key", 401, "authentication_error", None),
        ("unknown_model", 404, "not_found_error", f"model: {UNKNOWN}"),
        ("limit", 400, "invalid_request_error", "limit: Input should be less than or equal to 1000"),
        ("after_id", 400, "invalid_request_error", "Invalid pagination cursor for 'after_id'"),
        ("before_id", 400, "invalid_request_error", "Invalid pagination cursor for 'before_id'"),
    ],
)
def test_an_error_is_the_clients_own_class_with_its_request_id(
    answered: Answered, case: str, status: int, kind: str, message: str | None
) -> None:
    error = answered.report["errors"][case]
    assert REQUEST_ID.fullmatch(error["request_id"])
    assert error == {
        "class": answered.client.error_class(kind),
        "status": status,
        "request_id": error["request_id"],
        "body": {
            "type": "error",
            "error": {"type": kind, "message": message or answered.client.wrong_key},
            "request_id": error["request_id"],
        },
    }


def test_openai_lists_all_models_in_its_own_shape(
    openai_report: dict[str, Any], client_server: ClientServer
) -> None:
    assert openai_report["object"] == "list"
    assert REQUEST_ID.fullmatch(openai_report["request_id"])
    assert [model["id"] for model in openai_report["all"]] == client_server.model_ids
    assert {model["object"] for model in openai_report["all"]} == {"model"}
    foreign = {
        "id": FOREIGN,
        "object": "model",
        "created": 1767312000,
        "owned_by": "gemma",
        "name": FOREIGN.title(),
    }
    assert foreign in openai_report["all"]


def test_openai_retrieves_by_id_and_alias(openai_report: dict[str, Any]) -> None:
    retrieved = openai_report["retrieved"]
    assert {name: model["id"] for name, model in retrieved.items()} == NAMES
    assert retrieved[SLASH] == {
        "id": SLASH,
        "object": "model",
        "created": 1767312000,
        "owned_by": "anthropic",
        "context_window": 200000,
        "max_model_len": 200000,
        "context_length": 200000,
        "name": SLASH.title(),
    }


def test_openai_reads_the_day_on_which_a_model_retires(
    openai_report: dict[str, Any], client_server: ClientServer
) -> None:
    dates = {model["id"]: model["retires_at"] for model in client_server.catalog if model["retires_at"]}
    read = {model["id"]: model.get("shutdown_date") for model in openai_report["all"]}
    assert {name: date for name, date in read.items() if date} == {
        name: date[:10] for name, date in dates.items() if name in read
    }
    assert any(read.values())


def test_openai_raises_what_becomes_of_messages(openai_report: dict[str, Any]) -> None:
    error = openai_report["errors"]["message"]
    assert (error["class"], error["status"]) == ("NotFoundError", 404)
    assert "send messages to your gateway" in error["body"]["message"]


@pytest.mark.parametrize(
    ("case", "status", "name", "code"),
    [
        ("wrong_key", 401, "AuthenticationError", "invalid_api_key"),
        ("unknown_model", 404, "NotFoundError", "model_not_found"),
    ],
)
def test_openai_raises_its_own_class_with_a_request_id(
    openai_report: dict[str, Any], case: str, status: int, name: str, code: str
) -> None:
    error = openai_report["errors"][case]
    assert (error["class"], error["status"], error["code"]) == (name, status, code)
    assert REQUEST_ID.fullmatch(error["request_id"])
    assert set(error["body"]) == {"message", "type", "param", "code"}
    assert error["body"]["message"]

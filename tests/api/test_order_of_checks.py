"""Section 4: path, method, credential, version, workspace, query, model; the first failure answers."""

from collections.abc import Callable
from itertools import combinations, product
from typing import NamedTuple

import pytest

from tests.doors import Door, reading


class Ask(NamedTuple):
    """One request, to be broken in several ways at once."""

    method: str
    target: str
    headers: dict[str, str]


BREAK: dict[str, Callable[[Ask], Ask]] = {
    "path": lambda ask: ask._replace(target=ask.target.replace("models", "nothing")),
    "method": lambda ask: ask._replace(method="POST"),
    "credential": lambda ask: ask._replace(headers={**ask.headers, "x-api-key": "sk-wrong"}),
    "version": lambda ask: ask._replace(headers={**ask.headers, "anthropic-version": "1999-01-01"}),
    "workspace": lambda ask: ask._replace(headers={**ask.headers, "anthropic-workspace-id": "wrkspc_none"}),
    "query": lambda ask: ask._replace(target=f"{ask.target}?limit=0"),
    "model": lambda ask: ask._replace(target=f"{ask.target}/none"),
}
ANSWER = {
    "path": (404, "not_found_error", "Not found"),
    "method": (405, "invalid_request_error", "Method Not Allowed"),
    "credential": (401, "authentication_error", "invalid x-api-key"),
    "version": (400, "invalid_request_error", 'anthropic-version: "1999-01-01" is not a valid version'),
    "workspace": (403, "permission_error", "anthropic-workspace-id: not available to this API key"),
    "query": (400, "invalid_request_error", "limit: Input should be greater than or equal to 1"),
    "model": (404, "not_found_error", "model: none"),
}
#: A list has a query and no model, a model no query; both at once cannot fail.
PAIRS = [pair for pair in combinations(BREAK, 2) if pair != ("query", "model")]


def broken(door: Door, *parts: str) -> tuple[int, str, str]:
    ask = Ask("GET", "/v1/models", dict(door.credentials()))
    for part in parts:
        ask = BREAK[part](ask)
    return door.ask(*ask).error


@reading
@pytest.mark.parametrize("part", BREAK)
def test_each_check_alone_answers(door: Door, part: str) -> None:
    assert broken(door, part) == ANSWER[part]


@reading
def test_of_two_failures_the_earlier_check_answers(door: Door) -> None:
    for first, second in PAIRS:
        assert broken(door, first, second) == ANSWER[first], (first, second)


@reading
def test_of_all_failures_the_path_answers(door: Door) -> None:
    for last in ("query", "model"):
        assert broken(door, "path", "method", "credential", "version", "workspace", last) == ANSWER["path"]


@reading
def test_a_missing_credential_comes_before_a_missing_version(door: Door) -> None:
    for target, version in product(("/v1/models", "/v1/models/none", "/v1/models?limit=0"), ("", "1999-01-01")):
        reply = door.ask("GET", target, {"anthropic-version": version})
        assert reply.error == (401, "authentication_error", "x-api-key header is required")


@reading
def test_a_broken_model_id_is_a_broken_path(door: Door) -> None:
    reply = door.ask("POST", "/v1/models/%zz")
    assert reply.error[:2] == (400, "invalid_request_error")

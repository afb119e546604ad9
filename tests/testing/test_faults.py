"""Faults: what a client meets when a test asks for one."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import requests

from callsheet.domain.errors import InvalidError
from callsheet.testing import Fault, ModelsAPI
from callsheet.testing.faults import parse_fault
from tests.program import wait_for

MODELS = ["claude-a", "claude-b", "claude-c", "claude-d", "claude-e"]
ANTHROPIC = {"anthropic-version": "2023-06-01"}


@pytest.fixture
def api() -> Iterator[ModelsAPI]:
    """Five models, two on a page."""
    with ModelsAPI(MODELS, default_limit=2) as started:
        yield started


@pytest.fixture
def client(api: ModelsAPI) -> Iterator[httpx2.Client]:
    headers = {"x-api-key": api.api_key, **ANTHROPIC}
    with httpx2.Client(base_url=api.url, headers=headers, trust_env=False, timeout=30) as opened:
        yield opened


def walk(client: httpx2.Client, most: int = 9) -> list[str]:
    """Every id that a trusting client comes to, in at most so many pages."""
    found: list[str] = []
    query: dict[str, str] = {}
    for _ in range(most):
        page = client.get("/v1/models", params=query).json()
        found += [model["id"] for model in page["data"]]
        if not page["has_more"] or page["last_id"] is None:
            return found
        query = {"after_id": page["last_id"]}
    return [*found, "…"]


@pytest.mark.parametrize(
    ("status", "kind", "message", "should_retry"),
    [
        (429, "rate_limit_error", "A test asked for this error.", None),
        (500, "api_error", "Internal server error", None),
        (529, "overloaded_error", "Overloaded", None),
        (401, "authentication_error", "A test asked for this error.", "false"),
        (403, "permission_error", "A test asked for this error.", "false"),
        (404, "not_found_error", "A test asked for this error.", "false"),
        (408, "timeout_error", "A test asked for this error.", None),
        (413, "request_too_large", "A test asked for this error.", "false"),
        (418, "invalid_request_error", "A test asked for this error.", "false"),
        (502, "api_error", "A test asked for this error.", None),
    ],
)
def test_a_status_is_answered_once_in_the_envelope_of_the_contract(
    api: ModelsAPI, client: httpx2.Client, status: int, kind: str, message: str, should_retry: str | None
) -> None:
    fault = api.fail(status=status)
    answer = client.get("/v1/models")
    assert answer.status_code == status
    assert answer.headers.get("x-should-retry") == should_retry
    assert answer.json() == {
        "type": "error", "error": {"type": kind, "message": message}, "request_id": answer.headers["request-id"],
    }  # fmt: skip
    assert (fault.used, api.last_request.status) == (1, status)
    assert client.get("/v1/models").status_code == 200
    assert fault.used == 1


@pytest.mark.parametrize(("seconds", "header"), [(2, "2"), (0.25, "0.25"), (0, "0"), (1_000_000, "1000000")])
def test_an_error_says_when_to_come_back_and_why(
    api: ModelsAPI, client: httpx2.Client, seconds: float, header: str
) -> None:
    api.fail(status=429, retry_after=seconds, message="Slow down.")
    answer = client.get("/v1/models")
    assert answer.headers["retry-after"] == header
    assert answer.json()["error"]["message"] == "Slow down."


def test_an_openai_client_gets_the_error_in_its_own_envelope(api: ModelsAPI) -> None:
    api.fail(status=429, retry_after=3)
    answer = requests.get(f"{api.url}/v1/models", headers={"authorization": f"Bearer {api.api_key}"}, timeout=30)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert answer.json()["error"]["code"] == "rate_limit_exceeded"


def test_faults_happen_in_order_and_as_often_as_asked(api: ModelsAPI, client: httpx2.Client) -> None:
    twice, on_retrieve, forever = (
        api.fail(status=500, times=2),
        api.fail(status=403, on="retrieve"),
        api.fail(status=529, on="list", times=None),
    )
    asked = [
        "/v1/models",
        "/v1/models/claude-a",
        "/v1/models",
        "/v1/models/claude-a",
        "/v1/models/claude-a",
        "/v1/models",
    ]
    assert [client.get(target).status_code for target in asked] == [500, 500, 529, 403, 200, 529]
    assert (twice.used, on_retrieve.used, forever.used) == (2, 1, 2)
    forever.stop()
    assert client.get("/v1/models").status_code == 200
    assert api.unused_faults == []


def test_other_paths_are_spared(api: ModelsAPI, client: httpx2.Client) -> None:
    fault = api.fail(status=500)
    assert client.get("/elsewhere").status_code == 404
    assert api.unused_faults == [fault]


def test_a_delay_holds_up_one_response_and_no_other(api: ModelsAPI, client: httpx2.Client) -> None:
    fault = api.fail(delay=60, on="list")
    with pytest.raises(httpx2.ReadTimeout):
        client.get("/v1/models", timeout=0.1)
    wait_for(lambda: fault.used, "the double to come to it")
    assert (fault.used, api.last_request.status) == (1, 200)
    assert client.get("/v1/models").status_code == 200


def test_a_delayed_answer_comes_in_the_end(api: ModelsAPI, client: httpx2.Client) -> None:
    api.fail(delay=0.05)
    answer = client.get("/v1/models")
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.05
    api.fail(delay=0.05, status=500)
    assert client.get("/v1/models").status_code == 500


def test_a_cut_connection_ends_in_the_middle_of_the_body(api: ModelsAPI, client: httpx2.Client) -> None:
    whole = client.get("/v1/models").content
    fault = api.fail(cut=True, times=3)
    with client.stream("GET", "/v1/models") as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx2.RemoteProtocolError, match=f"received {len(whole) // 2} bytes"):
            answer.read()
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{api.url}/v1/models", headers=dict(client.headers), timeout=30)
    with pytest.raises(httpx2.RemoteProtocolError):
        client.head("/v1/models")  # which has no body to be cut
    assert fault.used == 3
    assert client.get("/v1/models").content == whole


def test_a_page_that_hides_the_rest_ends_a_walk_early(api: ModelsAPI, client: httpx2.Client) -> None:
    fault = api.fail(has_more=False)
    assert walk(client) == MODELS[:2]
    assert walk(client) == MODELS
    assert fault.used == 1


def test_a_page_that_always_promises_more_leads_beyond_the_end(api: ModelsAPI, client: httpx2.Client) -> None:
    api.fail(has_more=True, times=4)
    assert walk(client) == MODELS
    assert api.last_request.query == {"after_id": ["claude-e"]}


def test_a_looping_cursor_gives_the_first_page_again(api: ModelsAPI, client: httpx2.Client) -> None:
    fault = api.fail(loop=True, times=2)
    assert walk(client) == [*MODELS[:2], *MODELS[:2], *MODELS[:2], *MODELS[2:]]
    assert fault.used == 2
    api.fail(loop=True, times=None)
    assert walk(client, most=4) == [*MODELS[:2] * 4, "…"]


def test_null_ids_leave_a_client_without_a_cursor(api: ModelsAPI, client: httpx2.Client) -> None:
    api.fail(null_ids=True)
    page = client.get("/v1/models").json()
    assert list(page) == ["data", "has_more", "first_id", "last_id"]
    assert (page["has_more"], page["first_id"], page["last_id"]) == (True, None, None)
    api.fail(null_ids=True)
    assert walk(client) == MODELS[:2]


def test_a_spoiled_page_is_neither_compressed_nor_taken_for_one_known(
    api: ModelsAPI, client: httpx2.Client
) -> None:
    whole = client.get("/v1/models", params={"limit": 1000})
    api.change("claude-a", description="long " * 200)
    compressed = client.get("/v1/models", params={"limit": 1000})
    assert "content-encoding" in compressed.headers
    api.fail(has_more=True)
    spoiled = client.get(
        "/v1/models", params={"limit": 1000}, headers={"if-none-match": compressed.headers["etag"]}
    )
    assert (spoiled.status_code, "etag" in spoiled.headers) == (200, False)
    assert "content-encoding" not in spoiled.headers
    assert spoiled.json() == {**compressed.json(), "has_more": True}
    assert whole.json() != compressed.json()


@pytest.mark.parametrize("fault", [{"has_more": False}, {"null_ids": True}, {"loop": True}])
def test_a_response_that_is_not_a_page_cannot_be_spoiled(
    api: ModelsAPI, client: httpx2.Client, fault: dict[str, Any]
) -> None:
    asked = api.fail(**fault)
    assert client.get("/v1/models/claude-a").status_code == 200
    assert client.get("/v1/models", params={"after_id": "claude-a", "limit": 0}).status_code == 400
    assert client.head("/v1/models", params={"after_id": "claude-a"}).status_code == 200
    bearer = {"authorization": f"Bearer {api.api_key}"}
    openai = requests.get(f"{api.url}/v1/models?after_id=x", headers=bearer, timeout=30)
    assert len(openai.json()["data"]) == len(MODELS)
    assert asked.used == 0
    spoiled, whole = (client.get("/v1/models", params={"after_id": "claude-a"}).json() for _ in range(2))
    assert spoiled != whole
    assert asked.used == 1


def test_faults_happen_without_a_network_too() -> None:
    double = ModelsAPI(MODELS)

    async def ask() -> None:
        transport = httpx2.ASGITransport(app=double.asgi)
        headers = {"x-api-key": double.api_key, **ANTHROPIC}
        async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            assert (await client.get("/v1/models")).status_code == 529
            with pytest.raises(ConnectionResetError):
                await client.get("/v1/models")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.get("/v1/models"), 0.05)
            assert (await client.get("/v1/models")).status_code == 200

    for fault in ({"status": 529}, {"cut": True}, {"delay": 60}):
        given: dict[str, Any] = fault
        double.fail(**given)
    asyncio.run(ask())
    assert double.unused_faults == []


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({}, "nothing would go wrong; give status, delay, cut, has_more, loop or null_ids."),
        ({"times": 2}, "nothing would go wrong; give status, delay, cut, has_more, loop or null_ids."),
        ({"status": 200}, "status: input should be greater than or equal to 400."),
        ({"status": 600}, "status: input should be less than or equal to 599."),
        ({"delay": -1}, "delay: input should be greater than or equal to 0."),
        ({"delay": float("inf")}, "delay: input should be a finite number."),
        ({"cut": True, "times": 0}, "times: input should be greater than or equal to 1."),
        ({"cut": True, "on": "everything"}, "on: input should be 'list' or 'retrieve'."),
        ({"retry_after": 2}, "message and retry_after need a status."),
        ({"delay": 1, "message": "Hm."}, "message and retry_after need a status."),
        ({"status": 500, "loop": True}, "an error is not a page; give status, or has_more, loop and null_ids."),
        ({"loop": True, "has_more": False}, "loop sets has_more to true; leave has_more out."),
        ({"null_ids": True, "on": "retrieve"}, "has_more, loop and null_ids apply to lists only."),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(fault: dict[str, Any], sentence: str) -> None:
    api = ModelsAPI()
    with pytest.raises(InvalidError) as refused:
        api.fail(**fault)
    assert str(refused.value) == f"The fault is not valid: {sentence}"
    assert api.faults == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status=429,retry_after=2,times=3,on=list", Fault(status=429, retry_after=2, times=3, on="list")),
        (" retry-after = 0.5 , status = 503 ", Fault(status=503, retry_after=0.5)),
        ("cut,times=always", Fault(cut=True, times=None)),
        ("delay=0.5", Fault(delay=0.5)),
        ("loop", Fault(loop=True)),
        ("null-ids,has_more=true", Fault(null_ids=True, has_more=True)),
    ],
)
def test_a_fault_can_be_written_in_a_word_or_two(text: str, expected: Fault) -> None:
    assert parse_fault(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "",
            "A fault has no option ''; it has status, message, retry_after, delay, cut, has_more, loop, null_ids, ",
        ),
        ("cutt", "A fault has no option 'cutt'; it has status, "),
        ("status", "The option status of a fault needs a value; write status=…."),
        ("cut,delay", "The option delay of a fault needs a value; write delay=…."),
        ("status=many", "The fault is not valid: status: input should be a valid integer"),
    ],
)
def test_a_text_that_is_not_a_fault_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(InvalidError) as refused:
        parse_fault(text)
    assert str(refused.value).startswith(sentence)

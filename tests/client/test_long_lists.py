"""Long lists: memory of a small multiple of the body, whatever the rows are; by count, not by clock."""

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from callsheet import APIResponseError, Client
from callsheet.client import response_reader
from tests.client.asking import Script
from tests.tiers import repeated

ROWS = repeated(8_000, 30_000)


def most_memory(body: bytes, use: Callable[[Client], object]) -> float:
    """How many times the body was needed at most, beside it, to ask for it and to use it."""
    with Script(httpx2.Response(200, content=body)).client(dialect="openai") as client:
        tracemalloc.start()
        try:
            use(client)
            return tracemalloc.get_traced_memory()[1] / len(body)
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize(
    "row",
    [
        {"id": "acme/m"},
        {"id": "acme/m", "object": "model", "created": 1790000000, "owned_by": "acme", "name": "\U0001f341 Maple"},
        {"name": "without an id", "more": [[]] * 20},
    ],
    ids=["short", "long", "unreadable"],
)
def test_a_list_of_many_models_is_gone_through_in_a_few_times_its_size(row: dict[str, Any]) -> None:
    body = json.dumps({"object": "list", "data": [{"id": "first"}, *[row] * ROWS]}, ensure_ascii=False).encode()
    times = most_memory(body, lambda client: [None for _ in client.models.list()])
    assert times < 4, times


def test_ids_of_a_megabyte_take_no_more() -> None:
    body = json.dumps({"data": [{"id": "first"}, *[{"id": "x" * 2**20}] * 20]}).encode()
    assert most_memory(body, lambda client: client.models.list().unreadable) < 4


def test_the_longest_body_is_read_and_one_byte_more_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'{"data":[{"id":"m"}]}'
    monkeypatch.setattr(response_reader, "MAX_BODY_BYTES", len(body))
    assert len(Script(body).client().models.list().data) == 1
    with pytest.raises(APIResponseError, match="answered with more than"):
        Script(body + b" ").client().models.list()


def test_a_bound_is_larger_than_the_list_of_a_million_models() -> None:
    assert response_reader.MAX_BODY_BYTES > 122 * 2**20

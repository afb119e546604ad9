"""Long lists of everything for OpenAI's clients: sent in pieces, and the same by every door."""

import gzip

import pytest

from tests.doors import Door
from tests.installation import make_model


@pytest.fixture
def many(door: Door) -> Door:
    """More models than one block holds, whose list is longer than 64 KiB."""
    door.installation.add_at_once(make_model(f"many-{number:04}") for number in range(1200))
    return door


def test_a_long_list_is_whole_by_every_door_and_however_often_it_is_asked_for(many: Door) -> None:
    bearer = {"authorization": f"Bearer {many.secret}"}
    listed = [model["id"] for model in many.get("/v1/models?limit=1000").json["data"]]
    first, *others = (many.ask("GET", "/v1/models", bearer) for _ in range(4))
    assert len(first.body) > 64 * 1024
    assert [model["id"] for model in first.json["data"]][: len(listed)] == listed
    assert first.headers["content-length"] == str(len(first.body))
    for other in (*others, many.ask("GET", "/v1/models?limit=1", bearer)):
        assert (other.body, other.headers["etag"]) == (first.body, first.headers["etag"])
    headed = many.ask("HEAD", "/v1/models", bearer)
    assert (headed.headers["content-length"], headed.body) == (str(len(first.body)), b"")
    assert many.ask("GET", "/v1/models", {**bearer, "if-none-match": first.headers["etag"]}).status == 304


def test_a_long_list_is_compressed_by_a_thread_once_it_comes_again(many: Door) -> None:
    bearer = {"authorization": f"Bearer {many.secret}"}
    plain = many.ask("GET", "/v1/models", bearer)
    for _ in range(2):
        many.ask("GET", "/v1/models", {**bearer, "accept-encoding": "gzip"})
    many.live.current.views.compressed.run_queue()
    coded = many.ask("GET", "/v1/models", {**bearer, "accept-encoding": "gzip"})
    assert gzip.decompress(coded.body) == plain.body

"""Large bodies are compressed once, and never while a caller waits."""

import gzip

import pytest

from callsheet.api import compression
from callsheet.api.body import Body
from callsheet.api.compression import CompressedBodies
from tests.doors import Door
from tests.installation import make_model


@pytest.fixture
def large(door: Door) -> Door:
    """A list of well over 64 KiB."""
    door.installation.add_at_once(make_model(f"large-{number:03}", description="x" * 100) for number in range(400))
    return door


def test_a_large_list_comes_as_it_is_until_it_is_compressed(large: Door) -> None:
    plain = large.get("/v1/models?limit=1000")
    assert len(plain.body) > compression.MAX_INLINE_BYTES[b"gzip"]
    for _ in range(2):  # what is asked for once is not compressed at all
        first = large.get("/v1/models?limit=1000", {"accept-encoding": "gzip"})
        assert first.body in (plain.body, gzip.compress(plain.body, 6, mtime=0))  # a thread may have been quicker
    large.live.current.views.compressed.run_queue()
    for _ in range(3):
        later = large.get("/v1/models?limit=1000", {"accept-encoding": "gzip"})
        assert later.headers["content-encoding"] == "gzip"
        assert gzip.decompress(later.body) == plain.body
        assert later.headers["etag"] == plain.headers["etag"][:-1] + '-gzip"'


def test_a_server_compresses_a_large_list_by_itself(large: Door) -> None:
    large.live.start()
    try:
        while "content-encoding" not in large.get("/v1/models?limit=1000", {"accept-encoding": "gzip"}).headers:
            assert large.live.age < 30, "no thread compresses what is queued"
    finally:
        large.live.stop()


@pytest.fixture
def compressed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bodies that gzip was given, in their order."""
    given: list[bytes] = []
    gzipped = compression.codecs()[b"gzip"]

    def compress(content: bytes) -> bytes:
        given.append(content)
        return gzipped(content)

    monkeypatch.setitem(compression.codecs(), b"gzip", compress)
    return given


def test_a_huge_body_comes_as_it_is(compressed: list[bytes]) -> None:
    bodies = CompressedBodies()
    huge = Body(b"x" * (compression.MAX_COMPRESSED_BYTES + 1), b'"huge"')
    for _ in range(2):
        assert bodies.get_or_enqueue(1, huge, b"gzip") is None
        bodies.run_queue()
    assert compressed == []


def test_only_so_much_of_the_queue_is_compressed_at_a_time(compressed: list[bytes]) -> None:
    bodies = CompressedBodies()
    for number in range(10):
        assert bodies.get_or_enqueue(1, Body(bytes(2**20), b'"%d"' % number), b"gzip") is None
    for expected in (4, 8, 10, 10):
        bodies.run_queue()
        assert len(compressed) == expected


def test_a_body_is_queued_once_and_only_so_many_are(compressed: list[bytes]) -> None:
    bodies = CompressedBodies()
    large = bytes(compression.MAX_INLINE_BYTES[b"gzip"])
    for number in [0, 0, *range(100)]:
        assert bodies.get_or_enqueue(1, Body(large + b"%d" % number, b'"%d"' % number), b"gzip") is None
    for _ in range(3):
        bodies.run_queue()
    assert len(compressed) == len(set(compressed)) == 64
    bodies.run_queue()
    assert len(compressed) == 64, "they were compressed already"
    assert bodies.get_or_enqueue(1, Body(large + b"0", b'"0"'), b"gzip") is not None
    assert bodies.get_or_enqueue(2, Body(large + b"0", b'"0"'), b"gzip") is None, "it is of another view"

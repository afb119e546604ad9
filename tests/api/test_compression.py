"""Section 6: compressed bodies."""

import gzip
from collections.abc import Callable

import brotli
import pytest
import zstandard

from callsheet.api import compression
from tests.doors import AnswerDoor, Door, Reply
from tests.installation import Installation, make_model

DECODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
}
CHOICES = {
    "": None,
    "identity": None,
    "compress": None,
    "x-unknown, deflate": None,
    "gzip": "gzip",
    "GZIP": "gzip",
    "gzip, deflate": "gzip",
    "gzip, deflate, br": "br",
    "gzip, deflate, br, zstd": "zstd",
    "br;q=0.5, gzip;q=0.9": "gzip",
    "br ; q=0.9 , gzip;q=0.5": "br",
    "gzip;q=0": None,
    "gzip;q=0.0, br;q=0.1": "br",
    "zstd;q=0, br;q=0, gzip": "gzip",
    "gzip;q=0.5, identity": None,
    "gzip, identity;q=0.5": "gzip",
    "*": "zstd",
    "*;q=0": None,
    "zstd;q=0, *": "br",
    "gzip;q=1, *;q=0": "gzip",
    "gzip;q=abc": None,
    "gzip;q=": None,
    ",, ,": None,
    ";q=1": None,
}


def accepting(door: Door, codings: str, target: str = "/v1/models") -> Reply:
    """What is answered to a request that has come before, once there was time to compress it."""
    for _ in range(2):
        door.get(target, {"accept-encoding": codings})
    door.live.current.views.compressed.run_queue()
    return door.get(target, {"accept-encoding": codings})


@pytest.mark.parametrize("coding", DECODE)
def test_a_compressed_body_decodes_to_the_plain_one(door: Door, coding: str) -> None:
    plain, coded = door.get("/v1/models?limit=300"), accepting(door, coding, "/v1/models?limit=300")
    assert coded.headers["content-encoding"] == coding
    assert coded.headers["content-length"] == str(len(coded.body))
    assert len(coded.body) < len(plain.body) / 2
    assert DECODE[coding](coded.body) == plain.body


@pytest.mark.parametrize("coding", DECODE)
def test_openai_s_list_is_compressed_too(door: Door, coding: str) -> None:
    bearer = {"authorization": f"Bearer {door.secret}"}
    plain = door.ask("GET", "/v1/models", bearer)
    once, coded = (door.ask("GET", "/v1/models", {**bearer, "accept-encoding": coding}) for _ in range(2))
    assert once.headers["vary"] == coded.headers["vary"]
    assert DECODE[coding](coded.body) == plain.body


def test_the_caller_chooses_the_coding(door: Door) -> None:
    chosen = {asked: accepting(door, asked).headers.get("content-encoding") for asked in CHOICES}
    assert chosen == CHOICES


def test_repeated_lines_are_one_list(door: Door) -> None:
    for _ in range(2):
        door.get("/v1/models", [("accept-encoding", "br;q=0"), ("accept-encoding", "gzip")])
    door.live.current.views.compressed.run_queue()
    reply = door.get("/v1/models", [("accept-encoding", "br;q=0"), ("accept-encoding", "gzip")])
    assert reply.headers["content-encoding"] == "gzip"


def test_small_bodies_are_sent_as_they_are(door: Door, letters: Installation) -> None:
    for target in ("/v1/models?limit=1", "/v1/models/a", "/v1/models/none"):
        reply = accepting(door, "gzip, br, zstd", target)
        assert "content-encoding" not in reply.headers
        assert reply.body.startswith(b"{")


def test_what_could_be_compressed_varies_by_accept_encoding(door: Door) -> None:
    for codings in ("", "gzip"):
        assert "accept-encoding" in accepting(door, codings).headers["vary"].split(", ")


def test_a_tag_holds_for_its_coding_and_that_of_the_body_as_it_is_for_all(door: Door) -> None:
    tags = {coding: accepting(door, coding).headers["etag"] for coding in ("", *DECODE)}
    assert len(set(tags.values())) == 4
    for coding, asked in ((coding, asked) for coding in tags for asked in tags):
        reply = door.get("/v1/models", {"accept-encoding": coding, "if-none-match": tags[asked]})
        assert reply.status == (304 if asked in (coding, "") else 200), (coding, asked)
        if reply.status == 304:
            assert reply.headers["etag"] == tags[asked]
            assert "accept-encoding" in reply.headers["vary"].split(", ")


def test_a_compressed_body_follows_the_catalogue(door: Door, empty: Installation) -> None:
    empty.add_at_once(make_model(f"m{number:02}") for number in range(19))
    for name in ("new", "newer"):
        before = accepting(door, "gzip")
        empty.add(make_model(name, "2026-03-01"))
        after = accepting(door, "gzip")
        assert before.headers["etag"] != after.headers["etag"]
        assert gzip.decompress(after.body) == door.get("/v1/models").body


def test_head_speaks_of_the_compressed_body(door: Door) -> None:
    got = accepting(door, "gzip")
    headed = door.ask("HEAD", "/v1/models", [*door.credentials(), ("accept-encoding", "gzip")])
    assert headed.headers["content-length"] == str(len(got.body))
    assert headed.headers["content-encoding"] == "gzip"


def count_compressed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of all bodies that are compressed with gzip from now on."""
    lengths = list[int]()

    def compress(content: bytes) -> bytes:
        lengths.append(len(content))
        return gzip.compress(content, mtime=0)

    monkeypatch.setitem(compression.codecs(), b"gzip", compress)
    return lengths


@pytest.mark.parametrize("accepted", ["gzip, deflate", "gzip, deflate, br;q=0, zstd;q=0"])
def test_pages_that_are_asked_for_once_go_out_as_they_are(
    door: Door, empty: Installation, monkeypatch: pytest.MonkeyPatch, accepted: str
) -> None:
    if isinstance(door, AnswerDoor):
        return  # the function is told by its drivers what came before
    empty.add_at_once(make_model(f"model-{number:02}") for number in range(60))
    lengths = count_compressed(monkeypatch)
    for number in range(30):
        target = f"/v1/models?limit=20&after_id=model-{number:02}"
        once = door.get(target, {"accept-encoding": accepted})
        assert len(once.body) > compression.MIN_COMPRESSED_BYTES
        assert "content-encoding" not in once.headers
        assert "accept-encoding" in once.headers["vary"].split(", ")
    assert not lengths
    again, later = (door.get(target, {"accept-encoding": accepted}) for _ in range(2))
    assert again.headers["content-encoding"] == later.headers["content-encoding"] == "gzip"
    assert gzip.decompress(again.body) == once.body
    assert lengths == [len(once.body)]


def test_what_is_compressed_already_is_sent_to_a_caller_who_asks_for_the_first_time(door: Door) -> None:
    accepting(door, "gzip")
    other = door.get("/v1/models?whatever", {"accept-encoding": "gzip"})
    assert other.headers["content-encoding"] == "gzip"


def test_a_caller_who_has_the_plain_body_is_not_sent_the_compressed_one(door: Door) -> None:
    plain = door.get("/v1/models").headers["etag"]
    accepting(door, "gzip")
    for _ in range(3):
        reply = door.get("/v1/models", {"accept-encoding": "gzip", "if-none-match": f'"other", {plain}'})
        assert (reply.status, reply.headers["etag"], reply.body) == (304, plain, b"")


@pytest.mark.parametrize("times", [0, 1, 2])
def test_head_says_what_get_says_however_often_it_was_asked(door: Door, times: int) -> None:
    headers = [*door.credentials(), ("accept-encoding", "gzip")]
    got = None
    for _ in range(times):
        got = door.ask("GET", "/v1/models?limit=3", headers)
    headed = door.ask("HEAD", "/v1/models?limit=3", headers)
    if got is None:
        got = door.ask("GET", "/v1/models?limit=3", headers)
    for name in ("etag", "content-length", "vary", "content-encoding"):
        assert headed.headers.get(name) == got.headers.get(name), name

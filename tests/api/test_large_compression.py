"""Large bodies are compressed once, and never while somebody waits."""

import gzip

import pytest

from callsheet.api import compression
from callsheet.api.encoded import Backlog
from callsheet.api.encoded_block import Body
from callsheet.api.view import View
from tests.doors import Door
from tests.installation import make_model


@pytest.fixture
def large(door: Door) -> Door:
    """A list of well over 64 KiB."""
    with door.installation.store.write("test", door.installation.catalog._clock()) as writing:
        for number in range(400):
            model = make_model(f"large-{number:03}", description="x" * 100)
            writing.put_model(model)
            writing.record("add", "model", model.id, None, None)
    return door


def test_a_large_list_comes_as_it_is_until_it_is_compressed(large: Door) -> None:
    plain = large.get("/v1/models?limit=1000")
    assert len(plain.body) > compression.AT_ONCE
    for _ in range(2):  # what is asked for once is not compressed at all
        first = large.get("/v1/models?limit=1000", {"accept-encoding": "gzip"})
        assert first.body in (plain.body, gzip.compress(plain.body, 6, mtime=0))  # a thread may have been quicker
    compression.work_off(large.live.current.views.backlog)
    for _ in range(3):
        later = large.get("/v1/models?limit=1000", {"accept-encoding": "gzip"})
        assert later.headers["content-encoding"] == "gzip"
        assert gzip.decompress(later.body) == plain.body
        assert later.headers["etag"] == plain.headers["etag"][:-1] + '-gzip"'


def test_a_server_compresses_a_large_list_by_itself(large: Door) -> None:
    large.live.start()
    try:
        while "content-encoding" not in large.get("/v1/models?limit=1000", {"accept-encoding": "gzip"}).headers:
            assert large.live.age < 30, "nobody works off the backlog"
    finally:
        large.live.stop()


def test_a_huge_body_comes_as_it_is(large: Door) -> None:
    state = large.live.current
    view = state.view(state.workspaces[state.default_workspace_id])
    huge = Body(b"x" * (compression.LARGEST + 1), b'"huge"')
    for _ in range(2):
        assert compression.encode(view, huge, b"gzip") is None
        compression.work_off(state.views.backlog)


def test_only_so_much_of_the_backlog_is_worked_off_at_a_time(large: Door) -> None:
    state = large.live.current
    view = state.view(state.workspaces[state.default_workspace_id])
    backlog, done = Backlog(), list[bytes]()
    for number in range(10):
        backlog.add(view, Body(bytes(2**20), b'"%d"' % number), b"gzip")
    for expected in (4, 8, 10, 10):
        backlog.work_off(lambda _view, body, _coding: done.append(body.etag))
        assert len(done) == expected


def test_a_body_on_the_backlog_is_there_once_and_only_so_many_are(large: Door) -> None:
    state = large.live.current
    view: View = state.view(state.workspaces[state.default_workspace_id])
    backlog, done = Backlog(), list[bytes]()
    for number in [0, 0, *range(100)]:
        backlog.add(view, Body(b"", b'"%d"' % number), b"gzip")
    backlog.work_off(lambda _view, body, _coding: done.append(body.etag))
    assert len(done) == len(set(done)) == 64
    backlog.work_off(lambda *_: pytest.fail("it was done already"))

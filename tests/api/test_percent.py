"""Percent-encoding is undone as the standard library undoes it, and without its loops in Python."""

import urllib.parse
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.api.percent import unquote, unquote_to_bytes
from callsheet.http.app import CallsheetApp
from tests.http.plain import make_app, replies, run
from tests.http.wire import Line
from tests.installation import Installation
from tests.process.test_slow_callers import HEAD, KEY

ESCAPES = ["%61", "%C3%BC", "%ff", "%3d", "%25", "%", "%%", "%4", "%zz", "%=", "=", "_", "\n", "\r\n", " "]
pieces = st.sampled_from(ESCAPES)
texts = st.lists(pieces | st.text("abc=%_. \t\n\r", max_size=4)).map("".join)


@given(texts)
def test_bytes_are_what_the_library_makes_of_them(text: str) -> None:
    assert unquote_to_bytes(text.encode()) == urllib.parse.unquote_to_bytes(text)


@given(texts | st.text())
def test_text_is_what_the_library_makes_of_it(text: str) -> None:
    assert unquote(text) == urllib.parse.unquote(text)


@pytest.fixture
def app(installation: Installation) -> CallsheetApp:
    installation.key(secret=KEY)
    return make_app(installation)


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])
@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/v1/models/" + "%61" * 2600, 404, "model: " + "a" * 200),
        ("/v1/models/" + "%C3%BC" * 1300, 404, "model: " + "ü" * 200),
        ("/v1/models/" + "%61" * 2600 + "%ff", 400, "model_id: Input should be valid UTF-8"),
        ("/" + "%61" * 2600, 404, "Not found"),
    ],
)
def test_a_path_of_thousands_of_escapes_takes_no_loop_over_them(
    app: CallsheetApp, monkeypatch: pytest.MonkeyPatch, fast: bool, path: str, status: int, message: str
) -> None:
    def loop(*_: Any) -> NoReturn:
        raise AssertionError("the library's function was called")

    async def talk(_loop: Any) -> None:
        line = Line(app, fast=fast, max_url_bytes=8192, max_header_bytes=16384)
        monkeypatch.setattr(urllib.parse, "unquote", loop)
        monkeypatch.setattr(urllib.parse, "unquote_to_bytes", loop)
        await line.feed([HEAD.replace(b"/v1/models", path.encode(), 1) + b"\r\n"])
        (reply,) = replies(line.wire.sent)
        assert (reply.error[0], reply.error[2]) == (status, message)

    run(talk)


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])
def test_a_query_of_hundreds_of_escapes_is_read(app: CallsheetApp, fast: bool) -> None:
    async def talk(_loop: Any) -> None:
        line = Line(app, fast=fast, max_url_bytes=8192)
        target = b"/v1/models?limi%74=2&x=" + b"%61" * 500
        await line.feed([HEAD.replace(b"/v1/models", target, 1) + b"\r\n"])
        (reply,) = replies(line.wire.sent)
        assert reply.status == 200
        assert reply.body.count(b'"type":"model"') == 2

    run(talk)

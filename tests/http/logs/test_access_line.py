"""The access log: a line for every answer, whole, in order, and never in the way."""

import json
import os
import re
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.http.logs.access_line import FIELDS, LoggedResponse, formatter_for
from callsheet.http.logs.writer import AccessLog
from callsheet.settings import LogFormat
from tests.doors import AppDoor
from tests.http.logs.test_redact import read_logfmt
from tests.program import wait_for


class Pipe:
    """What is written to a descriptor, read by a thread."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        self.content = b""
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self) -> None:
        while data := os.read(self.reader, 65536):
            self.content += data

    def close(self) -> None:
        os.close(self.writer)
        self.thread.join()
        os.close(self.reader)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    opened = Pipe()
    yield opened
    opened.close()


def _logged(door: AppDoor, kind: LogFormat, pipe: Pipe) -> list[str]:
    door.app.observer.log = AccessLog(kind, pipe.writer)
    for _ in range(4):
        door.get("/v1/models?limit=1")
    door.get('/v1/models/a%22%0A"')
    door.ask("GET", "/v1/models", {"x-api-key": "sk-this-is-wrong-0123456789"})
    door.app.observer.stop()
    wait_for(lambda: pipe.content.count(b"\n") >= 6, "six lines")
    return pipe.content.decode().splitlines()


def test_a_json_line_says_who_asked_what_and_what_became_of_it(app_door: AppDoor, pipe: Pipe) -> None:
    lines = [json.loads(line) for line in _logged(app_door, LogFormat.JSON, pipe)]
    key_id = app_door.installation.access.list_keys()[0].id
    assert len(lines) == 6
    assert [line["status"] for line in lines] == [200, 200, 200, 200, 404, 401]
    assert {line["path"] for line in lines[:4]} == {"/v1/models?limit=1"}
    assert [line["key_id"] for line in lines] == [key_id] * 5 + [None]
    assert len({line["request_id"] for line in lines}) == 6
    for line in lines:
        assert list(line) == [
            *("time", "request_id", "duration_us", "client"),
            *("method", "path", "status", "bytes", "key_id"),
        ]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["time"])
        assert re.fullmatch(r"req_01[1-9A-HJ-NP-Za-km-z]{22}", line["request_id"])
        assert line["duration_us"] >= 0
        assert line["method"] == "GET"
        assert line["client"] in ("127.0.0.1", "-")


def test_a_common_line_has_the_common_form(app_door: AppDoor, pipe: Pipe) -> None:
    lines = _logged(app_door, LogFormat.COMMON, pipe)
    assert len(lines) == 6
    for line in lines:
        assert re.fullmatch(
            r"\S+ - (apikey_\w+|-) \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "
            r'"GET (\\.|[^"\\])+ HTTP/1\.1" \d{3} \d+',
            line,
        ), line


def test_a_logfmt_line_says_the_same_as_one_in_json(app_door: AppDoor, pipe: Pipe) -> None:
    lines = [read_logfmt(line) for line in _logged(app_door, LogFormat.LOGFMT, pipe)]
    key_id = app_door.installation.access.list_keys()[0].id
    assert [line["status"] for line in lines] == ["200"] * 4 + ["404", "401"]
    assert [line["key_id"] for line in lines] == [key_id] * 5 + ["-"]
    assert [line["path"] for line in lines[3:]] == ["/v1/models?limit=1", '/v1/models/a%22%0A"', "/v1/models"]
    for line in lines:
        assert tuple(line) == FIELDS
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["time"])
        assert int(line["duration_us"]) >= 0
        assert int(line["bytes"]) > 0


@pytest.mark.parametrize("kind", [LogFormat.JSON, LogFormat.LOGFMT, LogFormat.COMMON])
def test_what_a_proxy_gives_instead_of_an_address_is_not_logged(pipe: Pipe, kind: LogFormat) -> None:
    log = AccessLog(kind, pipe.writer)
    template = log.template(LoggedResponse("GET", b"/", b"", 200, 2, None))
    for client in ("203.0.113.1", "::1", '1" status=500 x="', "unknown", "", "x" * 1000):
        log.add(template, b"req_01", 0.0, client)
    log.start()
    log.stop()
    wait_for(lambda: pipe.content.count(b"\n") == 6, "six lines")
    shown = {
        LogFormat.JSON: rb'"client":"(.+?)"',
        LogFormat.LOGFMT: rb"client=(\S+)",
        LogFormat.COMMON: rb"(?m)^(\S+)",
    }
    assert re.findall(shown[kind], pipe.content) == [b"203.0.113.1", b"::1", b"-", b"-", b"-", b"-"]


def test_no_secret_is_in_the_log(app_door: AppDoor, pipe: Pipe) -> None:
    _logged(app_door, LogFormat.JSON, pipe)
    assert app_door.secret.encode() not in pipe.content
    assert b"sk-this-is-wrong" not in pipe.content


def test_lines_that_cannot_be_written_in_time_are_dropped_and_told_of(
    pipe: Pipe, caplog: pytest.LogCaptureFixture
) -> None:
    log = AccessLog(LogFormat.COMMON, pipe.writer, max_waiting_bytes=100)
    for _ in range(50):
        log.add((b"", b"a line of some length\n"), b"", 0.0, "")
    log.start()
    log.stop()
    assert 0 < pipe.content.count(b"\n") < 50 or wait_for(lambda: pipe.content, "a line")
    assert "lines of the access log were dropped" in caplog.text


def test_a_log_that_cannot_be_written_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    log = AccessLog(LogFormat.COMMON, writer)
    log.add((b"", b"a line\n"), b"", 0.0, "")
    log.start()
    log.stop()
    os.close(writer)
    assert "cannot be written" in caplog.text


@given(
    st.sampled_from([LogFormat.JSON, LogFormat.LOGFMT, LogFormat.COMMON]),
    st.sampled_from(["GET", "HEAD", 'a"b']),
    st.one_of(st.sampled_from([b"/v1/models", b"/v1/models/sk-0123456789abcdef", b"/v1/models/a%22"]), st.binary()),
    st.one_of(
        st.sampled_from([b"", b"limit=20&after_id=a", b"key=sk-0123456789abcdef", b'a="', b"\\"]), st.binary()
    ),
    st.sampled_from([None, "apikey_01", 'a"b']),
)
def test_a_line_is_the_same_whether_it_is_prepared_or_written_late(
    kind: LogFormat, method: str, path: bytes, query: bytes, key_id: str | None
) -> None:
    formatter = formatter_for(kind)
    response = LoggedResponse(method, path, query, 200, 5193, key_id)
    late, ready = [
        formatter.lines([(1e9, b"req_01", 0.5, "203.0.113.1", template)])
        for template in (response, formatter.template(response))
    ]
    assert late == ready
    assert late.count(b"\n") == 1

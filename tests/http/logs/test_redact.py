"""Lines of logs: nobody can forge one, and what looks like a secret is not in any."""

import json
import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.http.logs.messages import FieldsFormatter, TextFormatter
from callsheet.http.logs.redact import hide_secrets, write_logfmt

PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^\s"=\\]+)(?: |$)')


def read_logfmt(line: str) -> dict[str, str]:
    """What the pairs of a line say; nothing else may be in it."""
    assert PAIR.sub("", line) == ""
    return {name: json.loads(value) if value[0] == '"' else value for name, value in PAIR.findall(line)}


@given(st.dictionaries(st.sampled_from(["path", "message", "key_id"]), st.text()))
def test_logfmt_says_what_was_meant_on_one_line(fields: dict[str, str]) -> None:
    line = write_logfmt(fields)
    assert line.isprintable()
    assert line.isascii()
    assert read_logfmt(line) == fields


def test_what_needs_no_quotes_has_none() -> None:
    fields = {"status": 200, "path": "/v1/models", "key_id": None, "query": "a=b", "empty": "", "said": 'a "b"\n'}
    assert write_logfmt(fields) == r'status=200 path=/v1/models key_id=- query="a=b" empty="" said="a \"b\"\n"'


SECRET = "sk-cs-0123456789abcdefghijKLMNOP"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"/v1/models?api_key={SECRET}", "/v1/models?api_key=sk-***"),
        (f"/v1/models/{SECRET}/x", "/v1/models/sk-***/x"),
        (f"key%3D{SECRET}", "key%3Dsk-***"),
        ("x=sk%2Dcs%2d0123456789abcdef&y", "x=sk-***&y"),
        ("sk-ant-api03-abcdefghijk_lmnop and more", "sk-*** and more"),
        ("sk-proj-0123456789ab, sk-proj-0123456789ab", "sk-***, sk-***"),
        ("risk-0123456789abcdef", "risk-0123456789abcdef"),
        ("/v1/models/desk-model-2026-11-21", "/v1/models/desk-model-2026-11-21"),
        ("sk-short", "sk-short"),
        ("/v1/models?limit=2", "/v1/models?limit=2"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_and_nothing_else(text: str, shown: str) -> None:
    assert hide_secrets(text) == shown


def record(message: str, *arguments: object, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("callsheet", logging.ERROR, __file__, 1, message, arguments, None)
    made.created = 1_800_000_000.5
    made.__dict__.update(more)
    return made


def fail() -> None:
    raise ValueError(f"not {SECRET}\nand more")


def failure() -> object:
    with pytest.raises(ValueError, match="not ") as caught:
        fail()
    return caught.type, caught.value, caught.tb


def test_a_message_in_json_is_one_line_with_all_there_is_to_know() -> None:
    line = FieldsFormatter(json.dumps).format(
        record("%s failed: %s", "GET", SECRET, request_id="req_01x", exc_info=failure())
    )
    assert "\n" not in line
    told = json.loads(line)
    assert told["traceback"].startswith("Traceback ")
    assert told["traceback"].endswith("ValueError: not sk-***\nand more")
    del told["traceback"]
    assert told == {
        "time": "2027-01-15T08:00:00Z",
        "level": "error",
        "message": "GET failed: sk-***",
        "request_id": "req_01x",
    }


def test_a_message_in_logfmt_says_the_same() -> None:
    line = FieldsFormatter(write_logfmt).format(record("It is %s.", "away\nlevel=info"))
    assert read_logfmt(line) == {
        "time": "2027-01-15T08:00:00Z",
        "level": "error",
        "message": "It is away\nlevel=info.",
    }


def test_a_message_in_text_has_its_traceback_below_it_and_no_secret() -> None:
    first, *rest = TextFormatter().format(record("It failed: %s", SECRET, exc_info=failure())).splitlines()
    assert re.fullmatch(r"[-\d]+ [:,\d]+ ERROR It failed: sk-\*\*\*", first)
    assert rest[-2:] == ["ValueError: not sk-***", "and more"]

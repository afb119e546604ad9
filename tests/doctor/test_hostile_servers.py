"""Whatever a server answers, the doctor makes a report or a sentence of it."""

import gzip
import json
from dataclasses import replace
from typing import Any, Final

import pytest

from callsheet.doctor.examine import examine
from callsheet.doctor.report import Report
from callsheet.doctor.rules import load_clients
from callsheet.doctor.target import parse_target
from callsheet.domain.errors import DoctorError
from tests.broken.asking import Answered, Ask, Asked
from tests.broken.serving import serve_bytes
from tests.doctor.conftest import Diagnose, broken_rules

ODD_IDS: Final = [
    "\ud800 half a character",
    "\x1b[31mred\x1b[0m\r\n",
    "спать/日本?#%2F&=+ ../..",
    "x" * 5000,
    "| table | **bold** `code` ```",
]

DEEP: Final = '{"a":' * 900 + "1" + "}" * 900


def page(*models: Any, **fields: Any) -> str:
    """A page as JSON."""
    return json.dumps({"data": models, "has_more": False, "first_id": None, "last_id": None, **fields})


def model(model_id: Any, **fields: Any) -> dict[str, Any]:
    return {
        "type": "model",
        "id": model_id,
        "display_name": "A",
        "created_at": "2026-01-01T00:00:00Z",
        **fields,
    }


BODIES: Final = {
    "odd ids": page(*map(model, ODD_IDS), has_more=True, last_id=ODD_IDS[0]),
    "entries of every type": page(1, None, "text", [], {}, {"id": 3}, {"id": ""}, model("claude-x"), [[]]),
    "fields of every type": page(
        model(
            "claude-x", display_name=[1], created_at={}, lifecycle=["x"], max_tokens=True, capabilities=[1], line=4
        ),
        model("claude-y", type=None, created_at="yesterday", capabilities={"a": {"supported": {"deep": 1}}}),
        has_more="yes",
        first_id=7,
        last_id={"a": 1},
    ),
    "data is an object": json.dumps({"data": {"claude-x": {}}, "has_more": False}),
    "a list alone": json.dumps([model("claude-x")]),
    "numbers without end": '{"data":[{"id":"claude-x","created_at":NaN}],"has_more":Infinity,"last_id":'
    + "9" * 5000
    + "}",
    "very deep": f'{{"data":[{{"id":"claude-x","type":"model","capabilities":{DEEP}}}],"has_more":false}}',
    "an error in a success": json.dumps({"type": "error", "error": {"type": "x", "message": "y"}}),
    "not UTF-8": "\udcff\udcfe",
    "nothing": "",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_no_body_makes_it_fail(body: str, diagnose: Diagnose) -> None:
    async def answer(asked: Asked, ask: Ask) -> Answered:
        return Answered(200, {"content-type": "application/json"}, body.encode("utf-8", "surrogateescape"))

    try:
        report = diagnose(answer)
    except DoctorError as refusal:
        told = str(refusal)
    else:
        told = report.model_dump_json()
        assert Report.model_validate_json(told) == report
        assert broken_rules(report)
    assert told
    assert told.isprintable()


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnone",
        b"HTTP/1.1 999 \xff\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n",
    ],
    ids=["nothing", "another protocol", "a short body", "no gzip", "no status", "a long header"],
)
def test_what_is_not_http_is_told_in_a_sentence(reply: bytes) -> None:
    with serve_bytes(reply) as url, pytest.raises(DoctorError, match=r"[.]$") as refusal:
        examine(parse_target(url), "sk-some-key", load_clients(), patience=5)
    assert url in str(refusal.value)


def test_a_body_that_is_small_until_it_is_decompressed_is_not_read_to_its_end(diagnose: Diagnose) -> None:
    bomb = gzip.compress(b"[" * (65 << 20), 1)

    async def answer(asked: Asked, ask: Ask) -> Answered:
        plain = await ask(asked)
        return replace(plain, headers={**plain.headers, "content-encoding": "gzip"}, body=bomb)

    with pytest.raises(DoctorError, match="more than 64 MiB"):
        diagnose(answer)


def test_names_cannot_break_the_table_they_stand_in(diagnose: Diagnose) -> None:
    from callsheet.cli.diagnosis import write_diagnosis

    async def answer(asked: Asked, ask: Ask) -> Answered:
        return Answered(
            200, {"content-type": "application/json"}, BODIES["odd ids"].encode("utf-8", "surrogatepass")
        )

    text = write_diagnosis(diagnose(answer), verbose=True)
    assert text.isprintable() or set(filter(lambda character: not character.isprintable(), text)) == {"\n"}
    assert {line.count("|") for line in text.split("\n") if line.startswith("| ")} <= {5, 6}

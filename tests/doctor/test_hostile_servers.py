"""Whatever a server answers, the doctor makes a report or a sentence of it."""

import asyncio
import gzip
import json
import re
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pytest

from callsheet.cli.output.diagnosis.report import write_diagnosis
from callsheet.doctor.clients.rules import load_clients
from callsheet.doctor.examine import examine
from callsheet.doctor.probe import sender
from callsheet.doctor.probe.budget import MAX_BODY_BYTES, MAX_TOTAL_BYTES, Budget
from callsheet.doctor.probe.target import parse_target
from callsheet.doctor.report import Report
from callsheet.domain.errors import DoctorError
from tests.broken.asking import Answered, Ask, Asked
from tests.broken.serving import make_app, serve_app, serve_bytes
from tests.doctor.conftest import Diagnose, Stocked, broken_rules
from tests.tiers import repeated

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
    "a list of nothing at all": "[]",
    "a list that is null": '{"data": null}',
    "errors in one another": json.dumps({"error": {"error": {"error": {"error": {"error": "deep"}}}}}),
    "numbers without end": '{"data":[{"id":"claude-x","created_at":NaN}],"has_more":Infinity,"last_id":'
    + "9" * 5000
    + "}",
    "very deep": f'{{"data":[{{"id":"claude-x","type":"model","capabilities":{DEEP}}}],"has_more":false}}',
    "an error in a success": json.dumps({"type": "error", "error": {"type": "x", "message": "y"}}),
    "not UTF-8": "\udcff\udcfe",
    "nothing": "",
    "an id of a megabyte": page(model("claude-" + "x" * 1_000_000), model("claude-y"), has_more=True, last_id="z"),
    "marks of Markdown": page(model("` <img src=x> **@everybody** [a](b) ```"), has_more=True),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_no_body_makes_it_fail(body: str, diagnose: Diagnose) -> None:
    async def answer(asked: Asked, ask: Ask) -> Answered:
        return Answered(200, {"content-type": "application/json"}, body.encode("utf-8", "surrogateescape"))

    try:
        report = diagnose(answer)
    except DoctorError as refusal:
        reported = str(refusal)
    else:
        reported = report.model_dump_json()
        assert Report.model_validate_json(reported) == report
        assert broken_rules(report)
    assert reported
    assert reported.isprintable()
    assert len(reported) < 1_000_000


def test_a_body_that_is_not_json_is_not_a_list(diagnose: Diagnose) -> None:
    async def answer(asked: Asked, ask: Ask) -> Answered:
        body = page(model("claude-x")).replace('"2026-01-01T00:00:00Z"', "NaN")
        return Answered(200, {"content-type": "application/json"}, body.encode())

    with pytest.raises(DoctorError, match="that is not JSON"):
        diagnose(answer)


def test_tens_of_thousands_of_models_are_no_trouble() -> None:
    count = repeated(11_000, 33_000)
    body = page(*(model(f"claude-opus-{number}") for number in range(count)))
    reply = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}"
    with serve_bytes(reply.encode()) as url:
        report = examine(parse_target(url), "sk-some-key", load_clients(["claude-code", "java-sdk"]), timeout=30)
    assert len(report.models) == count
    assert report.unfinished == ""
    assert "limit-is-honoured" in broken_rules(report)


class Dripping:
    """An application that answers a byte at a time."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.sleep(0.05)


def test_a_server_that_never_comes_to_an_end_is_not_waited_for(stocked: Stocked) -> None:
    with (
        make_app(stocked.installation) as app,
        serve_app(Dripping(app)) as url,
        pytest.raises(DoctorError, match=r"did not answer within 0\.5 s"),
    ):
        examine(parse_target(url), "sk-some-key", load_clients(), timeout=0.5)


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
def test_a_reply_that_is_not_http_is_refused_in_a_sentence(reply: bytes) -> None:
    with serve_bytes(reply) as url, pytest.raises(DoctorError, match=r"[.]$") as refusal:
        examine(parse_target(url), "sk-some-key", load_clients(), timeout=5)
    assert url in str(refusal.value)


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip"])
def test_a_body_that_is_small_until_it_is_decompressed_is_not_read_to_its_end(
    coding: str, diagnose: Diagnose, limit_mib: int
) -> None:
    bomb = b"[" * (limit_mib + 1 << 20)
    for _ in coding.split(","):
        bomb = gzip.compress(bomb, 1)

    async def answer(asked: Asked, ask: Ask) -> Answered:
        plain = await ask(asked)
        return replace(plain, headers={**plain.headers, "content-encoding": coding}, body=bomb)

    with pytest.raises(DoctorError, match=f"more than {limit_mib} MiB"):
        diagnose(answer)


def test_names_cannot_become_markup(diagnose: Diagnose) -> None:
    async def answer(asked: Asked, ask: Ask) -> Answered:
        return Answered(200, {"content-type": "application/json"}, BODIES["marks of Markdown"].encode())

    text = re.sub(
        r"^```text$.*?^```$", "", write_diagnosis(diagnose(answer), verbose=True), flags=re.MULTILINE | re.DOTALL
    )
    assert "<img src=x>" in text
    assert "<img" not in re.sub(r"`[^`]*`", "", text)


def test_names_cannot_break_the_table_they_stand_in(diagnose: Diagnose) -> None:
    async def answer(asked: Asked, ask: Ask) -> Answered:
        return Answered(
            200, {"content-type": "application/json"}, BODIES["odd ids"].encode("utf-8", "surrogatepass")
        )

    text = write_diagnosis(diagnose(answer), verbose=True)
    assert text.isprintable() or set(filter(lambda character: not character.isprintable(), text)) == {"\n"}
    assert {line.count("|") for line in text.split("\n") if line.startswith("| ")} <= {5, 6}


@pytest.fixture
def limit_mib(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many MiB a body may have; in the first tier, it and all together may have a sixteenth."""
    shrunk = repeated(4, 0)
    if shrunk:
        monkeypatch.setattr(sender, "MAX_BODY_BYTES", MAX_BODY_BYTES >> shrunk)
        monkeypatch.setattr(sender, "Budget", partial(Budget, body_bytes=MAX_TOTAL_BYTES >> shrunk))
    return MAX_BODY_BYTES >> shrunk >> 20


def test_bodies_that_are_too_large_are_not_asked_for_without_end(diagnose: Diagnose, limit_mib: int) -> None:
    async def too_large_but_for_the_list(asked: Asked, ask: Ask) -> Answered:
        answered = await ask(asked)
        return answered if asked.value("limit") == "1000" else replace(answered, body=b" " * (limit_mib + 1 << 20))

    report = diagnose(too_large_but_for_the_list, clients=("claude-code",))
    assert report.unfinished == "the server sent too much in all"
    assert report.requests < 60

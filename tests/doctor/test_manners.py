"""The doctor only reads, asks little, hands the key to nobody else, and tells it to nobody."""

import html
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import unquote
from uuid import uuid4

import pytest

from callsheet.cli.output.diagnosis.report import write_diagnosis
from callsheet.doctor.clients.rules import load_clients
from callsheet.doctor.examine import examine
from callsheet.doctor.probe.target import parse_target
from callsheet.doctor.report import Level, Report, Result
from callsheet.domain.errors import DoctorError
from tests.broken import bugs
from tests.broken.asking import Answered, Ask, Asked, Bug
from tests.broken.serving import make_app, serve_app, serve_broken, serve_bytes, with_bugs
from tests.doctor.conftest import ALIAS, Diagnose, Stocked, client_findings, codes
from tests.tiers import exhaustive, first


class Witness:
    """A bug that is none: it writes down what is asked."""

    __name__ = "witness"

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    async def __call__(self, asked: Asked, ask: Ask) -> Answered:
        self.asked.append(asked)
        return await ask(asked)


@pytest.fixture
def witness() -> Witness:
    return Witness()


def test_it_sends_nothing_that_could_change_anything(diagnose: Diagnose, witness: Witness) -> None:
    report = diagnose(witness)
    methods = Counter(asked.method for asked in witness.asked)
    assert set(methods) == {"GET", "PROPFIND"}  # HEAD reaches the witness as GET
    assert methods["PROPFIND"] == 2
    assert len(witness.asked) + 1 == report.requests <= 200  # one URL is too long to get there
    assert all(asked.path.lstrip("/").startswith("v1/") for asked in witness.asked)


def test_it_sends_the_key_in_headers_only(diagnose: Diagnose, stocked: Stocked, witness: Witness) -> None:
    diagnose(witness)
    for asked in witness.asked:
        assert stocked.key not in f"{asked.path}{asked.query}"
        assert set(asked.headers) - {name for name, value in asked.headers.items() if stocked.key in value}


@pytest.mark.parametrize("status", first([301, 302, 303, 307, 308], 2))
def test_it_follows_no_redirect(status: int, stocked: Stocked, diagnose: Diagnose) -> None:
    elsewhere = Witness()
    with make_app(stocked.installation) as app, serve_app(with_bugs(app, elsewhere)) as url:

        async def redirect(asked: Asked, ask: Ask) -> Answered:
            return Answered(status, {"location": f"{url}{asked.path}"})

        report = diagnose(redirect)
    assert elsewhere.asked == []
    assert {"claude-code:redirected", "python-sdk:redirected"} <= client_findings(report)


async def leaky(asked: Asked, ask: Ask) -> Answered:
    """Put the caller's key wherever it can be put, in answers that are otherwise right."""
    key = asked.headers.get("x-api-key") or asked.headers.get("authorization", "").removeprefix("Bearer ")
    answered = await ask(asked)
    answered = answered.each_model(lambda model: {**model, "id": f"{model['id']}-{key}", "display_name": key})
    if answered.status >= 400 and asked.headers.get("x-api-key") and b'"error":{' in answered.body:
        answered = answered.changed(error={"type": "authentication_error", "message": f"{'x' * 150} {key}"})
    return replace(answered, headers={**answered.headers, "location": key, "request-id": key, "allow": key})


def test_no_part_of_the_report_holds_the_key(diagnose: Diagnose, stocked: Stocked) -> None:
    report = diagnose(leaky, bugs.null_cursors)
    reported = report.model_dump_json()
    assert stocked.key not in reported
    assert stocked.key[:12] not in reported  # nor a piece of it, where something was cut short
    assert "[key]" in reported


def halves(key: str) -> str:
    return f"{key[: len(key) // 2]} and {key[len(key) // 2 :]}"


#: How a server may write a key into JSON, so that whoever reads that has it.
WRITINGS: Final[dict[str, Callable[[str], str]]] = {
    "as it is": str,
    "escaped": lambda key: "".join(f"\\u{ord(each):04X}" for each in key),
    "partly escaped": lambda key: key.replace("k", "\\u006b").replace("-", "\\u002d"),
    "for a URL": lambda key: "".join(f"%{ord(each):02x}" for each in key),
    "for a page": lambda key: "".join(f"&#{ord(each)};" for each in key),
    "in halves": halves,
    "after much else": lambda key: f"{'x' * 225}{key}",
}


#: Where a key is leaked, and how; of most ways, one place is enough.
LEAKS = [
    pytest.param(place, writing, marks=() if number == 0 or place_number == 0 else exhaustive)
    for place_number, place in enumerate(["id", "last_id", "message", "location"])
    for number, writing in enumerate(WRITINGS)
]


@pytest.mark.parametrize(("place", "writing"), LEAKS)
def test_a_key_is_not_reported_however_it_is_encoded(
    place: str, writing: str, diagnose: Diagnose, stocked: Stocked
) -> None:
    written = WRITINGS[writing](stocked.key)

    async def leak(asked: Asked, ask: Ask) -> Answered:
        if place == "location":
            return Answered(307, {"location": f"/login?key={written}"})
        answered = await ask(asked)
        if place == "message":
            body = f'{{"type":"error","error":{{"type":"not_found_error","message":"{written}"}}}}'
            return replace(answered, body=body.encode()) if answered.status >= 400 else answered
        if place == "last_id" and answered.is_page:
            answered = answered.changed(last_id="claude-KEY")
        if place == "id":
            answered = answered.each_model(lambda model: {**model, "id": f"{model['id']}-KEY"})
        return replace(answered, body=answered.body.replace(b"KEY", written.encode()))

    report = diagnose(leak, clients=("claude-code", "python-sdk"))
    reported = json.dumps(report.model_dump(mode="json")) + write_diagnosis(report, verbose=True)
    decoded = html.unescape(unquote(reported.encode().decode("unicode_escape", "replace")))
    for text in (reported, decoded):
        assert [at for at in range(len(stocked.key) - 12) if stocked.key[at : at + 12] in text] == []
    assert report.worst is not None


def test_a_key_in_the_url_is_hidden_too(stocked: Stocked) -> None:
    with serve_broken(stocked.installation, root_path=f"/{stocked.key}") as url:
        report = examine(parse_target(f"{url}/{stocked.key}"), stocked.key, load_clients(), timeout=10, alias=ALIAS)
    assert report.url.endswith("/[key]")
    assert stocked.key not in report.model_dump_json()


def test_a_key_that_the_server_refuses_is_not_reported(stocked: Stocked, diagnose: Diagnose) -> None:
    with pytest.raises(DoctorError, match="refuses the key with 401") as refusal:
        diagnose(bugs.echoed_key)
    assert stocked.key not in str(refusal.value)


def test_it_waits_when_the_server_limits_the_rate(diagnose: Diagnose) -> None:
    report = diagnose(bugs.rate_limited(7, 0))
    assert (report.score, client_findings(report)) == (100, set())


def test_it_stops_when_the_server_wants_to_be_left_alone(diagnose: Diagnose, witness: Witness) -> None:
    report = diagnose(witness, bugs.rate_limited(40, 3600))
    assert len(witness.asked) <= 41
    assert (report.unfinished, report.worst) == ("the server limits the rate of requests", Level.WARNING)
    assert "*warning* Not everything could be tested: the server limits" in write_diagnosis(report)
    reasons = {
        check.sentence
        for section in report.sections
        for check in section.checks
        if check.result is Result.NOT_APPLICABLE
    }
    assert "the server limits the rate of requests" in reasons
    assert codes(report, Result.FAILED) == set()


def test_a_server_that_limits_the_rate_at_once_is_left_alone(diagnose: Diagnose) -> None:
    with pytest.raises(DoctorError, match=r"cannot be examined, as the server limits the rate.*try again later"):
        diagnose(bugs.rate_limited(1, 3600))


PAGE: Final = json.dumps(
    {
        "data": [{"type": "model", "id": "claude-a", "display_name": "A", "created_at": "2026-01-01T00:00:00Z"}],
        "has_more": False,
        "first_id": "claude-a",
        "last_id": "claude-a",
    }
)
REPLY: Final = f"HTTP/1.1 200 OK\r\ncontent-length: {len(PAGE)}\r\n\r\n{PAGE}".encode()


def test_a_server_that_dies_of_a_request_is_reported_and_no_further_rule_is_tested() -> None:
    with serve_bytes(REPLY.replace(b"\r\n", b"\r\nconnection: close\r\n", 1), until=b"/%FF") as url:
        report = examine(parse_target(url), "sk-some-key", load_clients(), timeout=5)
    assert report.unfinished == "the server is gone since it was asked for GET /v1/models/%FF"
    assert report.worst is Level.ERROR  # of other faults
    reported = [check.sentence for section in report.sections for check in section.checks]
    assert [sentence for sentence in reported if "reached" in sentence or "closed the connection" in sentence] == []
    assert "request-id-is-given" in codes(report, Result.FAILED)  # it was asked for all else before


def test_an_idle_connection_that_the_server_closes_is_not_a_fault() -> None:
    with serve_bytes(REPLY) as url:
        report = examine(parse_target(url), "sk-some-key", load_clients(), timeout=5)
    assert "closed the connection" not in report.model_dump_json()
    assert report.unfinished == ""


async def endless(asked: Asked, ask: Ask) -> Answered:
    """Page for ever: there are always more models."""
    answered = await ask(asked)
    if not answered.is_page:
        return answered
    new = [{**PATTERN, "id": f"claude-{uuid4()}"} for _ in range(int(asked.value("limit") or 20) % 50)]
    return answered.changed(data=new, has_more=True, first_id="a", last_id=new[-1]["id"] if new else None)


PATTERN: Final = {"type": "model", "display_name": "A", "created_at": "2026-01-01T00:00:00Z"}


async def opaque(asked: Asked, ask: Ask) -> Answered:
    """Page for ever: it is always the first page, under another cursor."""
    answered = await bugs.endless_pager(asked, ask)
    return answered.changed(has_more=True, last_id=str(uuid4())) if answered.is_page else answered


@pytest.mark.parametrize("bug", [endless, opaque, bugs.endless_pager, bugs.looping_cursor, bugs.rate_limited(2, 0)])
def test_never_more_requests_are_sent_than_promised(bug: Bug, diagnose: Diagnose, witness: Witness) -> None:
    report = diagnose(witness, bug)
    assert len(witness.asked) <= report.requests <= 200


def test_paging_for_ever_is_found_under_cursors_that_change(diagnose: Diagnose) -> None:
    found = client_findings(diagnose(opaque))
    assert {"java-sdk:loops", "python-sdk:loops", "typescript-sdk:loops"} <= found


@pytest.fixture
def hanging(stocked: Stocked, witness: Witness) -> Iterator[Report]:
    """A report on a server that lists, and hangs where one model is asked for."""
    with serve_broken(stocked.installation, witness, bugs.hanging_retrieve) as url:
        yield examine(parse_target(url), stocked.key, load_clients(["librechat"]), timeout=1.5, alias=ALIAS)


def test_a_server_that_leaves_three_requests_unanswered_is_asked_no_more(hanging: Report, witness: Witness) -> None:
    assert "listed-is-retrieved" in codes(hanging, Result.FAILED)
    checks = {check.code: check for section in hanging.sections for check in section.checks}
    assert checks["listed-is-retrieved"].sentence.endswith("is listed, but the server did not answer within 1.5 s.")
    assert sum(asked.is_model for asked in witness.asked) == 3

"""The doctor only reads, asks little, hands the key to nobody else, and tells it to nobody."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from callsheet.doctor.examine import examine
from callsheet.doctor.report import Report, Result
from callsheet.doctor.rules import load_clients
from callsheet.doctor.target import parse_target
from callsheet.domain.errors import DoctorError
from tests.broken import bugs
from tests.broken.asking import Answered, Ask, Asked
from tests.broken.serving import make_app, serve_app, serve_broken, with_bugs
from tests.doctor.conftest import ALIAS, Diagnose, Stocked, client_findings, codes


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
    assert methods["PROPFIND"] == 1
    assert len(witness.asked) + 1 == report.requests <= 200  # one URL is too long to get there
    assert all(asked.path.startswith("/v1/") for asked in witness.asked)


def test_it_sends_the_key_in_headers_only(diagnose: Diagnose, stocked: Stocked, witness: Witness) -> None:
    diagnose(witness)
    for asked in witness.asked:
        assert stocked.key not in f"{asked.path}{asked.query}"
        assert set(asked.headers) - {name for name, value in asked.headers.items() if stocked.key in value}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
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
    told = report.model_dump_json()
    assert stocked.key not in told
    assert stocked.key[:12] not in told  # nor a piece of it, where something was cut short
    assert "[key]" in told


def test_a_key_in_the_url_is_hidden_too(stocked: Stocked) -> None:
    with serve_broken(stocked.installation, root_path=f"/{stocked.key}") as url:
        report = examine(
            parse_target(f"{url}/{stocked.key}"), stocked.key, load_clients(), patience=10, alias=ALIAS
        )
    assert report.url.endswith("/[key]")
    assert stocked.key not in report.model_dump_json()


def test_a_key_that_the_server_refuses_is_not_told(stocked: Stocked, diagnose: Diagnose) -> None:
    with pytest.raises(DoctorError, match="refuses the key with 401") as refusal:
        diagnose(bugs.echoed_key)
    assert stocked.key not in str(refusal.value)


def test_it_waits_when_the_server_limits_the_rate(diagnose: Diagnose) -> None:
    report = diagnose(bugs.rate_limited(7, 0))
    assert (report.score, client_findings(report)) == (100, set())


def test_it_stops_when_the_server_wants_to_be_left_alone(diagnose: Diagnose, witness: Witness) -> None:
    report = diagnose(witness, bugs.rate_limited(40, 3600))
    assert len(witness.asked) <= 41
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


@pytest.fixture
def hanging(stocked: Stocked) -> Iterator[Report]:
    """A report on a server that lists, and hangs where one model is asked for."""
    with serve_broken(stocked.installation, bugs.hanging_retrieve) as url:
        yield examine(parse_target(url), stocked.key, load_clients(["librechat"]), patience=1.5, alias=ALIAS)


def test_a_server_that_leaves_three_requests_unanswered_is_asked_no_more(hanging: Report) -> None:
    assert "listed-is-retrieved" in codes(hanging, Result.FAILED)
    checks = {check.code: check for section in hanging.sections for check in section.checks}
    assert checks["listed-is-retrieved"].sentence.endswith("retrieving it did not answer within 1.5 s.")
    assert hanging.seconds < 20

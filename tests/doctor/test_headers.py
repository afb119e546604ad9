"""Headers that a caller adds are sent where they belong, and their values are printed nowhere."""

from typing import Final

import pytest

from callsheet.doctor.clients.rules import load_clients
from callsheet.doctor.examine import examine
from callsheet.doctor.probe.headers import parse_header_options, parse_header_variable
from callsheet.doctor.probe.target import parse_target
from callsheet.doctor.report import Report
from callsheet.domain.errors import DoctorError
from tests.broken.asking import Answered, Ask, Asked, refused
from tests.broken.bugs import ignored_limit
from tests.broken.serving import serve_broken
from tests.cli.conftest import CLI, call
from tests.doctor.conftest import Stocked

__all__ = ["call"]  # the fixture

SECRET: Final = "hush-0123456789abcdef"


async def needs_subscription(asked: Asked, ask: Ask) -> Answered:
    """Refuse whoever does not send another key as well, and tell everybody what it was sent."""
    if asked.headers.get("ocp-apim-subscription-key") != SECRET:
        return refused(401, "authentication_error", "Access denied due to missing subscription key.")
    answered = await ask(asked)
    return answered.each_model(lambda model: {**model, "note": SECRET, "display_name": f"Name {SECRET}"})


def test_a_header_goes_with_every_request_and_its_value_into_no_report(
    call: CLI, stocked: Stocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", stocked.key)
    option = ("--header", f"Ocp-Apim-Subscription-Key: {SECRET}")
    with serve_broken(stocked.installation, needs_subscription, ignored_limit, default_limit=1000) as url:
        refusal = call("doctor", url).refusal
        done = call("doctor", url, *option, "--fail-on", "never", "--client", "claude-code", "--verbose")
    assert 'refuses the key with 401: "Access denied due to missing subscription key"; give a key' in refusal
    assert "16 of 16 models" in done.out
    assert '-H "ocp-apim-subscription-key: $HEADER_OCP_APIM_SUBSCRIPTION_KEY"' in done.out
    assert SECRET[:12] not in done.out + done.err + refusal
    assert "[key]" in done.out


@pytest.mark.parametrize(
    "value", ["Ocp-Apim-Subscription-Key: {}", "x-a: 1\r\nocp-apim-subscription-key:{}\nno header"]
)
def test_claude_code_is_played_with_the_headers_that_its_user_set(value: str, stocked: Stocked) -> None:
    environment = {"ANTHROPIC_CUSTOM_HEADERS": value.format(SECRET)}
    with serve_broken(stocked.installation, needs_subscription, default_limit=1000) as url:
        report = _examined(url, stocked, environment)
    shown = {client.name: client.plays[0].shown for client in report.clients}
    assert len(shown["claude-code"] or ()) == 16
    assert shown["librechat"] is None  # it reads no such variable
    assert SECRET[:12] not in report.model_dump_json()


def test_headers_of_the_environment_are_not_sent_by_those_who_do_not_read_it(stocked: Stocked) -> None:
    seen: list[Asked] = []

    async def watch(asked: Asked, ask: Ask) -> Answered:
        seen.append(asked)
        return await ask(asked)

    with serve_broken(stocked.installation, watch, default_limit=1000) as url:
        _examined(url, stocked, {"ANTHROPIC_CUSTOM_HEADERS": f"x-team: {SECRET}"})
    teams = [asked.headers.get("x-team") for asked in seen]
    assert SECRET in teams
    assert None in teams
    assert all(
        "user-agent" not in asked.headers or "axios" not in asked.headers["user-agent"]
        for asked in seen
        if asked.headers.get("x-team")
    )


def _examined(url: str, stocked: Stocked, environment: dict[str, str]) -> Report:
    clients = load_clients(["claude-code", "librechat"])
    return examine(parse_target(url), stocked.key, clients, timeout=30, environment=environment)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("no colon", "A header must be written 'Name: value'; this one has no colon."),
        ("", "A header must be written 'Name: value'; this one has no colon."),
        (": nothing", "A header must have a name of 1 to 100 letters, digits and "),
        ("na me: x", "A header must have a name of 1 to 100 letters, digits and "),
        ("x: \x01hush", "The value of the header x must be visible ASCII, with blanks only inside."),
        ("x: ключ", "The value of the header x must be visible ASCII, with blanks only inside."),
        ("Expect: hush", "The header expect is for the HTTP client to set; leave it out."),
    ],
)
def test_what_is_not_a_header_is_refused_without_showing_it(line: str, sentence: str) -> None:
    with pytest.raises(DoctorError) as refusal:
        parse_header_options([line])
    assert str(refusal.value).startswith(sentence)
    assert "hush" not in str(refusal.value)
    assert parse_header_variable(line).pairs == ()


@pytest.mark.parametrize("name", ["Authorization", "x-api-key", "anthropic-version", "Host", "content-length"])
def test_what_the_doctor_sets_itself_cannot_be_set(name: str) -> None:
    with pytest.raises(DoctorError, match=f"^The header {name.lower()} (cannot be set|is for the HTTP)") as refusal:
        parse_header_options([f"{name}: {SECRET}"])
    assert SECRET not in str(refusal.value)


def test_the_last_value_of_a_header_counts_and_is_hidden_by_a_placeholder() -> None:
    extra = parse_header_options(["X-Team: blue", "x-team:  green "])
    assert extra.pairs == (("x-team", "$HEADER_X_TEAM"),)
    assert extra.values == {"$HEADER_X_TEAM": "green"}
    assert "green" not in repr(extra)
    assert parse_header_variable("a: 1\n\nb\nc:\n").pairs == (("a", "$CUSTOM_A"),)

"""What the doctor says of each client: which models drop out and why, and how long the list took."""

import re
from typing import Final

import pytest

from callsheet.doctor.clients.play import play_client
from callsheet.doctor.clients.rules import ClientRules, Way, clients_that_drop, load_clients, read_client
from callsheet.doctor.probe.exchange import KEY
from callsheet.doctor.probe.sender import Sender
from callsheet.doctor.probe.target import parse_target
from callsheet.doctor.report import Finding, Level, Report
from callsheet.domain.errors import DoctorError
from tests.broken import bugs
from tests.broken.serving import serve_broken
from tests.doctor.conftest import Diagnose, Stocked
from tests.installation import make_model

CLIENTS: Final = load_clients()
WAYS: Final = [(rules, way) for rules in CLIENTS for way in rules.ways]


def findings(report: Report, client: str, way: int = 0) -> tuple[Finding, ...]:
    (found,) = (each for each in report.clients if each.name == client)
    return found.plays[way].findings


def add(stocked: Stocked, *ids: str) -> None:
    stocked.installation.add(*(make_model(model_id, "2026-11-01") for model_id in ids))


def test_claude_code_keeps_only_ids_that_name_claude_or_anthropic(stocked: Stocked, diagnose: Diagnose) -> None:
    add(stocked, "kimi-k3", "acme/CLAUDE-like", "hf.co/anthropic/x")
    report = diagnose(clients=("claude-code",))
    (finding,) = findings(report, "claude-code")
    assert (finding.code, finding.level, finding.models) == ("dropped", Level.WARNING, ("kimi-k3",))
    assert finding.sentence == "Claude Code keeps only ids that contain `claude` or `anthropic`."
    assert finding.advice == (
        "Give it an id that contains `claude`, such as `claude-kimi-k3`, here and in the gateway."
    )
    play = report.clients[0].plays[0]
    assert play.shown is not None
    assert set(report.models) - set(play.shown) == {"kimi-k3"}


def test_older_claude_code_wants_the_word_at_the_beginning(stocked: Stocked, diagnose: Diagnose) -> None:
    add(stocked, "acme/claude-like")
    report = diagnose(clients=("claude-code",))
    assert findings(report, "claude-code", 0) == ()
    (finding,) = findings(report, "claude-code", -1)
    assert finding.models == ("acme/claude-like",)
    assert finding.sentence == "Claude Code before 2.1.223 keeps only ids that begin with `claude` or `anthropic`."
    assert finding.advice.startswith("Update Claude Code to 2.1.223 or newer, or give it an id that begins with ")
    assert "claude-claude" not in finding.advice


def test_a_picker_that_stays_empty_is_an_error(stocked: Stocked, diagnose: Diagnose) -> None:
    stocked.installation.clear_catalog()
    add(stocked, "kimi-k3", "hf.co/acme/maple")
    report = diagnose(clients=("claude-code", "open-webui"), alias=None)
    (finding,) = findings(report, "claude-code")
    assert (finding.level, set(finding.models)) == (Level.ERROR, {"kimi-k3", "hf.co/acme/maple"})
    assert "such as `claude-maple`," in finding.advice
    assert findings(report, "open-webui") == ()


def test_what_is_not_verified_weighs_less_and_says_so(stocked: Stocked, diagnose: Diagnose) -> None:
    add(stocked, "kimi-k3")
    report = diagnose(clients=("claude-desktop",))
    (finding,) = findings(report, "claude-desktop")
    assert (finding.level, finding.models) == (Level.NOTE, ("kimi-k3",))
    assert not report.clients[0].plays[0].verified


def test_a_client_that_asks_without_a_limit_and_never_pages_sees_the_first_page(
    stocked: Stocked, diagnose: Diagnose
) -> None:
    report = diagnose(clients=("librechat",), default_limit=5)
    (finding,) = findings(report, "librechat")
    assert (finding.code, finding.level, finding.models) == ("cut", Level.WARNING, report.models[5:])
    assert finding.sentence == "It asks with no limit and never for a further page, so it gets 5 of 16 models."
    assert "default_limit = 1000" in finding.advice


@pytest.mark.parametrize(("seconds", "codes"), [(0.2, ["too-slow"]), (30, []), (None, [])])
def test_a_list_that_arrives_too_late_is_not_shown(
    seconds: float | None, codes: list[str], stocked: Stocked
) -> None:
    (rules,) = load_clients(["claude-code"])
    hasty = rules.model_copy(update={"ways": (rules.ways[0].model_copy(update={"seconds": seconds}),)})
    with (
        serve_broken(stocked.installation, bugs.slow) as url,
        Sender(parse_target(url), stocked.key, timeout=10) as sender,
    ):
        (play,) = play_client(hasty, sender.send, ["claude-opus-5"]).plays
    assert [finding.code for finding in play.findings] == codes
    assert (play.shown is None) == bool(codes)
    assert play.seconds >= 0.5
    for finding in play.findings:
        assert finding.level is Level.ERROR
        assert re.fullmatch(
            r"The list arrives after [0-9.]+ s; Claude Code gives up after 0.2 s\.", finding.sentence
        )


def test_the_request_that_shows_a_finding_can_be_pasted(diagnose: Diagnose) -> None:
    (finding,) = findings(diagnose(bugs.null_cursors, clients=("python-sdk",)), "python-sdk")
    assert finding.evidence is not None
    assert re.fullmatch(
        r"curl -s 'http://127\.0\.0\.1(?::\d+)?/v1/models\?limit=6' \\\n"
        r'  -H "authorization: Bearer \$ANTHROPIC_API_KEY" \\\n'
        r"  -H 'anthropic-version: 2026-10-21'",
        finding.evidence.request,
    )
    assert finding.evidence.answer == (
        '200: {"data": [6 models: claude-fable-5-2 … claude-fable-5-1], "has_more": true, "first_id": null, '
        '"last_id": null}'
    )


def test_the_clients_are_those_promised() -> None:
    assert [rules.name for rules in CLIENTS] == [
        "any-llm",
        "claude-code",
        "claude-desktop",
        "go-sdk",
        "java-sdk",
        "librechat",
        "litellm",
        "n8n",
        "open-webui",
        "openai-sdk",
        "oterm",
        "php-sdk",
        "python-sdk",
        "ruby-sdk",
        "typescript-sdk",
    ]


def test_a_client_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(DoctorError, match=r"No client is called gemini-cli; known are any-llm, .*-sdk\."):
        load_clients(["claude-code", "gemini-cli"])


@pytest.mark.parametrize("rules", CLIENTS, ids=lambda rules: rules.name)
def test_every_clients_rules_say_where_they_were_read(rules: ClientRules) -> None:
    assert all(source.about and (source.url or "").startswith("https://") for source in rules.sources)
    assert all(not way.unverified.endswith(".") for way in rules.ways)


@pytest.mark.parametrize(("rules", "way"), WAYS, ids=[f"{rules.name}-{way.versions}" for rules, way in WAYS])
def test_every_way_of_asking_sends_the_key_in_headers_only(rules: ClientRules, way: Way) -> None:
    ask = way.first_request(7)
    sent = [(name, value) for name, value in ask.headers if KEY in value]
    assert sent
    assert set(sent) <= {("x-api-key", KEY), ("authorization", f"Bearer {KEY}")}
    assert (len(sent) == 2) == (way.way == "both")
    assert KEY not in ask.target
    assert "{" not in ask.target
    assert all(name == name.lower() and value for name, value in ask.headers)
    assert ask.method == "GET"


def test_a_filter_that_is_not_verified_is_named_as_such() -> None:
    for rules, way in WAYS:
        if way.keeps is not None and not way.keeps.verified:
            assert "filter" in way.unverified, rules.name


def test_a_misspelt_rule_is_refused() -> None:
    text = (
        'name = "x"\ntitle = "X"\notherwise = "nothing"\nsources = []\n'
        '[[ways]]\nversions = "1"\ntarget = "/v1/models"\nheaders = []\nfollows_redirects = true\nsecond = 3\n'
    )
    with pytest.raises(ValueError, match="second"):
        read_client(text)
    assert read_client(text.replace("second =", "seconds =")).ways[0].seconds == 3


@pytest.mark.parametrize("model_id", ["kimi-k3", "hf.co/acme/maple", "我的模型"])
def test_the_clients_that_hide_an_id_are_named_with_the_reason(model_id: str) -> None:
    assert clients_that_drop(model_id) == [
        ("Claude Code", "Claude Code keeps only ids that contain `claude` or `anthropic`")
    ]


@pytest.mark.parametrize("model_id", ["claude-opus-5", "hf.co/acme/my-CLAUDE", "anthropic/kimi-k3"])
def test_an_id_that_every_client_shows_is_hidden_by_none(model_id: str) -> None:
    assert clients_that_drop(model_id) == []

"""Lists in other wrappers are read or named, each client for itself; one bad entry may cost a client all."""

from typing import Final

import pytest

from callsheet.cli.output.diagnosis.report import write_diagnosis
from callsheet.doctor.clients.rules import load_clients
from callsheet.doctor.examine import examine
from callsheet.doctor.probe.target import parse_target
from callsheet.doctor.report import Level, Play, Report
from callsheet.domain.errors import DoctorError
from tests.broken.replies import GOOD, OTHERS, TELLING, Reply, listing, model, page, saying, serve_lists
from tests.doctor.conftest import broken_rules


def examined(reply: Reply, *clients: str) -> Report:
    """What is found on a server that always answers so."""
    with serve_lists({"x": reply}) as lists:
        return examine(parse_target(lists.at("x")), "sk-test-key", load_clients(clients), timeout=30)


def newest(report: Report, client: str) -> Play:
    """What the newest version of a client makes of it."""
    return next(each for each in report.clients if each.name == client).plays[0]


ARRAY: Final = [{"id": "a/b", "object": "model", "created": 1}]


@pytest.mark.parametrize(
    ("client", "shown", "codes"),
    [
        ("open-webui", ("a/b",), []),
        ("typescript-sdk", (), ["unreadable"]),
        ("n8n", (), ["unreadable"]),
        ("claude-code", None, ["unreadable"]),
        ("openai-sdk", None, ["unreadable"]),
        ("librechat", None, ["unreadable"]),
    ],
)
def test_a_bare_array_is_what_each_client_makes_of_it(
    client: str, shown: tuple[str, ...] | None, codes: list[str]
) -> None:
    report = examined(saying(ARRAY), client)
    play = newest(report, client)
    assert report.models == ("a/b",)
    assert (play.shown, [finding.code for finding in play.findings]) == (shown, codes)
    assert all("a bare array, without `data` around it" in finding.sentence for finding in play.findings)
    assert "list-is-served" in broken_rules(report)
    assert "page-is-served" not in broken_rules(report)  # it depends on the former


@pytest.mark.parametrize(
    ("client", "shown"), [("openai-sdk", ()), ("open-webui", ()), ("claude-code", None), ("oterm", None)]
)
def test_data_that_is_null_is_an_empty_list_or_none(client: str, shown: tuple[str, ...] | None) -> None:
    report = examined(saying({"object": "list", "data": None}), client)
    (finding,) = newest(report, client).findings
    assert newest(report, client).shown == shown
    assert finding.level is Level.ERROR
    assert '`"data": null`' in finding.sentence


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (
            OTHERS["an-error-in-a-success"],
            'answers with 200 and an error instead of a list: "No upstream is up"; see',
        ),
        (
            saying({"error": "quota exceeded"}),
            'answers with 200 and an error instead of a list: "quota exceeded"; see',
        ),
        (OTHERS["no-data"], "answers with JSON that holds no list of models; check the URL."),
        (OTHERS["refused-401"], 'refuses the key with 401: "Access denied due to missing key"; give a key that'),
        (saying({"detail": [{"msg": "no tenant"}]}, 403), 'refuses the key with 403: "no tenant"; give a key that'),
        (OTHERS["refused-503"], 'fails with 503: "Access denied due to missing key"; see the server\'s log.'),
        (
            saying({"error": "Unauthorized", "message": "The tenant blue is not known"}, 401),
            'refuses the key with 401: "The tenant blue is not known"; give a key that',
        ),
        (
            Reply(b"<html><title>Sign in | Maple</title>", 403, {"content-type": "text/html"}),
            'refuses the key with 403: "Sign in | Maple"; give a key that',
        ),
        (Reply(b"upstream connect error\n", 502, {"content-type": "text/plain"}), '502: "upstream connect error";'),
    ],
    ids=str,
)
def test_a_response_that_is_not_a_list_is_named_with_the_reason_that_the_server_gives(
    reply: Reply, sentence: str
) -> None:
    with pytest.raises(DoctorError) as refusal:
        examined(reply)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (
            "null-display-name",
            "`claude-null` has `display_name: null`, so Claude Code rejects the whole list.",
        ),
        ("no-id", "Entry 2 of the list has no `id`, so Claude Code rejects the whole list."),
        ("null-id", "Entry 2 of the list has `id: null`, so Claude Code rejects the whole list."),
        ("description-is-a-number", "`claude-told` has a number as its `description`, so Claude Code"),
        ("an-entry-is-a-text", "Entry 2 of the list is not an object, so Claude Code rejects"),
    ],
)
def test_one_bad_entry_hides_all_models_from_claude_code_and_the_report_says_which(name: str, why: str) -> None:
    report = examined(TELLING[name], "claude-code")
    play = newest(report, "claude-code")
    (finding,) = play.findings
    assert (play.shown, finding.code, finding.level) == ((), "thrown-away", Level.ERROR)
    assert finding.sentence.startswith(why)
    text = write_diagnosis(report)
    assert (
        f"| Claude Code 2.1.257 and newer | 0 of {len(report.models)} models |" in text
        or "| Claude Code | 0 of" in text
    )
    assert "\n* Claude Code: the last list that it accepted, or only the built-in models.\n" in text


def test_older_claude_code_does_not_look_at_descriptions() -> None:
    report = examined(TELLING["description-is-a-number"], "claude-code")
    shown = {play.versions: play.shown for play in report.clients[0].plays}
    assert shown["2.1.257 and newer"] == ()
    assert shown["2.1.248 to 2.1.252"] == ("claude-good", "claude-told")


def test_no_claude_code_drops_a_model_because_of_openais_format() -> None:
    report = examined(listing({"id": "claude-a", "object": "model"}), "claude-code")
    assert [play.shown for play in report.clients[0].plays] == [("claude-a",)] * len(report.clients[0].plays)


def test_a_model_listed_twice_is_shown_once_by_claude_code_and_twice_by_others() -> None:
    report = examined(page(GOOD, GOOD), "claude-code", "librechat")
    assert newest(report, "claude-code").findings == ()
    assert [finding.code for finding in newest(report, "librechat").findings] == ["repeated"]


def test_the_names_of_each_picker_are_printed_and_bounded() -> None:
    models = [model(f"claude-{number}", display_name=f"Name `{number}`") for number in range(20)]
    text = write_diagnosis(examined(page(*models), "claude-code", "librechat"))
    assert "* Claude Code 2.1.248 and newer: `Name 0`, `Name 1`, " in text
    assert "`Name 7` and 12 more\n" in text
    assert "* LibreChat: `claude-0`, " in text


def test_texts_that_are_cut_are_a_note() -> None:
    long = model("claude-long", display_name="n" * 256, description="d" * 101)
    (name, description) = newest(examined(page(GOOD, long), "claude-code"), "claude-code").findings
    assert name.sentence == "`display_name` is cut after 255 characters."
    assert description.sentence == "`description` is cut after 100 characters."
    assert {name.level, description.level} == {Level.NOTE}
    assert name.models == description.models == ("claude-long",)

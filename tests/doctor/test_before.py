"""``callsheet doctor URL --before URL``: what clients showed on one server, and show on another."""

from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.doctor.compare import Comparison, compare
from callsheet.doctor.report import ClientReport, Level, Play, Report
from tests.broken import bugs
from tests.broken.asking import Answered, Ask, Asked
from tests.broken.serving import serve_broken
from tests.cli.conftest import CLI, call
from tests.doctor.conftest import LISTED, SLASH, Stocked
from tests.installation import make_model

__all__ = ["call"]  # the fixture

#: The key is in the environment, and these are quick.
CLIENTS: Final = ("--client", "claude-code", "--client", "python-sdk")

#: With a model that these tests add.
SHOWN: Final = f"{LISTED + 1} models"
SHOWN_OF_ALL: Final = f"{LISTED + 1} of {SHOWN}"


@pytest.fixture
def now(stocked: Stocked, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A correct server; its key is in the environment."""
    stocked.installation.add(make_model("claude-maple", "2026-10-05", display_name="Claude Maple"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", stocked.key)
    with serve_broken(stocked.installation, default_limit=1000) as url:
        yield url


def a_report(pickers: dict[str, str] | None) -> Report:
    """A report on one client that shows these names by id, or has no list."""
    play = Play(
        versions="1.0 and newer",
        way="",
        verified=True,
        unverified="",
        shown=None if pickers is None else tuple(pickers),
        names=tuple((pickers or {}).values()),
        listed=len(pickers or {}),
        requests=1,
        seconds=0.1,
        seconds_allowed=3,
        findings=(),
    )
    client = ClientReport(name="a", title="A", otherwise="nothing", plays=(play,))
    return Report(
        callsheet="1",
        url="http://a",
        at="2026-01-01T00:00:00Z",
        requests=1,
        seconds=1,
        models=(),
        is_whole=True,
        unfinished="",
        focused=False,
        speaks=(),
        clients=(client,),
        sections=(),
        score=100,
        worst=None,
    )


_PICKERS: Final = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["Name", "Other"]))


@given(before=st.none() | _PICKERS, now=st.none() | _PICKERS)
def test_every_model_of_both_pickers_is_named_once_and_those_that_are_gone_are_lost(
    before: dict[str, str] | None, now: dict[str, str] | None
) -> None:
    compared = compare(a_report(before), a_report(now))
    (play,) = compared.clients[0].plays
    was, is_now = before or {}, now or {}
    assert {model.id: (model.before, model.now) for model in play.models} == {
        model_id: (was.get(model_id), is_now.get(model_id)) for model_id in was | is_now
    }
    assert len(play.models) == len(was | is_now)
    assert set(play.lost) == set(was) - set(is_now)
    assert compared.worst == (Level.WARNING if play.lost else None)
    assert Comparison.model_validate_json(compared.model_dump_json()) == compared


def test_names_before_and_now_are_printed_by_client(call: CLI, stocked: Stocked, now: str) -> None:
    with serve_broken(stocked.installation, bugs.no_display_name, default_limit=1000) as before:
        done = call("doctor", now, "--before", before, *CLIENTS)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"# callsheet doctor {now}\n\nBefore, at {before}: {SHOWN} in ")
    assert f"| Claude Code | {SHOWN_OF_ALL} | {SHOWN_OF_ALL} | " in done.out
    assert " | note → ok |\n" in done.out
    assert "\n### Claude Code, Python SDK\n" in done.out
    assert "\n| `claude-maple` | claude-maple | Claude Maple |\n" in done.out
    assert "\nWhat no longer goes wrong:\n\n* note " in done.out


def test_a_model_that_a_client_lost_is_a_warning(call: CLI, stocked: Stocked, now: str) -> None:
    async def other_id(asked: Asked, ask: Ask) -> Answered:
        answered = await ask(asked)
        if not answered.is_page:
            return answered
        return answered.each_model(lambda model: {**model, "id": "claude-gone"} if model["id"] == SLASH else model)

    with serve_broken(stocked.installation, other_id, default_limit=1000) as before:
        done = call("doctor", now, "--before", before, *CLIENTS, "--fail-on", "warning")
        same = call("doctor", before, "--before", before, *CLIENTS, "--fail-on", "warning")
    assert done.code == 4
    assert f" | {SHOWN_OF_ALL}, 1 lost | " in done.out
    assert f"\n| `claude-gone` | {SLASH} | *not shown* |\n" in done.out
    assert f"\n| `{SLASH}` | *not shown* | {SLASH} |\n" in done.out
    assert same.code == 0
    assert f"\nAll names of {SHOWN} are as before.\n" in same.out


def test_a_server_without_a_list_can_be_what_there_was_before(call: CLI, stocked: Stocked, now: str) -> None:
    async def no_list(asked: Asked, ask: Ask) -> Answered:
        return Answered(404) if asked.is_list else await ask(asked)

    with serve_broken(stocked.installation, no_list) as before:
        done = call("doctor", now, "--before", before, *CLIENTS)
        both = call("doctor", before, "--before", now, *CLIENTS)
    assert done.code == 0
    assert f"\nBefore: no list. There is no {before}/v1/models (404); " in done.out
    assert "| Claude Code | no list | " in done.out
    assert both.refusal.startswith(f"There is no {before}/v1/models (404); ")


def test_a_server_that_is_not_there_cannot_be_compared_with(call: CLI, now: str) -> None:
    refusal = call("doctor", now, "--before", "http://127.0.0.1:9").refusal
    assert refusal == "The server at http://127.0.0.1:9 cannot be reached; start it, or check host and port."

"""Rules whose breach hurts few: each is found alone, by its own name."""

from dataclasses import replace
from typing import Final
from urllib.parse import unquote

import pytest

from tests.broken.asking import Answered, Ask, Asked, Bug, refused
from tests.doctor.conftest import Diagnose, Stocked, broken_rules, client_findings
from tests.installation import make_model


async def decoded_twice(asked: Asked, ask: Ask) -> Answered:
    return await ask(replace(asked, path=asked.path.replace("%25", "%")) if asked.is_model else asked)


async def first_value_counts(asked: Asked, ask: Ask) -> Answered:
    return await ask(replace(asked, query=tuple(reversed(asked.query))))


async def lines_upside_down(asked: Asked, ask: Ask) -> Answered:
    lines = {"fable": "haiku", "opus": "sonnet", "sonnet": "opus", "haiku": "fable"}
    return (await ask(asked)).each_model(
        lambda model: {**model, "line": lines.get(model["line"])} if "line" in model else model
    )


async def undated_deprecation(asked: Asked, ask: Ask) -> Answered:
    return (await ask(asked)).each_model(
        lambda model: {**model, "deprecated_at": None} if "deprecated_at" in model else model
    )


async def first_lifecycle_only(asked: Asked, ask: Ask) -> Answered:
    named = [value.split(",")[0] for name, value in asked.query if name.startswith("lifecycle")]
    return await ask(asked.without("lifecycle[]", "lifecycle").having(lifecycle=named[0]) if named else asked)


async def filters_to_nothing(asked: Asked, ask: Ask) -> Answered:
    answered = await ask(asked)
    is_filtered = answered.is_page and any(name.startswith("lifecycle") for name, _ in asked.query)
    return answered.changed(data=[], first_id=None, last_id=None) if is_filtered else answered


async def inverted_range_refused(asked: Asked, ask: Ask) -> Answered:
    answered = await ask(asked)
    if answered.is_page and asked.value("before_id") and asked.value("after_id") and not answered.json["data"]:
        return refused(400, "invalid_request_error", "Nothing lies between.")
    return answered


async def other_words(asked: Asked, ask: Ask) -> Answered:
    answered = await ask(asked)
    if answered.status != 400 or b"anthropic-version" not in answered.body:
        return answered
    error = {"type": "invalid_request_error", "message": "Which version?"}
    return answered.changed(error=error)


async def no_new_betas(asked: Asked, ask: Ask) -> Answered:
    if "callsheet" in asked.headers.get("anthropic-beta", ""):
        return refused(400, "invalid_request_error", "Never heard of this beta.")
    return await ask(asked)


async def no_workspace(asked: Asked, ask: Ask) -> Answered:
    answered = await ask(asked)
    kept = {name: value for name, value in answered.headers.items() if name != "anthropic-workspace-id"}
    return replace(answered, headers=kept)


async def broken_escape_is_text(asked: Asked, ask: Ask) -> Answered:
    if "%zz" in asked.path:
        return refused(404, "not_found_error", f"model: {unquote(asked.path)}")
    return await ask(asked)


BREACHES: Final[dict[Bug, str]] = {
    decoded_twice: "encoding-is-undone-once",
    first_value_counts: "last-value-counts",
    lines_upside_down: "ties-go-by-line",
    undated_deprecation: "deprecation-is-dated",
    first_lifecycle_only: "lifecycles-add-up",
    filters_to_nothing: "lifecycle-filters",
    inverted_range_refused: "inverted-range-is-empty",
    other_words: "messages-name-what-is-wrong",
    no_new_betas: "unknown-beta-is-accepted",
    no_workspace: "workspace-is-named",
    broken_escape_is_text: "broken-escape-is-refused",
}


@pytest.mark.parametrize("bug", BREACHES, ids=lambda bug: bug.__name__)
def test_a_breach_is_found_and_nothing_else(bug: Bug, stocked: Stocked, diagnose: Diagnose) -> None:
    twins = (make_model(f"claude-{line}-twin", "2026-11-01", line=line) for line in ("opus", "haiku"))
    stocked.installation.add(*twins)
    report = diagnose(bug)
    assert broken_rules(report) == {BREACHES[bug]}
    assert client_findings(report) == set()

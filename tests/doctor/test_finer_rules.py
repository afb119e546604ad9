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


async def no_doubled_slashes(asked: Asked, ask: Ask) -> Answered:
    return refused(404, "not_found_error", "Not found") if "//" in asked.path else await ask(asked)


async def padded_id(asked: Asked, ask: Ask) -> Answered:
    query = tuple((name, value.strip()) for name, value in asked.query)
    answered = await ask(replace(asked, path=asked.path.removesuffix("%20"), query=query))
    return replace(answered, body=answered.body.replace(b'"claude-opus-twin"', b'"claude-opus-twin "'))


async def never_more_in_a_range(asked: Asked, ask: Ask) -> Answered:
    answered = await ask(asked)
    has_both = asked.value("after_id") and asked.value("before_id")
    return answered.changed(has_more=False) if has_both and answered.is_page else answered


async def no_brackets(asked: Asked, ask: Ask) -> Answered:
    return await ask(asked.without("limit[]", "after_id[]", "before_id[]"))


async def lifecycle_of_the_cursor(asked: Asked, ask: Ask) -> Answered:
    if asked.value("after_id") and asked.value("lifecycle[]"):
        return refused(400, "invalid_request_error", "Invalid pagination cursor for 'after_id'")
    return await ask(asked)


async def another_list_in_a_new_version(asked: Asked, ask: Ask) -> Answered:
    answered = await ask(asked)
    is_new = asked.headers.get("anthropic-version") == "2026-10-21" and asked.value("limit") == "1"
    return answered.each_model(lambda model: {**model, "id": "claude-other"}) if is_new else answered


async def no_workspace_header(asked: Asked, ask: Ask) -> Answered:
    if "anthropic-workspace-id" in asked.headers:
        return refused(403, "permission_error", "anthropic-workspace-id: not available to this API key")
    return await ask(asked)


async def credential_before_method(asked: Asked, ask: Ask) -> Answered:
    if asked.method != "GET" and not {"authorization", "x-api-key"} & set(asked.headers):
        return refused(401, "authentication_error", "x-api-key header is required")
    return await ask(asked)


async def key_in_an_error(asked: Asked, ask: Ask) -> Answered:
    answered = await ask(asked)
    key = asked.headers.get("x-api-key") or asked.headers.get("authorization")
    return answered.changed(received=key) if answered.status == 401 else answered


async def context_in_words(asked: Asked, ask: Ask) -> Answered:
    answered = await ask(asked)
    return answered.each_model(lambda model: {**model, "context_length": "200k"}) if asked.is_openai else answered


async def numbers_for_codes(asked: Asked, ask: Ask) -> Answered:
    answered = await ask(asked)
    if not asked.is_openai or answered.status not in (401, 404):
        return answered
    return answered.changed(error={**answered.json["error"], "code": answered.status})


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
    no_doubled_slashes: "doubled-slash-is-served",
    padded_id: "ids-are-printable",
    never_more_in_a_range: "has-more-counts-in-range",
    no_brackets: "bracketed-names-are-accepted",
    lifecycle_of_the_cursor: "cursors-ignore-lifecycles",
    another_list_in_a_new_version: "versions-get-the-same-list",
    no_workspace_header: "own-workspace-is-accepted",
    credential_before_method: "method-comes-first",
    key_in_an_error: "errors-hide-the-key",
    context_in_words: "openai-other-fields-fit",
    numbers_for_codes: "openai-errors-have-codes",
}


@pytest.mark.parametrize("bug", BREACHES, ids=lambda bug: bug.__name__)
def test_a_breach_is_found_and_nothing_else(bug: Bug, stocked: Stocked, diagnose: Diagnose) -> None:
    twins = (make_model(f"claude-{line}-twin", "2026-11-01", line=line) for line in ("opus", "haiku"))
    stocked.installation.add(*twins)
    report = diagnose(bug)
    assert broken_rules(report) == {BREACHES[bug]}
    assert client_findings(report) == set()

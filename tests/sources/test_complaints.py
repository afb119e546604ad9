"""What people complain of elsewhere, where the cause is how answers are read; each with its thread."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from callsheet.domain.claims.claims import CLAIMABLE, Claims
from callsheet.domain.claims.manager import PERSON, Manager, ManagerKind
from callsheet.domain.claims.resolve import in_order, resolve
from callsheet.domain.errors import SourceError
from callsheet.sources.read import Reading, read
from callsheet.sources.registry import KINDS, upstream_of
from callsheet.sources.settle import settle
from callsheet.sources.upstream import Answer, Request
from tests.sources.recorded import answer_to, answers_of, ask, exchanges, listed_in, reading_of
from tests.sources.test_any_bytes import OPTIONS, RECORDINGS, kind_of

#: What servers, gateways and login pages send in the place of a list, with their status.
FAILURES: Final = [
    (500, b'{"error": {"message": "upstream unavailable"}}'),
    (502, b"<html><body>Bad Gateway</body></html>"),
    (503, b""),
    (401, b'{"data": []}'),
    (404, b'{"models": []}'),
    (302, b'{"data": []}'),
    (204, b""),
    (200, b""),
    (200, b"<!DOCTYPE html><title>Sign in</title>"),
    (200, b"null"),
    (200, b"[]"),
    (200, b'{"error": {"message": "rate limited"}}'),
    (200, b'{"data": {}, "models": {}}'),
    (200, b'{"data": [{"id": "cut'),
]

#: Kinds to which an empty array is a whole list: a file may be a bare list of models.
BARE: Final = frozenset({"file"})

NOW: Final = datetime(2026, 11, 29, tzinfo=UTC)


def read_from(kind: str, respond: Callable[[Request], Answer]) -> Reading:
    upstream = upstream_of(kind)
    return read(upstream, ask(upstream, OPTIONS, respond), OPTIONS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_failed_fetch_is_never_an_empty_list_that_would_wipe_the_models(kind: str) -> None:
    """https://github.com/diegosouzapw/OmniRoute/pull/899 https://github.com/lemonade-sdk/lemonade-pi-plugin/issues/13"""
    for status, body in FAILURES:

        def respond(request: Request, status: int = status, body: bytes = body) -> Answer:
            return Answer(request, status, {}, body)

        if kind in BARE and body == b"[]":
            assert read_from(kind, respond).listed == ()
            continue
        with pytest.raises(SourceError):
            read_from(kind, respond)


@pytest.mark.parametrize("recording", RECORDINGS)
def test_a_page_that_fails_fails_the_whole_list_and_does_not_shorten_it(recording: str) -> None:
    """https://github.com/diegosouzapw/OmniRoute/pull/899"""
    recorded, kind = exchanges(recording), kind_of(recording)
    asked = answers_of(recording, kind, OPTIONS)
    whole = reading_of(recording, kind, OPTIONS)
    for failing in [answer.request for answer in asked if answer.status == 200 and answer.request.method == "GET"]:

        def respond(request: Request, failing: Request = failing) -> Answer:
            return Answer(request, 503, {}, b"") if request == failing else answer_to(request, recorded)

        try:
            found = read_from(kind, respond)
        except SourceError:
            continue
        assert [each.id for each in found.listed] == [each.id for each in whole.listed]


def test_bare_ids_that_fail_on_demand_are_not_listed() -> None:
    """https://github.com/maximhq/bifrost/issues/1998 https://github.com/earendil-works/pi/issues/3738
    https://github.com/charmbracelet/crush/issues/642"""
    listed = listed_in(reading_of("bedrock"))
    models = exchanges("bedrock")["GET /foundation-models"]["json"]["modelSummaries"]
    for model in models:
        if "ON_DEMAND" not in model["inferenceTypesSupported"]:
            assert model["modelId"] not in listed
    assert "eu.anthropic.claude-opus-4-8" in listed


@pytest.mark.parametrize("recording", RECORDINGS)
def test_a_list_says_what_is_there_and_never_that_it_may_be_called(recording: str) -> None:
    """https://github.com/NousResearch/hermes-agent/pull/104178
    https://github.com/aws-samples/bedrock-access-gateway/pull/123
    https://github.com/antkawam/claude-code-aws-gateway/issues/67"""
    for each in reading_of(recording, kind_of(recording), OPTIONS).listed:
        assert set(each.fields) <= CLAIMABLE - {"hidden", "source"}


@pytest.mark.parametrize(
    ("kind", "row", "path", "around"),
    [
        ("gemini", {"name": "models/a", "supportedGenerationMethods": ["generateContent"]}, "", "models"),
        ("openrouter", {"id": "a"}, "", "data"),
        ("vertex", {"name": "publishers/acme/models/a"}, "", "publisherModels"),
        ("models-dev", {"id": "a"}, "", ""),
        ("litellm-prices", {"litellm_provider": "acme"}, "", ""),
    ],
)
def test_a_row_claims_only_what_it_states_so_that_what_others_know_is_not_copied_over(
    kind: str, row: dict[str, Any], path: str, around: str
) -> None:
    """https://github.com/anomalyco/models.dev/pull/3135 https://github.com/anomalyco/models.dev/pull/3718"""
    sent = {"models-dev": {"acme": {"models": {"a": row}}}, "litellm-prices": {"a": row}}.get(kind, {around: [row]})
    (model,) = read_from(kind, lambda request: Answer(request, 200, {}, json.dumps(sent).encode())).listed
    assert model.id == "a"
    assert {**model.fields, "capabilities": None} == {"capabilities": None}
    assert model.fields.get("capabilities", {}) in ({}, {"batch": {"supported": False}})  # Gemini lists all methods


def test_a_deprecation_without_a_date_is_one_and_no_date_is_invented() -> None:
    """https://github.com/anomalyco/models.dev/issues/1921: models.dev has no date of retirement."""
    model = listed_in(reading_of("models-dev", options=OPTIONS))["nova-2"]
    settled = settle(model.fields, None, NOW)
    assert settled["lifecycle"] == "deprecated"
    assert "retires_at" not in settled


@pytest.mark.parametrize("recording", RECORDINGS)
def test_what_is_read_twice_is_the_same_a_day_later(recording: str) -> None:
    """https://github.com/anomalyco/models.dev/pull/3135: entries were written again every day."""
    kind = kind_of(recording)
    first = {each.id: settle(each.fields, None, NOW) for each in reading_of(recording, kind, OPTIONS).listed}
    for each in reading_of(recording, kind, OPTIONS).listed:
        assert settle(each.fields, first[each.id], NOW + timedelta(days=1)) == first[each.id]


@pytest.mark.parametrize("recording", RECORDINGS)
def test_nothing_that_an_upstream_states_outranks_what_a_person_set(recording: str) -> None:
    """https://github.com/synthetic-sciences/openscience/issues/159"""
    theirs = Manager(ManagerKind.SOURCE, "gateway")
    own = {
        "display_name": "Ours",
        "max_tokens": 7,
        "lifecycle": "active",
        "capabilities": {"batch": {"supported": True}},
    }
    for each in reading_of(recording, kind_of(recording), OPTIONS).listed:
        fields = settle(each.fields, None, NOW)
        claims = [Claims(each.id, theirs, True, fields), Claims(each.id, PERSON, fields=own)]
        model = resolve(each.id, in_order(claims, {}))
        assert model is not None
        assert {name: model.record()[name] for name in own} == own


def test_an_alias_moves_with_the_name_that_moves_upstream() -> None:
    """https://github.com/comet-ml/opik/pull/7315: a list that only adds keeps every name that ever moved."""
    recorded = exchanges("openrouter")
    row = recorded["GET /v1/models?offset=0&limit=1000"]["json"]["data"][3]
    assert row["id"] == "~acme/nova-latest"
    row["alias_target"]["slug"] = "acme/nova-2"
    upstream = upstream_of("openrouter")
    listed = listed_in(read(upstream, ask(upstream, OPTIONS, lambda each: answer_to(each, recorded)), OPTIONS))
    assert {name: each.aliases for name, each in listed.items() if each.aliases} == {
        "acme/nova-2": ("~acme/nova-latest",)
    }
    assert replace(listed["acme/nova-2"], aliases=()) == listed_in(reading_of("openrouter"))["acme/nova-2"]

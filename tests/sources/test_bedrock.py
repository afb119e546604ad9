"""Bedrock's models and inference profiles, and what they come to."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callsheet.domain.errors import SourceError
from callsheet.sources import bedrock
from callsheet.sources.credentials import credentials
from callsheet.sources.read import Reading, read
from callsheet.sources.upstream import FIRST_SEEN, Answer, Options, Request
from tests.sources.recorded import answers_of, listed_in, only, reading_of

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
URL = "https://bedrock.eu-west-1.amazonaws.com/foundation-models"
PAIR = "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def answer(path: str, sent: object) -> Answer:
    return Answer(Request("GET", path), 200, {}, json.dumps(sent).encode())


def reading(models: list[Any], profiles: list[Any]) -> Reading:
    answers = [
        answer("/foundation-models", {"modelSummaries": models}),
        answer("/inference-profiles?type=SYSTEM_DEFINED", {"inferenceProfileSummaries": profiles}),
    ]
    return read(bedrock, answers, Options())


def test_both_lists_are_asked_and_the_second_page_by_page() -> None:
    assert [each.request.path for each in answers_of("bedrock")] == [
        "/foundation-models",
        "/inference-profiles?type=SYSTEM_DEFINED&maxResults=1000",
        "/inference-profiles?type=SYSTEM_DEFINED&maxResults=1000&nextToken=AAMA%2B%2Feu%3D%3D",
    ]


def test_only_ids_that_can_be_called_on_demand_are_listed() -> None:
    """https://github.com/maximhq/bifrost/issues/1998: bare ids fail on demand."""
    listed = reading_of("bedrock")
    assert [each.id for each in listed.listed] == [
        "acme.nova-2-v1:0",
        "acme.nova-3-v1:0",
        "eu.anthropic.claude-opus-4-8",
        "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
        "global.anthropic.claude-opus-4-8",
        "eu.acme.nova-9-v1:0",
    ]
    assert listed.reasons() == {bedrock.NOT_ON_DEMAND: 3, bedrock.NO_TEXT: 1}


def test_a_profile_has_the_facts_of_the_model_behind_it_whatever_region_its_arn_names() -> None:
    listed = listed_in(reading_of("bedrock"))
    assert listed["global.anthropic.claude-opus-4-8"].fields == {
        "display_name": "Global Claude Opus 4.8",
        "description": "Routes requests to Claude Opus 4.8 in all supported commercial regions.",
        "created_at": "2026-05-28T17:00:00Z",
        "capabilities": {"image_input": {"supported": True}},
        "lifecycle": "active",
    }


def test_legacy_means_deprecated_with_the_dates_of_bedrock() -> None:
    fields = listed_in(reading_of("bedrock"))["eu.anthropic.claude-haiku-4-5-20251001-v1:0"].fields
    assert {name: fields[name] for name in ("lifecycle", "deprecated_at", "retires_at")} == {
        "lifecycle": "deprecated",
        "deprecated_at": "2026-10-15T00:00:00Z",
        "retires_at": "2027-04-15T00:00:00Z",
    }


def test_legacy_without_dates_is_deprecated_since_it_was_first_seen() -> None:
    fields = listed_in(reading_of("bedrock"))["acme.nova-2-v1:0"].fields
    assert fields["deprecated_at"] is FIRST_SEEN
    assert "retires_at" not in fields


def test_the_end_of_a_model_that_bedrock_calls_active_is_noted_and_not_claimed() -> None:
    model = listed_in(reading_of("bedrock"))["eu.anthropic.claude-opus-4-8"]
    assert model.notes == (
        "retires_at is left out, because the model is active until Bedrock says otherwise: '2027-05-28T00:00:00Z'",
    )


def test_a_profile_of_a_model_that_is_not_in_the_list_is_listed_with_what_it_says_itself() -> None:
    fields = listed_in(reading_of("bedrock"))["eu.acme.nova-9-v1:0"].fields
    assert fields == {"display_name": "EU Nova 9", "description": "Routes requests to Nova 9."}


def test_a_model_that_states_no_way_of_calling_is_listed() -> None:
    assert only(reading([{"modelId": "acme.nova-v1:0"}], [])).fields == {}


def test_a_profile_that_is_not_active_is_dropped() -> None:
    assert reading([], [{"inferenceProfileId": "eu.a", "status": "FAILED"}]).reasons() == {bedrock.NOT_ACTIVE: 1}


@pytest.mark.parametrize("missing", [0, 1])
def test_one_list_without_the_other_is_refused_so_that_no_model_is_lost(missing: int) -> None:
    answers = list(answers_of("bedrock"))
    broken = [each for each in answers if each.request.path.startswith("/inference") == bool(missing)]
    with pytest.raises(SourceError, match="was not asked"):
        bedrock.rows([each for each in answers if each not in broken])


def test_an_api_key_goes_as_a_bearer_token() -> None:
    assert credentials(bedrock, URL, "ABSKQmVkcm9ja0\n", Options(), NOW) == {
        "authorization": "Bearer ABSKQmVkcm9ja0"
    }


def test_access_keys_sign_the_request_for_the_region_of_the_host() -> None:
    headers = credentials(bedrock, URL, PAIR, Options(), NOW)
    assert headers["x-amz-date"] == "20261129T120000Z"
    assert headers["authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261129/eu-west-1/bedrock/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature="
    )


def test_the_configured_region_counts_before_that_of_the_host() -> None:
    headers = credentials(bedrock, URL, PAIR, Options(region="us-east-1"), NOW)
    assert "/us-east-1/bedrock/" in headers["authorization"]


def test_a_host_that_names_no_region_needs_a_configured_one() -> None:
    with pytest.raises(SourceError, match="--region us-east-1"):
        credentials(bedrock, "https://bedrock.example.com/foundation-models", PAIR, Options(), NOW)


def test_access_keys_that_have_expired_are_refused_before_anything_is_sent() -> None:
    secret = json.dumps(
        {
            "AccessKeyId": "ASIAX",
            "SecretAccessKey": "s" * 20,
            "Expiration": (NOW - timedelta(seconds=1)).isoformat(),
        }
    )
    with pytest.raises(SourceError, match="have expired"):
        credentials(bedrock, URL, secret, Options(), NOW)


def test_access_keys_are_never_sent_themselves() -> None:
    with pytest.raises(SourceError, match="have to be signed"):
        bedrock.authorization(PAIR)
    assert PAIR.partition(":")[2] not in repr(credentials(bedrock, URL, PAIR, Options(), NOW))

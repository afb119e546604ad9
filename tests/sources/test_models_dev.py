"""models.dev's file as an enrichment."""

import pytest

from callsheet.domain.errors import SourceError
from callsheet.sources import models_dev
from callsheet.sources.registry import ENRICHMENTS
from callsheet.sources.upstream import FIRST_SEEN, Answer, Options, Request
from tests.sources.recorded import answers_of, listed_in, reading_of

ACME = Options(provider="acme")


def test_only_the_models_of_the_named_provider_count() -> None:
    reading = reading_of("models-dev", options=ACME)
    assert [each.id for each in reading.listed] == ["nova-3", "nova-2", "nova-4-preview"]
    assert reading.reasons() == {models_dev.NO_TEXT: 1, models_dev.OTHER_PROVIDER: 1}
    other = listed_in(reading_of("models-dev", options=Options(provider="reseller")))
    assert other["nova-3"].fields["max_input_tokens"] == 131072


def test_the_limit_of_input_counts_before_that_of_input_and_output_together() -> None:
    assert listed_in(reading_of("models-dev", options=ACME))["nova-3"].fields == {
        "display_name": "Nova 3",
        "created_at": "2026-01-12T00:00:00Z",
        "max_input_tokens": 272000,
        "max_tokens": 64000,
        "capabilities": {
            "image_input": {"supported": True},
            "pdf_input": {"supported": True},
            "structured_outputs": {"supported": True},
            "thinking": {"supported": True},
        },
    }


def test_a_month_of_release_means_its_first_day_and_is_noted() -> None:
    model = listed_in(reading_of("models-dev", options=ACME))["nova-2"]
    assert model.fields["created_at"] == "2025-01-01T00:00:00Z"
    assert model.notes == ("created_at is not known to the day, only 2025-01",)


def test_deprecated_is_a_stage_without_a_date_and_beta_is_none() -> None:
    listed = listed_in(reading_of("models-dev", options=ACME))
    assert listed["nova-2"].fields["lifecycle"] == "deprecated"
    assert listed["nova-2"].fields["deprecated_at"] is FIRST_SEEN
    assert "retires_at" not in listed["nova-2"].fields
    assert "lifecycle" not in listed["nova-4-preview"].fields


def test_a_limit_of_zero_is_unknown() -> None:
    model = listed_in(reading_of("models-dev", options=ACME))["nova-2"]
    assert "max_tokens" not in model.fields


def test_a_provider_must_be_named_and_exist() -> None:
    with pytest.raises(SourceError, match="--provider anthropic"):
        models_dev.requests(Options(), ())
    with pytest.raises(SourceError, match=r"models.dev has no provider 'acne' \(it has acme\)"):
        answers_of("models-dev", options=Options(provider="acne"))


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"acme": {"models": []}}', b'{"a": 1}'])
def test_another_file_is_refused(body: bytes) -> None:
    with pytest.raises(SourceError, match="check the URL"):
        models_dev.rows([Answer(Request("GET", "/api.json"), 200, {}, body)])


def test_it_makes_no_model_exist() -> None:
    assert "models-dev" in ENRICHMENTS

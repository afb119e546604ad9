"""LiteLLM's file of prices as an enrichment."""

import pytest

from callsheet.domain.errors import SourceError
from callsheet.sources import litellm_prices
from callsheet.sources.litellm_entry import EXAMPLE, NO_TEXT
from callsheet.sources.registry import ENRICHMENTS
from callsheet.sources.upstream import FIRST_SEEN, Answer, Options, Request
from tests.sources.recorded import answers_of, listed_in, reading_of

ACME = Options(provider="acme")


def test_limits_and_flags_of_an_entry_become_facts_of_the_model() -> None:
    assert listed_in(reading_of("litellm-prices", options=ACME))["nova-3"].fields == {
        "max_input_tokens": 400000,
        "max_tokens": 64000,
        "capabilities": {
            "image_input": {"supported": True},
            "pdf_input": {"supported": True},
            "structured_outputs": {"supported": False},  # LiteLLM imitates it
            "thinking": {"supported": True},
        },
    }


def test_the_last_day_of_service_is_the_day_of_retirement_of_every_entry_that_has_one() -> None:
    listed = listed_in(reading_of("litellm-prices", options=ACME))
    for name in ("nova-2-20250101", "nova-2"):  # an alias is an entry like others
        assert listed[name].fields["retires_at"] == "2027-03-31T00:00:00Z"
        assert listed[name].fields["deprecated_at"] is FIRST_SEEN


def test_max_tokens_is_not_read_because_it_may_repeat_the_input() -> None:
    assert "max_tokens" not in listed_in(reading_of("litellm-prices", options=ACME))["nova-2"].fields


def test_the_example_other_providers_and_models_without_text_are_left_out() -> None:
    assert reading_of("litellm-prices", options=ACME).reasons() == {
        EXAMPLE: 1,
        NO_TEXT: 1,
        litellm_prices.OTHER_PROVIDER: 1,
    }


def test_an_id_is_the_providers_own_without_litellms_route() -> None:
    assert "nova-1" in listed_in(reading_of("litellm-prices", options=ACME))


@pytest.mark.parametrize(
    ("name", "stated", "provider", "expected"),
    [
        ("vertex_ai/claude-x@20260101", "vertex_ai-anthropic_models", "vertex_ai", "claude-x@20260101"),
        (
            "vertex_ai/claude-x@20260101",
            "vertex_ai-anthropic_models",
            "vertex_ai-anthropic_models",
            "claude-x@20260101",
        ),
        ("us.acme.nova-v1:0", "bedrock_converse", "bedrock", "us.acme.nova-v1:0"),
        ("azure_ai/nova", "azure_ai", "azure", None),
        ("acme/", "acme", "acme", "acme/"),
    ],
)
def test_a_provider_is_all_of_its_families_and_none_that_only_begins_alike(
    name: str, stated: str, provider: str, expected: str | None
) -> None:
    row = {"its name": name, "litellm_provider": stated, "mode": "chat"}
    found = litellm_prices.listed(row, Options(provider=provider))
    assert found.id == (expected or name)
    assert (getattr(found, "reason", None) is None) == (expected is not None)


def test_a_provider_must_be_named_and_exist() -> None:
    with pytest.raises(SourceError, match="--provider anthropic"):
        litellm_prices.requests(Options(), ())
    with pytest.raises(SourceError, match="LiteLLM's file has no provider 'acne'"):
        answers_of("litellm-prices", options=Options(provider="acne"))


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"acme": {"models": {}}}', b'{"a": 1}'])
def test_another_file_is_refused(body: bytes) -> None:
    with pytest.raises(SourceError, match="check the URL"):
        litellm_prices.rows([Answer(Request("GET", ""), 200, {}, body)])


def test_it_makes_no_model_exist() -> None:
    assert "litellm-prices" in ENRICHMENTS

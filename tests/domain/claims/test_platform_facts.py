"""In what a model differs under the id of another platform."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.capabilities import parse_capabilities
from callsheet.domain.claims.claims import CLAIMABLE
from callsheet.domain.claims.platform_facts import platform_facts
from callsheet.domain.claims.platform_names import Platform, Recognised
from callsheet.service.builtin import builtin_catalog

MODELS = {model.id: model for model in builtin_catalog()[0]}
RECORDS: dict[str, dict[str, Any]] = {model_id: model.record() for model_id, model in MODELS.items()}
ELSEWHERE = [platform for platform in Platform if platform is not Platform.ANTHROPIC]

NO_STAGE = {"lifecycle": "active", "deprecated_at": None, "retires_at": None}


def facts(model_id: str, platform: Platform) -> dict[str, Any]:
    """What differs for a built-in model."""
    return platform_facts(Recognised(model_id, platform), RECORDS[model_id])


def stage(model_id: str, platform: Platform) -> dict[str, Any]:
    """What differs in the stage of a built-in model and its dates."""
    return {name: value for name, value in facts(model_id, platform).items() if name != "capabilities"}


def absent(model_id: str, platform: Platform) -> set[str]:
    """The places whose support is lost."""
    before, after = RECORDS[model_id]["capabilities"], facts(model_id, platform)["capabilities"]
    return set(supported(before)) - set(supported(after))


def supported(node: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """Every place that says that it is supported."""
    for name, child in node.items():
        if name == "supported":
            if child:
                yield place
        else:
            yield from supported(child, f"{place}.{name}".strip("."))


@pytest.mark.parametrize("model_id", RECORDS)
def test_nothing_differs_under_an_id_of_anthropics_form(model_id: str) -> None:
    assert facts(model_id, Platform.ANTHROPIC) == {}


@pytest.mark.parametrize("platform", [Platform.OPENROUTER, Platform.OTHER])
@pytest.mark.parametrize("model_id", RECORDS)
def test_anthropics_stage_and_dates_say_nothing_about_a_gateway(model_id: str, platform: Platform) -> None:
    assert stage(model_id, platform) == NO_STAGE


@pytest.mark.parametrize(
    ("model_id", "bedrock", "vertex"),
    [
        ("claude-opus-5-5", None, None),
        ("claude-opus-4-5-20251101", None, "2027-01-22"),
        ("claude-sonnet-4-5-20250929", None, "2026-11-30"),
        ("claude-opus-4-1-20250805", None, None),
        ("claude-sonnet-4-20250514", "2026-10-14", "2026-09-14"),
        ("claude-opus-4-20250514", "2026-05-31", "2026-09-14"),
        ("claude-3-7-sonnet-20250219", "2026-04-28", "2026-05-11"),
        ("claude-3-5-haiku-20241022", None, None),
        ("claude-3-opus-20240229", "2026-01-15", "2026-01-05"),
    ],
)
def test_bedrock_and_vertex_ai_set_their_own_dates(model_id: str, bedrock: str | None, vertex: str | None) -> None:
    for platform, day, precision in (
        (Platform.BEDROCK, bedrock, "exact"),
        (Platform.VERTEX, vertex, "earliest"),
    ):
        dated = {} if day is None else {"retires_at": f"{day}T00:00:00Z", "retirement_precision": precision}
        assert stage(model_id, platform) == {**NO_STAGE, **dated}


def test_foundry_follows_anthropics_dates_where_they_are_known_to_agree() -> None:
    following = [model_id for model_id in RECORDS if stage(model_id, Platform.FOUNDRY) == {}]
    retired = [model_id for model_id in following if RECORDS[model_id]["lifecycle"] != "active"]
    assert retired == [
        "claude-opus-4-5-20251101",
        "claude-sonnet-4-5-20250929",
        "claude-opus-4-1-20250805",
        "claude-opus-4-20250514",
        "claude-sonnet-4-20250514",
        "claude-3-7-sonnet-20250219",
        "claude-3-opus-20240229",
    ]
    assert stage("claude-3-5-haiku-20241022", Platform.FOUNDRY) == NO_STAGE


RUNNING_CODE = {"batch", "code_execution", "server_tools.code_execution"}
ANY_TOOL = {*RUNNING_CODE, "server_tools", "server_tools.web_search"}


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        (Platform.BEDROCK, ANY_TOOL),
        (Platform.VERTEX, RUNNING_CODE),
        (Platform.FOUNDRY, RUNNING_CODE),
        (Platform.OPENROUTER, ANY_TOOL),
        (Platform.OTHER, ANY_TOOL),
    ],
)
def test_capabilities_that_a_platform_lacks_are_not_supported_there(platform: Platform, expected: set[str]) -> None:
    assert absent("claude-opus-5-5", platform) == expected


@pytest.mark.parametrize("platform", ELSEWHERE)
@pytest.mark.parametrize("model_id", RECORDS)
def test_what_differs_can_be_claimed_and_only_ever_takes_support_away(model_id: str, platform: Platform) -> None:
    found = facts(model_id, platform)
    assert found.keys() <= CLAIMABLE
    if "capabilities" in found:
        before, after = RECORDS[model_id]["capabilities"], found["capabilities"]
        assert parse_capabilities(after) == after
        assert set(supported(after)) < set(supported(before))


def test_a_model_whose_capabilities_are_not_known_gets_none() -> None:
    assert "capabilities" not in facts("claude-3-opus-20240229", Platform.BEDROCK)


def test_the_fields_of_the_model_itself_stay_as_they_are() -> None:
    record = MODELS["claude-opus-5"].record()
    platform_facts(Recognised("claude-opus-5", Platform.BEDROCK), record)
    assert record == RECORDS["claude-opus-5"]


def test_no_platform_promises_less_of_names_and_limits() -> None:
    kept = {"display_name", "line", "created_at", "max_input_tokens", "max_tokens"}
    assert [platform for platform in Platform if kept & facts("claude-opus-5-5", platform).keys()] == []


trees = st.recursive(
    st.fixed_dictionaries({"supported": st.booleans()}),
    lambda inner: st.dictionaries(
        st.sampled_from(["batch", "code_execution", "server_tools", "web_search", "effort"]), inner, min_size=1
    ).flatmap(lambda group: st.sampled_from([group, {**group, "supported": True}])),
    max_leaves=8,
)


@given(trees, st.sampled_from(ELSEWHERE))
def test_any_tree_of_capabilities_stays_a_tree_without_what_is_absent(
    tree: dict[str, Any], platform: Platform
) -> None:
    found = platform_facts(Recognised("claude-opus-5", platform), {"capabilities": tree})
    after = found.get("capabilities", tree)
    assert set(supported(after)) <= set(supported(tree))
    assert "batch" not in supported(after)
    assert "server_tools.code_execution" not in supported(after)

"""What a gateway lists becomes models: chosen and named as its source says, and completed by built-in facts."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.claims.manager import Manager, ManagerKind
from callsheet.domain.model import Model
from callsheet.service.delegation.models import BuiltinFacts, Completion
from callsheet.service.facts import Facts
from callsheet.sources.upstream import FIRST_SEEN, LastKnown, Listed
from tests.http.plain import ClockLoop, run
from tests.installation import now
from tests.service.delegation.asking import Site
from tests.service.delegation.gateway import Given, serve_gateway
from tests.service.delegation.test_verdicts import KEY

OPUS: Final = "claude-opus-4-5-20251101"
SOURCE: Final = Manager(ManagerKind.SOURCE, "gateway")


def talk(what: Callable[[Site], Awaitable[Any]], rows: Sequence[Mapping[str, Any]], **config: Any) -> None:
    """Run ``what`` with a site whose gateway lists these rows to every key."""

    async def begin(_: ClockLoop) -> None:
        async with serve_gateway() as gateway:
            gateway.answer = lambda _: Given(200, json.dumps({"object": "list", "data": rows}).encode())
            here = Site(gateway, **config)
            try:
                await what(here)
            finally:
                await here.checks.close()

    run(begin)


async def models(here: Site, key: str = KEY) -> Mapping[str, Model]:
    """What the gateway says of each model, by id."""
    answered = await here.ask(key)
    assert answered is not None
    assert answered.grant is not None
    return answered.grant.models.stated


@pytest.mark.parametrize(
    "name", [OPUS, f"anthropic/{OPUS}", "us.anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5@20251101"]
)
def test_a_claude_model_has_its_name_and_its_limits_under_the_name_of_any_platform(name: str) -> None:
    known = {model.id: model for model in Facts.built_in(now()).models}[OPUS]

    async def what(here: Site) -> None:
        (model,) = (await models(here)).values()
        assert model.id == name
        assert model.display_name == known.display_name
        assert model.max_input_tokens == known.max_input_tokens
        assert model.created_at == known.created_at

    talk(what, [{"id": name, "object": "model", "created": 1_700_000_000}])


def test_what_the_gateway_states_outranks_built_in_facts() -> None:
    async def what(here: Site) -> None:
        (model,) = (await models(here)).values()
        assert model.max_input_tokens == 32_768
        assert model.display_name == "Claude Opus 4.5"

    talk(what, [{"id": OPUS, "max_model_len": 32_768}], kind="vllm")


def test_a_gateway_that_is_observed_is_shown_as_it_is() -> None:
    async def what(here: Site) -> None:
        (model,) = (await models(here)).values()
        assert model.display_name == OPUS
        assert model.max_input_tokens is None

    talk(what, [{"id": OPUS, "object": "model"}], key_mode="observe")


def test_prefix_rename_allow_and_deny_apply() -> None:
    async def what(here: Site) -> None:
        assert list(await models(here)) == ["x/opus", "x/alpha"]
        assert (await models(here))["x/opus"].display_name == "Claude Opus 4.5"

    rows = [{"id": each} for each in (OPUS, "alpha", "beta", "gamma")]
    talk(what, rows, prefix="x/", rename={OPUS: "opus"}, deny=["beta", "gamma"])


def test_two_models_of_one_name_are_no_list() -> None:
    async def what(here: Site) -> None:
        assert await here.verdict(KEY) == "away"

    talk(what, [{"id": "alpha"}, {"id": "beta"}], rename={"alpha": "beta"})


def test_embeddings_are_left_out_where_the_row_says_what_they_are() -> None:
    async def what(here: Site) -> None:
        assert list(await models(here)) == ["chat"]

    talk(what, [{"id": "chat", "mode": "chat"}, {"id": "vectors", "mode": "embedding"}], kind="litellm")


def test_rows_for_a_long_context_and_for_pickers_are_listed_where_they_are_wanted() -> None:
    async def what(here: Site) -> None:
        found = await models(here)
        assert set(found) == {"alpha", "alpha[1m]", "claude-alpha", "claude-alpha[1m]"}
        assert found["alpha[1m]"].max_input_tokens == 1_000_000

    rows = [{"id": "alpha", "max_model_len": 1_000_000}]
    talk(what, rows, kind="vllm", long_context_rows=True, picker_prefix="claude-")


def test_a_model_whose_row_repeats_the_credential_is_left_out() -> None:
    async def what(here: Site) -> None:
        assert list(await models(here)) == ["alpha"]
        assert list(await models(here, "sk-another-key-0123456789")) == ["alpha", f"of {KEY}"]

    talk(what, [{"id": "alpha"}, {"id": f"of {KEY}"}])


def test_two_keys_with_equal_lists_share_them() -> None:
    async def what(here: Site) -> None:
        one, other = await models(here), await models(here, "sk-another-key-0123456789")
        assert one is other

    talk(what, [{"id": "alpha"}])


def test_a_list_that_says_it_was_made_now_comes_to_the_same_models_each_time() -> None:
    async def what(here: Site) -> None:
        number = iter(range(1_700_000_000, 1_800_000_000))

        def answer(_: object) -> Given:
            row = {"id": "alpha", "created": next(number), "max_model_len": 4096}
            return Given(200, json.dumps({"data": [row]}).encode())

        here.gateway.answer = answer
        first = await models(here)
        here.clock.now += 60
        assert await models(here) == first

    talk(what, [], kind="vllm")


VALUES = {
    "display_name": st.just("A name") | st.just(LastKnown()) | st.just(LastKnown("Another")),
    "created_at": st.just(FIRST_SEEN) | st.just("2026-01-01T00:00:00Z"),
    "max_input_tokens": st.integers(1, 10**7) | st.just(LastKnown(4096)) | st.just(LastKnown()),
    "lifecycle": st.sampled_from(["active", "deprecated", "retired"]),
    "deprecated_at": st.just(FIRST_SEEN) | st.just("2026-02-01T00:00:00Z"),
    "retires_at": st.just("2026-01-15T00:00:00Z") | st.just("2027-01-01T00:00:00Z"),
    "same_as": st.sampled_from(["alpha", "beta", OPUS, "elsewhere"]),
}
LISTED = st.builds(
    Listed,
    st.sampled_from(["alpha", "beta", OPUS, f"anthropic/{OPUS}"]),
    st.fixed_dictionaries({}, optional=VALUES),
)


@given(st.lists(LISTED, unique_by=lambda each: each.id), st.booleans())
def test_whatever_is_said_of_them_models_come_out_each_once_and_in_order(
    listed: list[Listed], is_completed: bool
) -> None:
    builtin = BuiltinFacts(Facts.built_in(now())) if is_completed else None
    made = list(Completion(listed, SOURCE, builtin).models())
    assert [model.id for model in made] == [each.id for each in listed]
    for model, each in zip(made, listed, strict=True):
        stated = each.fields.get("max_input_tokens")
        if isinstance(stated, int):
            assert model.max_input_tokens == stated

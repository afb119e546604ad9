"""The list of LiteLLM's proxy, joined with what it says of its deployments."""

import copy
import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.errors import SourceError
from callsheet.sources import litellm
from callsheet.sources.litellm_entry import NO_TEXT, WILDCARD
from callsheet.sources.read import Reading, read
from callsheet.sources.upstream import Answer, Options, Request
from tests.sources.recorded import answer_to, ask, exchanges, listed_in, reading_of

SECRET = "sk-planted-0123456789abcdef"


def answer(path: str, sent: object, status: int = 200) -> Answer:
    return Answer(Request("GET", path), status, {}, json.dumps(sent).encode())


def joined(rows: list[Any], deployments: object, status: int = 200) -> Reading:
    info = answer("/model/info", {"data": deployments}, status)
    return read(litellm, [answer("/v1/models", {"data": rows}), info], Options())


def test_the_smallest_limit_of_the_deployments_behind_a_name_counts() -> None:
    model = listed_in(reading_of("litellm"))["team-nova"]
    assert (model.fields["max_input_tokens"], model.fields["max_tokens"]) == (200000, 32000)
    assert model.notes == (
        "max_input_tokens of its deployments differs, from 200000 to 400000: the smallest counts",
        "max_output_tokens of its deployments differs, from 32000 to 64000: the smallest counts",
    )


@given(limits=st.lists(st.none() | st.integers(1, 10**9), max_size=5))
def test_no_deployment_has_a_smaller_limit_than_the_one_that_is_claimed(limits: list[int | None]) -> None:
    deployments = [{"model_name": "a", "model_info": {"max_input_tokens": each}} for each in limits]
    (model,) = joined([{"id": "a", "max_input_tokens": 10**10}], deployments).listed
    known = [each for each in limits if each is not None]
    assert model.fields["max_input_tokens"] == min(known, default=10**10)


def test_a_capability_is_one_that_every_deployment_has_and_none_that_one_lacks() -> None:
    assert listed_in(reading_of("litellm"))["team-nova"].fields["capabilities"] == {
        "image_input": {"supported": True},  # both have it
        "thinking": {"supported": False},  # one has it not
    }  # what only one of them states is unknown


def test_the_name_that_people_configured_is_shown() -> None:
    assert listed_in(reading_of("litellm"))["team-nova"].fields["display_name"] == "Nova for teams"


def test_wildcards_and_models_that_generate_no_text_are_dropped() -> None:
    assert reading_of("litellm").reasons() == {NO_TEXT: 1, WILDCARD: 1}


def test_the_constant_that_litellm_sends_as_created_is_not_a_date() -> None:
    assert all("created_at" not in each.fields for each in reading_of("litellm").listed)


def test_deployments_of_a_team_belong_to_the_name_that_the_team_sees() -> None:
    assert listed_in(reading_of("litellm"))["research-nova"].fields["max_input_tokens"] == 400000


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_key_that_may_not_ask_for_deployments_lists_the_models_without(status: int) -> None:
    (model,) = joined([{"id": "a", "max_input_tokens": 9}], "refused", status).listed
    assert model.fields == {"max_input_tokens": 9}
    assert model.notes == ("what its deployments can do is unknown, because the key may not ask /model/info",)


def test_an_error_while_deployments_are_asked_fails_the_run_so_that_no_limit_is_lost() -> None:
    with pytest.raises(SourceError, match="/model/info was answered with status 500"):
        joined([{"id": "a"}], [], 500)


def test_what_a_row_says_under_our_own_name_for_deployments_is_not_believed() -> None:
    (model,) = joined([{"id": "a", "its deployments": 7}], [], 403).listed
    assert model.fields == {}


def with_secrets() -> list[Answer]:
    recorded = copy.deepcopy(exchanges("litellm"))
    for row in recorded["GET /model/info"]["json"]["data"]:
        row["litellm_params"] |= {"api_key": SECRET, "vertex_credentials": {"private_key": SECRET}, "model": SECRET}
    return list(ask(litellm, Options(), lambda request: answer_to(request, recorded)))


def test_secrets_in_litellm_params_are_in_no_row_model_representation_or_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = with_secrets()
    assert any(SECRET.encode() in each.body for each in answers)
    shown = [litellm.rows(answers), read(litellm, answers, Options()), answers, caplog.text]
    assert SECRET not in repr(shown)


def test_an_error_about_deployments_does_not_show_the_secrets_beside_them() -> None:
    broken = [each if each.request.path == "/v1/models" else _cut(each) for each in with_secrets()]
    with pytest.raises(SourceError) as raised:
        read(litellm, broken, Options())
    assert SECRET not in f"{raised.value!r} {raised.value.__context__!r} {raised.value.__cause__!r}"


def _cut(whole: Answer) -> Answer:
    return Answer(whole.request, 200, {}, whole.body[:-40])


def test_the_secret_goes_as_a_bearer_token() -> None:
    assert litellm.authorization("sk-1") == {"authorization": "Bearer sk-1"}

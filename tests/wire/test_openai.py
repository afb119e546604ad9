"""OpenAI's shapes, as bytes."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from callsheet.domain import errors
from callsheet.domain.errors import APIError
from callsheet.domain.model import Lifecycle
from callsheet.wire import openai
from tests.installation import make_model
from tests.wire.test_anthropic import every_error


def test_a_model_is_compact_json_in_order() -> None:
    retires = datetime(2027, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))  # in UTC, the day before
    model = make_model(
        "m",
        "2026-02-04T00:00:00.9Z",
        display_name="M é",
        line="opus",
        source="s",
        max_input_tokens=2,
        max_tokens=1,
        lifecycle=Lifecycle.DEPRECATED,
        deprecated_at=datetime(2026, 6, 1, tzinfo=UTC),
        retires_at=retires,
    )
    assert openai.write_model(model).decode() == (
        '{"id":"m","object":"model","created":1770163200,"owned_by":"s",'
        '"context_window":2,"max_completion_tokens":1,"max_model_len":2,"context_length":2,'
        '"name":"M é","shutdown_date":"2026-12-31"}'
    )


def test_what_is_unknown_is_absent_but_not_the_time() -> None:
    model = make_model("m", "1970-01-01")
    assert openai.write_model(model) == b'{"id":"m","object":"model","created":0,"owned_by":"callsheet"}'


@pytest.mark.parametrize(
    ("line", "source", "owner"),
    [
        ("opus", "s", "s"),
        (None, "s", "s"),
        *((line, None, "anthropic") for line in ("haiku", "sonnet", "opus", "fable", "mythos")),
        ("nova", None, "nova"),
        (None, None, "callsheet"),
    ],
)
def test_the_owner_is_the_source_or_anthropic_for_its_lines_or_the_line_or_callsheet(
    line: str | None, source: str | None, owner: str
) -> None:
    written = openai.write_model(make_model("m", line=line, source=source))
    assert openai.OpenAIModel.model_validate_json(written).owned_by == owner


def test_a_list_is_compact_json_in_order() -> None:
    assert openai.write_list(b"") == b'{"object":"list","data":[]}'
    assert openai.write_list(b'{"id":"a"},{"id":"b"}') == b'{"object":"list","data":[{"id":"a"},{"id":"b"}]}'


def test_a_list_can_be_read_back() -> None:
    data = b",".join(openai.write_model(make_model(name)) for name in "ab")
    listed = openai.OpenAIModelList.model_validate_json(openai.write_list(data))
    assert [model.id for model in listed.data] == ["a", "b"]


@pytest.mark.parametrize(
    ("error", "kind", "param", "code"),
    [
        (errors.AuthenticationError("é"), "invalid_request_error", None, "invalid_api_key"),
        (errors.ModelNotFoundError("é"), "invalid_request_error", "model", "model_not_found"),
        (errors.NotFoundError("é"), "not_found_error", None, None),
        (errors.RateLimitError("é"), "rate_limit_error", None, "rate_limit_exceeded"),
        (errors.InternalServerError("é"), "api_error", None, None),
    ],
)
def test_an_error_is_compact_json_in_order(error: APIError, kind: str, param: str | None, code: str | None) -> None:
    shown = ["null" if value is None else f'"{value}"' for value in (param, code)]
    assert openai.write_error(error).decode() == (
        f'{{"error":{{"message":"é","type":"{kind}","param":{shown[0]},"code":{shown[1]}}}}}'
    )


def test_every_kind_of_error_can_be_read_back() -> None:
    for kind in set(every_error()) - {errors.RequestTooLargeError}:
        envelope = openai.OpenAIErrorEnvelope.model_validate_json(openai.write_error(kind("why")))
        assert envelope.error.message == "why"

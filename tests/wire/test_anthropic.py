"""Anthropic's shapes, as bytes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from callsheet.domain import errors
from callsheet.domain.access.workspace import Shape
from callsheet.domain.errors import APIError
from callsheet.domain.model import Lifecycle
from callsheet.wire import anthropic, status
from callsheet.wire.status import should_not_retry, status_of
from tests.installation import make_model

STATUS = {
    "InvalidRequestError": 400,
    "AuthenticationError": 401,
    "PermissionDeniedError": 403,
    "NotFoundError": 404,
    "ModelNotFoundError": 404,
    "MethodNotAllowedError": 405,
    "RequestTimeoutError": 408,
    "RateLimitError": 429,
    "InternalServerError": 500,
    "OverloadedError": 529,
}
TYPES = {
    "InvalidRequestError": "invalid_request_error",
    "AuthenticationError": "authentication_error",
    "PermissionDeniedError": "permission_error",
    "NotFoundError": "not_found_error",
    "ModelNotFoundError": "not_found_error",
    "MethodNotAllowedError": "invalid_request_error",
    "RequestTooLargeError": "request_too_large",
    "RequestTimeoutError": "timeout_error",
    "RateLimitError": "rate_limit_error",
    "InternalServerError": "api_error",
    "OverloadedError": "overloaded_error",
}


def every_error(kind: type[APIError] = APIError) -> Iterator[type[APIError]]:
    """Every kind of error that a caller can get."""
    for each in kind.__subclasses__():
        yield each
        yield from every_error(each)


def test_every_kind_of_error_has_its_status() -> None:
    plain = set(every_error()) - {errors.RequestTooLargeError}
    assert {kind.__name__: status_of(kind("x")) for kind in plain} == STATUS


def test_every_kind_of_error_has_its_type() -> None:
    assert {kind.__name__: kind.type for kind in every_error()} == TYPES


def test_the_table_of_statuses_holds_nothing_else() -> None:
    assert set(status.STATUS) == set(every_error()) - {errors.RequestTooLargeError}


@pytest.mark.parametrize(("part", "expected"), [("body", 413), ("url", 414), ("headers", 431)])
def test_what_is_too_large_has_the_status_of_its_part(part: str, expected: int) -> None:
    assert status_of(errors.RequestTooLargeError("x", part)) == expected


def test_only_what_may_go_better_next_time_is_retried() -> None:
    refused = {each for each in range(100, 600) if should_not_retry(each)}
    assert refused == set(range(400, 500)) - {408, 409, 429}


def test_an_error_is_compact_json_in_order() -> None:
    error = errors.NotFoundError('model: "é" \\ \n')
    assert anthropic.write_error(error, "req_1").decode() == (
        '{"type":"error","error":{"type":"not_found_error",'
        '"message":"model: \\"é\\" \\\\ \\n"},"request_id":"req_1"}'
    )


def test_an_error_can_be_read_back() -> None:
    for kind in set(every_error()) - {errors.RequestTooLargeError}:
        envelope = anthropic.ErrorEnvelope.model_validate_json(anthropic.write_error(kind("why"), "req_1"))
        assert (envelope.error.type, envelope.error.message, envelope.request_id) == (kind.type, "why", "req_1")


def test_a_model_is_compact_json_in_order() -> None:
    model = make_model(
        "m",
        "2026-02-04T10:20:30.25Z",
        display_name="M é",
        line="opus",
        max_input_tokens=1,
        max_tokens=2,
        capabilities={"batch": {"supported": True}},
        lifecycle=Lifecycle.RETIRED,
        deprecated_at=datetime(2026, 5, 1, tzinfo=UTC),
        retires_at=datetime(2026, 6, 1, tzinfo=UTC),
        description="D",
    )
    classic = '{"type":"model","id":"m","display_name":"M é","created_at":"2026-02-04T10:20:30.25Z"'
    assert anthropic.write_model(model, Shape.CLASSIC).decode() == classic + "}"
    assert anthropic.write_model(model, Shape.CURRENT).decode() == (
        f'{classic},"line":"opus","max_input_tokens":1,"max_tokens":2,'
        '"capabilities":{"batch":{"supported":true}},"lifecycle":"retired",'
        '"deprecated_at":"2026-05-01T00:00:00Z","retires_at":"2026-06-01T00:00:00Z","description":"D"}'
    )


def test_what_is_unknown_is_null_but_a_description_is_absent() -> None:
    written = json.loads(anthropic.write_model(make_model("m"), Shape.CURRENT))
    unknown = ["line", "max_input_tokens", "max_tokens", "capabilities", "deprecated_at", "retires_at"]
    assert [name for name, value in written.items() if value is None] == unknown
    assert list(written)[8] == "lifecycle"
    assert "description" not in written


def test_what_operators_keep_to_themselves_is_not_written() -> None:
    model = make_model("m", replacement="other-model", source="a-source", hidden=True)
    for shape in Shape:
        written = anthropic.write_model(model, shape)
        assert b"other-model" not in written
        assert b"a-source" not in written
        assert b"hidden" not in written


def test_a_model_can_be_read_back() -> None:
    model = make_model("m", line="opus", max_tokens=5)
    info = anthropic.ModelInfo.model_validate_json(anthropic.write_model(model, Shape.CURRENT))
    assert info == anthropic.model_info(model)


def test_fields_of_tomorrow_are_kept_when_read() -> None:
    text = '{"type":"model","id":"m","display_name":"M","created_at":"2026-01-01T00:00:00Z","mood":"good"}'
    assert anthropic.ModelInfo.model_validate_json(text).model_dump()["mood"] == "good"


def test_a_description_of_more_than_1000_characters_is_none() -> None:
    fields = {"id": "m", "display_name": "M", "created_at": "2026-01-01T00:00:00Z"}
    anthropic.ModelInfo(**fields, description="x" * 1000)
    with pytest.raises(ValidationError):
        anthropic.ModelInfo(**fields, description="x" * 1001)


def test_a_page_is_compact_json_in_order() -> None:
    page = anthropic.write_page(b'{"id":"a"},{"id":"b"}', has_more=True, first_id="a", last_id="b")
    assert page == b'{"data":[{"id":"a"},{"id":"b"}],"has_more":true,"first_id":"a","last_id":"b"}'


@pytest.mark.parametrize(("has_more", "text"), [(False, b"false"), (True, b"true")])
def test_an_empty_page_has_null_for_both_ids(has_more: bool, text: bytes) -> None:
    page = anthropic.write_page(b"", has_more=has_more, first_id=None, last_id=None)
    assert page == b'{"data":[],"has_more":%b,"first_id":null,"last_id":null}' % text


def test_a_page_of_either_shape_can_be_read_back() -> None:
    for shape in Shape:
        data = anthropic.write_model(make_model("m"), shape)
        page = anthropic.write_page(data, has_more=False, first_id="m", last_id="m")
        assert [model.id for model in anthropic.ModelPage.model_validate_json(page).data] == ["m"]

"""Refusals, read back into the classes they were raised as."""

import json
from collections.abc import Iterator

import pytest

from callsheet.domain import errors
from callsheet.domain.errors import APIError
from callsheet.wire import anthropic, openai, status
from callsheet.wire.reading_errors import ErrorContent, make_error, read_error


def every_error() -> Iterator[APIError]:
    """One of each kind, with the message that the server gives it."""
    for kind in status.STATUS:
        yield kind("model: nope" if kind is errors.ModelNotFoundError else "Not this.")
    for part in status.TOO_LARGE:
        yield errors.RequestTooLargeError("Too long.", part)


@pytest.mark.parametrize("error", list(every_error()), ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("dialect", ["anthropic", "openai"])
def test_an_error_comes_back_as_the_class_it_was(error: APIError, dialect: str) -> None:
    body = anthropic.write_error(error, "req_1") if dialect == "anthropic" else openai.write_error(error)
    content = read_error(json.loads(body))
    assert content is not None
    back = make_error(status.status_of(error), content, content.message)
    assert (type(back), back.message) == (type(error), error.message)
    if isinstance(error, errors.RequestTooLargeError):
        assert isinstance(back, errors.RequestTooLargeError)
        assert back.part == error.part


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (403, ErrorContent("no", "authentication_error"), errors.AuthenticationError),
        (401, ErrorContent("no", "invalid_request_error"), errors.AuthenticationError),
        (200, ErrorContent("no such model", "invalid_request_error", "model_not_found"), errors.ModelNotFoundError),
        (200, ErrorContent("no", "not_found_error"), errors.NotFoundError),
        (404, ErrorContent("model: nope"), errors.ModelNotFoundError),
        (404, ErrorContent(), errors.NotFoundError),
        (400, ErrorContent("no", "request_too_large"), errors.RequestTooLargeError),
        (402, ErrorContent("pay", "billing_error"), errors.InvalidRequestError),
        (418, ErrorContent(), errors.InvalidRequestError),
        (502, ErrorContent(), errors.InternalServerError),
        (503, ErrorContent("busy", "overloaded_error"), errors.OverloadedError),
        (200, ErrorContent("odd"), errors.InvalidRequestError),
    ],
)
def test_the_envelope_decides_where_it_says_more_than_the_status(
    status: int, content: ErrorContent, kind: type[APIError]
) -> None:
    assert type(make_error(status, content, content.message)) is kind


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (None, None),
        ([], None),
        ({"data": []}, None),
        ({"error": None}, None),
        ({"error": 5}, None),
        ({"error": "model not found"}, ErrorContent("model not found")),
        ({"error": {}}, ErrorContent()),
        ({"error": {"message": 5, "type": None, "code": 404}}, ErrorContent()),
        ({"error": {"message": "m", "type": "t", "code": "c"}}, ErrorContent("m", "t", "c")),
    ],
)
def test_an_envelope_is_read_as_far_as_it_is_one(sent: object, expected: ErrorContent | None) -> None:
    assert read_error(sent) == expected

"""Errors of the ordinary ASGI path, in the envelope of the contract (section 5)."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request as HTTPRequest
from starlette.responses import Response as HTTPResponse

from callsheet.api.answer import Response, error_response
from callsheet.api.request import Request
from callsheet.domain.errors import (
    APIError,
    InternalServerError,
    InvalidRequestError,
    MethodNotAllowedError,
    NotFoundError,
)
from callsheet.http.request_id import make_request_id


def refuse_outside(error: APIError, method: str = "GET") -> Response:
    """Return the answer to a request that never reached the public API."""
    # An error does not depend on the time.
    return error_response(error, Request(method, b"", b"", (), 0.0, make_request_id()))


async def on_http_exception(request: HTTPRequest, error: Exception) -> HTTPResponse:
    """Answer a request that Starlette refuses."""
    assert isinstance(error, HTTPException)  # noqa: S101  # Starlette calls this for nothing else
    known: Mapping[int, APIError] = {
        404: NotFoundError("Not found"),
        405: MethodNotAllowedError("Method Not Allowed"),
    }
    return _to_starlette(known.get(error.status_code, InvalidRequestError(error.detail)), request.method)


async def on_exception(request: HTTPRequest, _error: Exception) -> HTTPResponse:
    """Answer after an unexpected error; Starlette's middleware raises it again, so that the server logs it."""
    return _to_starlette(InternalServerError("Internal server error"), request.method)


def _to_starlette(error: APIError, method: str) -> HTTPResponse:
    refusal = refuse_outside(error, method)
    response = HTTPResponse(refusal.body, refusal.status)
    response.raw_headers = refusal.headers
    return response

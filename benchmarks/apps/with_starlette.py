"""Starlette with nothing added: two routes, the same work as the bare app."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.apps.work import Refusal, authenticate, load, make_etag, make_request_id

_models = load()


async def _list(request: Request) -> Response:
    workspace = _authenticate(request)
    return _respond(_models.page(request.scope["query_string"]), workspace)


async def _retrieve(request: Request) -> Response:
    workspace = _authenticate(request)
    return _respond(_models.one(request.path_params["model_id"]), workspace)


def _authenticate(request: Request) -> bytes:
    found = (request.headers.get(name) for name in ("authorization", "x-api-key", "anthropic-version"))
    return authenticate(*(None if value is None else value.encode() for value in found))


def _respond(body: bytes, workspace: bytes) -> Response:
    headers = {
        "request-id": make_request_id(),
        "cache-control": "private, no-cache",
        "x-content-type-options": "nosniff",
        "anthropic-organization-id": "00000000-0000-4000-8000-000000000000",
        "anthropic-workspace-id": workspace.decode(),
        "etag": make_etag(body).decode(),
        "vary": "anthropic-version, anthropic-workspace-id, authorization, x-api-key",
    }
    return Response(body, 200, headers, "application/json")


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return Response(error.body, error.status, {"request-id": make_request_id()}, "application/json")


app = Starlette(
    routes=[Route("/v1/models", _list), Route("/v1/models/{model_id:path}", _retrieve)],
    exception_handlers={Refusal: _refuse},
)

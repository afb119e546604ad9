"""Bare ASGI: no framework at all."""

from typing import Any

from benchmarks.apps.work import Refusal, authenticate, load, make_etag, make_request_id

_models = load()
_fixed = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"private, no-cache"),
    (b"x-content-type-options", b"nosniff"),
    (b"anthropic-organization-id", b"00000000-0000-4000-8000-000000000000"),
    (b"vary", b"anthropic-version, anthropic-workspace-id, authorization, x-api-key"),
]


async def app(scope: Any, _receive: Any, send: Any) -> None:
    """Answer one request."""
    if scope["type"] != "http":
        return
    request_id = make_request_id().encode()
    headers = [(b"request-id", request_id), *_fixed]
    try:
        workspace, body = _answer(scope)
        status = 200
        headers += [(b"anthropic-workspace-id", workspace), (b"etag", make_etag(body))]
    except Refusal as refusal:
        status, body = refusal.status, refusal.body
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _answer(scope: Any) -> tuple[bytes, bytes]:
    authorization = api_key = version = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            authorization = value
        elif name == b"x-api-key":
            api_key = value
        elif name == b"anthropic-version":
            version = value
    if scope["method"] != "GET":
        raise Refusal(405, "invalid_request_error")
    workspace = authenticate(authorization, api_key, version)
    path = scope["path"]
    if path == "/v1/models":
        return workspace, _models.page(scope["query_string"])
    if path.startswith("/v1/models/"):
        return workspace, _models.one(path[len("/v1/models/") :])
    raise Refusal(404, "not_found_error")

"""The same job with httpx2 and ASGI: what forwarding would be without a protocol of our own."""

import os
import sys
from typing import Any

import httpx2
import uvicorn

_client = httpx2.AsyncClient(
    base_url=os.environ.get("BENCHMARK_GATEWAY", ""), timeout=600, limits=httpx2.Limits(max_connections=2000)
)


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return

    async def body() -> Any:
        more = True
        while more:
            message = await receive()
            yield message.get("body", b"")
            more = message.get("more_body", False)

    target = scope["raw_path"].decode() + ("?" + scope["query_string"].decode() if scope["query_string"] else "")
    headers = [(name, value) for name, value in scope["headers"] if name not in (b"host", b"connection")]
    has_body = any(name in (b"content-length", b"transfer-encoding") for name, _ in headers)
    request = _client.build_request(scope["method"], target, headers=headers, content=body() if has_body else None)
    response = await _client.send(request, stream=True)
    try:
        kept = [(name.lower(), value) for name, value in response.headers.raw if name.lower() != b"connection"]
        await send({"type": "http.response.start", "status": response.status_code, "headers": kept})
        async for chunk in response.aiter_raw():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        await response.aclose()


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning", lifespan="off")

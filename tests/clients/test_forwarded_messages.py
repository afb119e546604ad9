"""Anthropic's own client streams a message through a server that forwards, as it would from the gateway itself."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clients.programs import clean_environment, python_driver, talk
from tests.doors import HTTPDoor
from tests.installation import Installation
from tests.program import DEADLINE
from tests.serving import JSONHandler, serving

_WORDS: Final = ("Hel", "lo", " wörld")
_USAGE: Final = {"input_tokens": 3, "output_tokens": 1}
_REFUSED: Final = {
    "type": "error",
    "error": {"type": "rate_limit_error", "message": "later"},
    "request_id": "req_gw",
}


def events() -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of a message, as Anthropic's API sends them."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": []}
    yield "message_start", {"message": {**message, "stop_reason": None, "stop_sequence": None, "usage": _USAGE}}
    yield "content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}
    for word in _WORDS:
        yield "content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": word}}
    yield "content_block_stop", {"index": 0}
    yield "message_delta", {"delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": _USAGE}
    yield "message_stop", {}


class Gateway(JSONHandler):
    """Answers as Anthropic's API does; after each word it waits until the client has it."""

    seen = threading.Semaphore(0)

    def post(self) -> None:
        asked = json.loads(self.body())
        if self.path.startswith("/v1/messages/count_tokens"):
            self.send(200, {"input_tokens": 42}, request_id="req_gw")
        elif asked["model"] == "refused":
            self.send(429, _REFUSED, request_id="req_gw")
        else:
            self._stream()

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for name, content in events():
            event = f"event: {name}\ndata: {json.dumps({'type': name, **content})}\n\n".encode()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
            if name == "content_block_delta":
                assert self.seen.acquire(timeout=DEADLINE), "the client did not get a word before the next one"
        self.wfile.write(b"0\r\n\r\n")


@pytest.fixture
def gateway_url() -> Iterator[str]:
    """The gateway's address."""
    with serving(Gateway) as url:
        yield url


@pytest.mark.parametrize("client", ["anthropic-2"])
def test_anthropics_client_gets_each_word_as_it_is_sent(
    installation: Installation, gateway_url: str, client: str, tmp_path: Path
) -> None:
    door = HTTPDoor(installation)
    door.set_up(gateway=gateway_url, forward=True)
    command = python_driver(client, "drive_stream.py", f"http://127.0.0.1:{door.port}")
    try:
        with talk([*command, "sk-of-the-gateway"], tmp_path, clean_environment(tmp_path)) as (_, answering):
            for word in _WORDS:
                assert json.loads(answering.readline()) == {"text": word}
                Gateway.seen.release()
            reported = json.loads(answering.readline())
        assert reported == {
            "texts": list(_WORDS),
            "stop": "end_turn",
            "tokens": 42,
            "refused": [429, "RateLimitError", "req_gw"],
        }
    finally:
        door.close()

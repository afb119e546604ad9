"""What the connection refuses of requests for the Admin API: in its envelope, with a code for programs."""

from collections.abc import Iterator

import pytest

from callsheet.http.app import CallsheetApp
from callsheet.http.paths import MAX_ADMIN_BODY_BYTES
from tests.http.plain import ClockLoop, make_app, replies, run
from tests.http.wire import Line
from tests.installation import Installation

ADMIN = "/v1/organizations/api_keys"


@pytest.fixture
def app(installation: Installation) -> Iterator[CallsheetApp]:
    made = make_app(installation, max_url_bytes=512)
    yield made
    made.stop()


def sent(target: str, *lines: str) -> bytes:
    """A request as a program sends it."""
    return "\r\n".join([f"POST {target} HTTP/1.1", *lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("lines", "status", "code"),
    [
        (["host: test", f"content-length: {MAX_ADMIN_BODY_BYTES + 1}"], 413, "too_large"),
        (["host: test", "x-long: " + "y" * 2000], 431, "too_large"),
        (["no-host: test"], 400, "invalid_request"),
    ],
)
@pytest.mark.parametrize("fast", [True, False])
def test_a_request_that_is_not_read_gets_a_code(
    app: CallsheetApp, fast: bool, lines: list[str], status: int, code: str
) -> None:
    async def talk(_: ClockLoop) -> None:
        found = {}
        for target in (ADMIN, "/v1/models"):
            line = Line(app, fast=fast, max_header_bytes=1024)
            line.protocol.data_received(sent(target, *lines))
            await line.settle()
            (found[target],) = replies(line.wire.sent)
            assert line.wire.closed
        admin, public = found[ADMIN], found["/v1/models"]
        assert (admin.status, public.status) == (status, status)
        error = admin.json["error"]
        assert (error["type"], error["details"]) == (public.json["error"]["type"], {"error_code": code})
        assert "details" not in public.json["error"]
        assert admin.headers["x-should-retry"] == "false"

    run(talk)


def test_a_url_that_is_too_long_gets_a_code(app: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        line.protocol.data_received(sent(f"{ADMIN}?{'x' * 600}", "host: test"))
        await line.settle()
        (reply,) = replies(line.wire.sent)
        assert (reply.status, reply.json["error"]["details"]) == (414, {"error_code": "too_large"})

    run(talk)

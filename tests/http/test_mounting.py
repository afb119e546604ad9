"""The app mounted in other applications, each on a real server, without its lifespan."""

import http.client
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from callsheet.http.app import CallsheetApp, create_app
from callsheet.http.metrics.families import Series
from callsheet.http.paths import local_path
from callsheet.http.serve.run import bind
from callsheet.settings import Settings
from tests.doors import AppDoor, HTTPDoor, PlainHTTPDoor, Reply
from tests.installation import Installation, make_model
from tests.server_thread import ServerThread

PREFIX = "/tools/claude models"  # two segments, one of them with a character that travels encoded
ENCODED = "/tools/claude%20models"

SECRET = "sk-of-the-mounting-tests"
SLASHED = "moonshot/kimi:k3@q4"


class Host:
    """Another application on a real server, with Callsheet somewhere in it."""

    def __init__(self, app: Any, **options: Any) -> None:
        listener = bind("127.0.0.1", 0)
        self._port: int = listener.getsockname()[1]
        config = uvicorn.Config(app, log_config=None, access_log=False, ws="none", **options)
        self._server = ServerThread(config, [listener])

    def get(self, target: str, *, method: str = "GET", secret: str = SECRET) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            headers = {"x-api-key": secret, "anthropic-version": "2023-06-01"}
            connection.request(method, target, headers=headers)
            response = connection.getresponse()
            answered = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, answered, response.read())
        finally:
            connection.close()

    def close(self) -> None:
        self._server.stop()


def in_starlette(app: CallsheetApp) -> Any:
    return Starlette(routes=[Mount(PREFIX, app)])


def in_nested_starlette(app: CallsheetApp) -> Any:
    _, outer, inner = PREFIX.split("/")
    return Starlette(routes=[Mount(f"/{outer}", routes=[Mount(f"/{inner}", app)])])


def in_fastapi(app: CallsheetApp) -> Any:
    from fastapi import FastAPI  # here, as every process of the tests imports this file

    host = FastAPI()
    host.mount(PREFIX, app)
    return host


def in_litestar(app: CallsheetApp) -> Any:
    from litestar import Litestar, asgi

    @asgi(PREFIX, is_mount=True, copy_scope=True)
    async def callsheet(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    return Litestar([callsheet])


def app_of(installation: Installation) -> CallsheetApp:
    """The app over an installation with a model of which the id has a slash."""
    installation.add(make_model(SLASHED))
    installation.key(secret=SECRET)
    return create_app(Settings(database=installation.url, poll_seconds=0.01))


@pytest.fixture
def app(installation: Installation) -> Iterator[CallsheetApp]:
    made = app_of(installation)
    yield made
    made.stop()


class Mounted(NamedTuple):
    """An installation, and a host of the app over it."""

    installation: Installation
    host: Host


@pytest.fixture(
    scope="module",
    params=[in_starlette, in_nested_starlette, in_fastapi, in_litestar],
    ids=lambda each: each.__name__,
)
def mounted(
    request: pytest.FixtureRequest, _template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mounted]:
    """One of each kind for all tests, which add models of their own names to it at most."""
    path = tmp_path_factory.mktemp("mounted") / "callsheet.db"
    shutil.copy(_template, path)
    mount: Callable[[CallsheetApp], Any] = request.param
    with closing(Installation(f"sqlite:///{path}")) as installation:
        app = app_of(installation)
        host = Host(mount(app))
        yield Mounted(installation, host)
        host.close()
        app.stop()


@pytest.fixture
def host(mounted: Mounted) -> Host:
    return mounted.host


def _wait_until(host: Host, target: str, status: int) -> Reply:
    for _ in range(2000):  # each asks over HTTP, so this ends
        reply = host.get(target)
        if reply.status == status:
            return reply
    raise AssertionError(reply)


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/models", "/v1/models/", "/v1/v1/models", "/v1/v1/models/"),
        *("//v1/models", "/v1//models", "/v1/models//", "//v1//v1//models//"),
    ],
)
def test_the_list_is_there_under_the_prefix_and_never_redirected(host: Host, path: str) -> None:
    reply = host.get(f"{ENCODED}{path}?limit=2")
    assert reply.ids == ["claude-fable-5-2", "claude-haiku-5-5"]
    assert reply.json["has_more"] is True


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/models/{SLASHED}",
        f"/v1/models/{SLASHED}/",
        f"/v1/v1/models/{SLASHED}",
        "/v1/models/moonshot%2Fkimi%3Ak3%40q4",
        "/v1/models/moonshot%2fkimi:k3%40q4",
    ],
)
def test_an_id_with_a_slash_is_retrieved_raw_and_encoded(host: Host, path: str) -> None:
    assert host.get(f"{ENCODED}{path}?beta=true").json["id"] == SLASHED


def test_an_id_is_decoded_once_only(host: Host) -> None:
    reply = host.get(f"{ENCODED}/v1/models/moonshot%252Fkimi")
    assert reply.error == (404, "not_found_error", "model: moonshot%2Fkimi")


@pytest.mark.parametrize("name", ["/data/models/x", "data/x/", "../x.gguf", "我的 模型", "claude-opus-4-8[1m]"])
def test_an_id_of_any_kind_is_retrieved(mounted: Mounted, name: str) -> None:
    mounted.installation.add(make_model(name))
    host = mounted.host
    asked = f"{ENCODED}/v1/models/{quote(name, safe='')}"
    assert _wait_until(host, asked, 200).json["id"] == name
    if name.isascii():
        assert host.get(f"{ENCODED}/v1/models/{name}").json["id"] == name
        assert host.get(f"{ENCODED}//v1//models/{name}").json["id"] == name


def test_the_root_of_the_mount_says_what_this_is(host: Host) -> None:
    reply = host.get(f"{ENCODED}/")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert reply.body.startswith(b"Callsheet, ")


def test_messages_are_refused_below_the_mount_only(host: Host) -> None:
    reply = host.get(f"{ENCODED}/v1/messages", method="POST")
    assert (reply.status, "gateway" in reply.json["error"]["message"]) == (404, True)
    assert b"gateway" not in host.get("/v1/messages", method="POST").body


def test_the_routes_of_the_host_come_first(app: CallsheetApp) -> None:
    async def theirs(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"theirs: {request.url.path}")

    paths = ("/", "/v1/messages", "/v1/chat/completions")
    routes = [Route(path, theirs, methods=["GET", "POST"]) for path in paths]
    host = Host(Starlette(routes=[*routes, Mount("/", app)]))
    try:
        for path in paths:
            assert host.get(path).body.decode() == f"theirs: {path}"
        assert host.get("/v1/models?limit=1").ids == ["claude-fable-5-2"]
        assert "gateway" in host.get("/v1/responses").json["error"]["message"]
    finally:
        host.close()


def test_what_is_not_found_is_answered_in_our_envelope(host: Host) -> None:
    assert host.get(f"{ENCODED}/v1/models/nothing").error == (404, "not_found_error", "model: nothing")
    assert host.get(f"{ENCODED}/v1/nothing").error == (404, "not_found_error", "Not found")
    assert host.get(f"{ENCODED}/v1/models", method="DELETE").error[0] == 405
    assert host.get(f"{ENCODED}/v1/models", secret="wrong").error == (
        401,
        "authentication_error",
        "invalid x-api-key",
    )


def test_head_has_the_headers_and_no_body(host: Host) -> None:
    whole = host.get(f"{ENCODED}/v1/models")
    head = host.get(f"{ENCODED}/v1/models", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["etag"] == whole.headers["etag"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json"])
def test_the_open_paths_are_there_too(host: Host, path: str) -> None:
    assert host.get(ENCODED + path).status == 200


def test_changes_arrive_although_no_lifespan_ran(mounted: Mounted) -> None:
    host = mounted.host
    assert host.get(f"{ENCODED}/v1/models/added-later").status == 404
    mounted.installation.add(make_model("added-later"))
    _wait_until(host, f"{ENCODED}/v1/models/added-later", 200)


def test_a_prefix_that_a_proxy_leaves_on_is_named_by_root_path(installation: Installation) -> None:
    installation.key(secret=SECRET)
    app = create_app(Settings(database=installation.url, root_path="/anthropic"))
    host = Host(app, lifespan="off")
    try:
        for path in ("/anthropic/v1/models", "/v1/models", "/anthropic/v1/v1/models/"):
            assert host.get(f"{path}?limit=1").ids == ["claude-fable-5-2"]
        assert host.get("/anthropic/readyz").json["status"] == "ok"
        assert host.get("/anthropical/v1/models").error == (404, "not_found_error", "Not found")
    finally:
        host.close()
        app.stop()


def test_a_root_path_of_the_server_is_no_part_of_the_path(app: CallsheetApp) -> None:
    host = Host(app, lifespan="off", root_path="/proxied")
    try:
        assert host.get("/v1/models?limit=1").ids == ["claude-fable-5-2"]
        assert host.get("/v1/models/moonshot%2Fkimi%3Ak3%40q4").json["id"] == SLASHED
        assert host.get("/readyz").json["status"] == "ok"
    finally:
        host.close()


def test_a_server_that_sends_no_raw_path_is_enough(app: CallsheetApp) -> None:
    async def without_raw_path(scope: Any, receive: Any, send: Any) -> None:
        await app({name: value for name, value in scope.items() if name != "raw_path"}, receive, send)

    host = Host(without_raw_path, lifespan="off")
    try:
        assert host.get(f"/v1/models/{SLASHED}").json["id"] == SLASHED
        assert host.get("/v1/models/moonshot%2Fkimi%3Ak3%40q4").json["id"] == SLASHED
    finally:
        host.close()


@pytest.mark.parametrize(
    ("path", "raw_path", "root_path", "local"),
    [
        ("/v1/models/a/b", b"/v1/models/a%2Fb", "", b"/v1/models/a%2Fb"),
        ("/m/v1/models/a/b", b"/%6D/v1/models/a%2Fb", "/m", b"/v1/models/a%2Fb"),  # the prefix sent otherwise
        ("/v1/models/a/b/", b"/m/n/v1/models/a%2Fb", "", b"/v1/models/a%2Fb"),  # taken off `path` only
        ("/m/v1/models/a/b", b"/v1/models/a%2Fb", "/m", b"/v1/models/a%2Fb"),  # not in `raw_path` at all
        ("/m/v1/models/\N{REPLACEMENT CHARACTER}", b"/m/v1/models/%FF", "/m", b"/v1/models/%FF"),
        ("/m", b"/m", "/m", b"/"),
        ("/", b"/m", "", b"/"),
        ("/models", b"/models", "/m", b"/models"),
        ("/m/v1/models?", b"/m/v1/models%3F", "/m", b"/v1/models%3F"),
        ("/somewhere/else", b"/v1/models", "", b"/v1/models"),
        ("/m//v1/models//x/", b"/m//v1/models//x/", "/m", b"//v1/models//x/"),
        ("/v1/models/x", b"/m//v1/models//x%2F", "", b"//v1/models//x%2F"),  # several slashes made one
        ("/m/v1/models/模 型", "/m/v1/models/模%20型".encode(), "/m", "/v1/models/模%20型".encode()),
        ("/v1/models/模 型", "/m/v1/models/模%20型".encode(), "", "/v1/models/模%20型".encode()),
        ("/m/v1/models/\N{REPLACEMENT CHARACTER}", b"/m/v1/models/\xff", "/m", b"/v1/models/\xff"),
    ],
)
def test_the_path_below_the_mount_is_the_path_as_sent(
    path: str, raw_path: bytes, root_path: str, local: bytes
) -> None:
    assert local_path({"path": path, "raw_path": raw_path, "root_path": root_path}) == local


async def console(scope: Any, _receive: Any, send: Any) -> None:
    """Says below which prefix it was asked for what."""
    prefix = scope["root_path"]
    said = f"{scope['method']} {prefix} {scope['path'].removeprefix(prefix)}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": said})


@pytest.mark.parametrize("kind", [AppDoor, HTTPDoor, PlainHTTPDoor])
def test_an_application_mounted_beside_the_public_api_is_reached(
    installation: Installation, kind: type[AppDoor]
) -> None:
    door = kind(installation)
    try:
        door.app.mount("/admin", console)
        assert door.ask("GET", "/admin/").body == b"GET /admin /"
        assert door.ask("POST", "/admin/models/claude-opus-5?x=y").body == b"POST /admin /models/claude-opus-5"
        assert door.ask("GET", "/admin/models/a%2Fb%20c").body == b"GET /admin /models/a/b c"
        assert door.get("/v1/models?limit=1").status == 200
        for target in ("/administrator", "/Admin/", "/v1/admin/"):
            assert door.get(target).error == (404, "not_found_error", "Not found"), target
    finally:
        door.close()


@pytest.mark.parametrize("target", ["/%68ealthz", "/healthz/", "/healthz%0A", "/%6detrics", "/%0A", "//healthz"])
def test_our_own_pages_have_one_spelling(app_door: AppDoor, target: str) -> None:
    assert app_door.get(target).error == (404, "not_found_error", "Not found")


def test_a_path_that_no_route_matches_is_counted_and_logged_like_any_other_request(app_door: AppDoor) -> None:
    assert app_door.get("/nothing").status == 404
    assert app_door.get("/v1/messages").status == 404
    label = (("route", "other"), ("status", "404"), ("dialect", "anthropic"))
    assert app_door.app.observer.metrics.figures()[Series("callsheet_requests_total", label)] == 2

"""When a browser first shows something of a page."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from tests.console.browser.chromium import watched
from tests.console.browser.conftest import ConsoleServer
from tests.tiers import exhaustive

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = exhaustive

#: How long a browser may show the first half before the rest follows.
HALF_SECONDS: Final = 1.0

_SAY_WHEN_PAINTED: Final = "requestAnimationFrame(() => requestAnimationFrame(() => fetch('/painted')));"


class HalvingProxy:
    """Sends the first half of each page, and the rest when that has been shown, or has not for a while.

    Parameters
    ----------
    port
        Of the server behind it.
    """

    def __init__(self, port: int) -> None:
        self.halves_shown = threading.Event()
        self._whole_pages = threading.Event()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/painted":
                    if not proxy._whole_pages.is_set():
                        proxy.halves_shown.set()
                    self.send_response(204)
                    self.end_headers()
                    return
                status, headers, body = proxy._ask(port, self.path, self.headers.get("cookie", ""))
                self.send_response(status)
                for name, value in headers:
                    if name.lower() not in ("connection", "date", "server"):
                        self.send_header(name, value)
                self.end_headers()
                if b"</html>" in body:
                    self.wfile.write(body[: len(body) // 2])
                    proxy.halves_shown.wait(HALF_SECONDS)
                    proxy._whole_pages.set()
                    body = body[len(body) // 2 :]
                self.wfile.write(body)

            def log_request(self, code: object = "-", size: object = "-") -> None:
                """Print nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @staticmethod
    def _ask(port: int, path: str, cookie: str) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", path, headers={"cookie": cookie})
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, response.getheaders(), body


@contextmanager
def halving(port: int) -> Iterator[HalvingProxy]:
    """Yield a proxy that runs."""
    proxy = HalvingProxy(port)
    thread = threading.Thread(target=proxy.server.serve_forever)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.server.shutdown()
        thread.join()
        proxy.server.server_close()


def test_a_page_is_shown_once_all_of_it_is_there(browser: "Browser", console: ConsoleServer) -> None:
    """Otherwise the columns of a table would move while its rows arrive."""
    port = int(console.url.split(":")[2].split("/")[0])
    with halving(port) as proxy, watched(browser, console.folder) as seen:
        seen.page.add_init_script(_SAY_WHEN_PAINTED)
        seen.open(f"http://127.0.0.1:{proxy.server.server_port}/console/models")
        assert seen.page.locator("h1").count() == 1
        assert not proxy.halves_shown.is_set()

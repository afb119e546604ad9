"""Where the console is: in the app, below a prefix, on a server, on the listener for administration, or off."""

import asyncio
import http.client
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from callsheet.http.console.app import MAX_THREADS, MAX_WAITING_REQUESTS
from tests.console.browsing import Browser
from tests.http.admin.asking import exchange
from tests.installation import Installation, make_model
from tests.program import Server, call
from tests.tiers import exhaustive

MODEL = "claude-one"


def test_it_can_be_turned_off(installation: Installation) -> None:
    browser = Browser(installation, console=False)
    assert browser.ask("GET", "/console/models").status == 404


def test_what_only_begins_like_its_path_is_not_the_console(browser: Browser) -> None:
    assert browser.ask("GET", "/consoles").status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_it_takes_no_other_methods(method: str, browser: Browser) -> None:
    reply = browser.ask(method, "/console/models")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD, POST")


def test_below_a_prefix_every_address_has_it(installation: Installation) -> None:
    installation.catalog.add(make_model(MODEL))
    inner = Browser(installation)
    secret = inner.make_key()
    outer = Starlette(routes=[Mount("/models-api", app=inner.app)])
    inner.app = outer
    asked = inner.open(f"/models-api/console/models/{MODEL}")
    shown = inner.send(asked, "Sign in", secret=secret)
    assert shown.heading == MODEL
    addresses = [str(each["href"]) for each in shown.soup.find_all(["a", "link"]) if each["href"][0] == "/"]
    assert addresses
    assert all(address.startswith("/models-api/console") for address in addresses)
    assert all(inner.ask("GET", address).status == 200 for address in addresses if "/static/" in address)


def test_scripts_and_styles_are_kept_for_ever_under_an_address_that_changes_with_them(signed_in: Browser) -> None:
    shown = signed_in.open("/console/models")
    sheet = next(str(each["href"]) for each in shown.soup.find_all("link") if "stylesheet" in str(each["rel"]))
    plain, packed = signed_in.ask("GET", sheet), signed_in.ask("GET", sheet, accept_encoding="gzip, br")
    assert "immutable" in plain.headers["cache-control"]
    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.content) < len(plain.content) < 20 * 1024
    other = sheet.replace(sheet.split("/")[-2], "0" * 12)
    assert signed_in.ask("GET", other).status != 200


def test_the_first_page_is_small(signed_in: Browser) -> None:
    for number in range(60):
        signed_in.installation.catalog.add(make_model(f"claude-{number}"))
    shown = signed_in.open("/console/models")
    parts = [str(each.get("src") or each.get("href")) for each in shown.soup.find_all(["script", "link"])]
    sizes = [len(signed_in.ask("GET", part, accept_encoding="gzip").content) for part in parts]
    page = len(signed_in.ask("GET", "/console/models", accept_encoding="gzip").content)
    assert page + sum(sizes) < 150_000


@exhaustive
@pytest.mark.parametrize("apart", [False, True], ids=["with the rest", "apart"])
def test_a_server_has_it_where_it_has_the_admin_api(apart: bool, tmp_path: Path) -> None:
    database = tmp_path / "callsheet.db"
    options = ("--admin-port", "0", "--admin-host", "127.0.0.1") if apart else ()
    with Server(database, *options, cwd=tmp_path) as server:
        url = server.url
        if apart:
            assert server.get("/console/models")[0] == 404
            url = server.printed(r"(http://\S+)/v1/organizations")[1]
        made = call("console", "--url", url, "--database", f"sqlite:///{database}")
        link = made.stdout.strip()
        with httpx2.Client() as client:
            token = link.partition("link=")[2]
            signed = client.post(
                f"{url}/console/sign-in", data={"link": token}, headers={"origin": url}, follow_redirects=True
            )
            assert signed.status_code == 200
            assert "Signed in as" in signed.text


@exhaustive
def test_a_form_that_is_too_large_is_refused_and_the_server_goes_on(tmp_path: Path) -> None:
    with Server(tmp_path / "callsheet.db", cwd=tmp_path) as server:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
        body = urlencode({"secret": "x" * (2 << 20)})
        headers = {"origin": server.url, "content-type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/console/sign-in", body, headers)
        assert connection.getresponse().status == 413
        connection.close()
        assert server.get("/readyz")[0] == 200


def test_more_requests_than_may_wait_are_turned_away_at_once(browser: Browser) -> None:
    async def flood() -> list[int]:
        asked = [asyncio.create_task(exchange(browser.app, "GET", "/console/models", [])) for _ in range(300)]
        await asyncio.wait(asked)
        return [each.result().status for each in asked]

    statuses = asyncio.run(flood())
    most = MAX_THREADS + MAX_WAITING_REQUESTS
    assert (statuses.count(303), statuses.count(503)) == (most, 300 - most)


def test_a_console_that_could_not_be_made_is_tried_again(browser: Browser) -> None:
    make, failures = browser.served._make_console, [ImportError("not now")]

    def fail_once() -> object:
        if failures:
            raise failures.pop()
        return make()

    browser.served._make_console = fail_once  # type: ignore[assignment]
    with pytest.raises(ImportError, match="not now"):
        browser.open("/console/models")
    assert browser.open("/console/models").heading.startswith("Sign in")

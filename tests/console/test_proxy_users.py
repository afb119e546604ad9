"""People whom an authenticating proxy names: who is believed, for how long, and what they may do."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.session import MAX_IDLE, MAX_SESSION, Means, Session
from callsheet.domain.errors import SettingsError
from callsheet.http.app import create_app
from callsheet.http.console.proxy_users import ProxyUsers
from callsheet.http.console.session_cookie import proof
from callsheet.http.paths import PEER
from callsheet.service.admin.sessions import SessionService
from callsheet.settings import Settings
from tests.console.browsing import COOKIE, Browser
from tests.http.admin.asking import Reply
from tests.http.wire import Line
from tests.installation import Installation, again_on_postgresql, make_model, now

PROXY = "10.0.0.7"
HEADER = "x-forwarded-user"
OPTIONS: dict[str, Any] = {"console_user_header": HEADER, "console_proxies": ["10.0.0.0/30", PROXY]}


class Behind(Browser):
    """A browser behind the proxy, which names ``user``, over a connection from ``peer``."""

    def __init__(self, installation: Installation, peer: str | None = PROXY, **options: Any) -> None:
        super().__init__(installation, **{**OPTIONS, **options})
        app, self.peer = self.app, peer
        self.user: str | None = "ada"

        async def connected(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, PEER: None if self.peer is None else (self.peer, 50_000)}, receive, send)

        self.app = connected

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
        """Send a request, with the header in which the proxy names the person."""
        named = {} if self.user is None else {"x_forwarded_user": self.user}
        return super().ask(method, path, body, **{**named, **headers})


@pytest.fixture
def behind(installation: Installation) -> Behind:
    """A browser behind a proxy that is believed."""
    return Behind(installation)


def test_who_is_named_by_the_proxy_sees_pages_without_signing_in(behind: Behind) -> None:
    shown = behind.open("/console/models")
    assert shown.heading == "Catalogue"
    assert "Signed in as ada" in shown.text
    assert behind.open("/console/sign-in?next=/console/keys").heading == "Keys"


def sessions_of(behind: Behind) -> list[Session]:
    """Who is signed in, in the database."""
    with behind.installation.store.read() as reading:
        return reading.sessions()


def test_a_session_begins_once_and_goes_on(behind: Behind) -> None:
    behind.open("/console/models")
    kept = dict(behind.cookies)
    assert behind.open("/console/models").status == 200
    assert behind.cookies == kept


@given(st.lists(st.tuples(st.sampled_from(["ada", "grace", "zoë 你"]), st.booleans()), min_size=1, max_size=8))
def test_there_is_one_session_for_each_person_however_many_requests_keep_no_cookie(
    behind: Behind, requests: list[tuple[str, bool]]
) -> None:
    for name, keeps in requests:
        behind.user = name.encode().decode("latin-1")  # as bytes arrive
        behind.cookies = behind.cookies if keeps else {}
        assert behind.ask("GET", "/console/blame.json?model=x").status in (200, 404)
    names = [each.name for each in sessions_of(behind)]
    assert len(names) == len(set(names))
    assert {name for name, _ in requests} <= set(names)


@again_on_postgresql
def test_of_two_first_requests_at_once_each_finds_the_same_session(installation: Installation) -> None:
    service = SessionService(installation.store, now)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda _: service.of_user("ada", (Scope.READ,)).id, range(8))
    assert len(set(found)) == 1


@pytest.mark.parametrize("passed", [MAX_IDLE, MAX_SESSION])
def test_a_session_that_is_over_makes_room_for_another(passed: timedelta, installation: Installation) -> None:
    later = [now()]
    service = SessionService(installation.store, lambda: later[0])
    first = service.of_user("ada", (Scope.READ,))
    later[0] += passed
    second = service.of_user("ada", (Scope.READ,))
    assert second.id != first.id
    assert [each.id for each in service.list()] == [second.id]


def test_what_a_session_of_a_name_is_found_by_is_no_one_s_cookie(behind: Behind) -> None:
    behind.open("/console/models")
    behind.user = None
    for token in ("user read ada", "ada", sessions_of(behind)[0].fingerprint.hex(), sessions_of(behind)[0].id):
        behind.cookies = {COOKIE: token}
        assert behind.ask("GET", "/console/models").status == 303


def test_a_form_that_was_open_as_another_person_is_offered_again(installation: Installation) -> None:
    installation.catalog.add(make_model("claude-one"))
    behind = Behind(installation, console_user_scopes=["all"])
    form = behind.open("/console/models/claude-one/change")
    behind.user = "grace"
    fields = {**form.fields("Review change"), "display_name": ["Uno"]}
    assert behind.post("/console/models/claude-one/change", fields).fields("Go on")["display_name"] == ["Uno"]


def test_a_form_without_a_cookie_proves_nothing(installation: Installation) -> None:
    installation.catalog.add(make_model("claude-one"))
    behind = Behind(installation, console_user_scopes=["all"])
    path = "/console/models/claude-one/change"
    fields = {**behind.open(path).fields("Review change"), "display_name": ["Uno"]}
    for planted in ("", "a" * 43):
        behind.cookies = {COOKIE: planted} if planted else {}
        assert behind.post(path, fields).fields("Go on")["display_name"] == ["Uno"]
    elsewhere = behind.post(path, fields, origin="http://evil.example")
    assert elsewhere.status == 403


def test_a_cookie_that_someone_planted_proves_no_form(installation: Installation) -> None:
    installation.catalog.add(make_model("claude-one"))
    behind = Behind(installation, console_user_scopes=["all"])
    behind.cookies = {COOKIE: "a" * 43}
    path = "/console/models/claude-one/change"
    fields = {**behind.open(path).fields("Review change"), "display_name": ["Uno"]}
    assert behind.post(path, fields).fields("Apply")  # the browser goes on with it
    for guess in ("user ada", "session ada", "form"):
        forged = proof(proof("a" * 43, guess))
        assert behind.post(path, {**fields, "csrf": [forged]}).fields("Go on")


def test_signing_out_says_that_the_proxy_signs_in_again(behind: Behind) -> None:
    shown = behind.open("/console/models")
    before = sessions_of(behind)
    left = behind.send(shown, "Sign out")
    assert "the proxy in front of this server has signed you in again" in left.text
    assert {each.id for each in sessions_of(behind)}.isdisjoint(each.id for each in before)


def test_signing_out_everywhere_ends_sessions_by_links_too(behind: Behind) -> None:
    service = SessionService(behind.installation.store, now)
    service.follow_link(service.make_link("ada", (Scope.ALL,)))
    service.follow_link(service.make_link("grace", (Scope.ALL,)))
    behind.send(behind.open("/console/admin-keys"), "Sign out everywhere")
    assert {(each.actor, each.means) for each in sessions_of(behind)} == {
        ("console:grace", Means.LINK),
        ("console:ada", Means.PROXY),  # the proxy has signed in again
    }


def test_a_session_ends_when_the_proxy_names_someone_else(behind: Behind) -> None:
    behind.open("/console/models")
    adas = dict(behind.cookies)
    behind.user = "grace"
    assert "Signed in as grace" in behind.open("/console/models").text
    behind.cookies, behind.user = adas, None
    assert behind.open("/console/models").heading.startswith("Sign in")


def test_a_session_ends_when_the_proxy_names_nobody(behind: Behind) -> None:
    behind.open("/console/models")
    behind.user = None
    assert behind.open("/console/models").heading.startswith("Sign in")


def test_a_session_ends_when_the_name_comes_from_elsewhere(behind: Behind) -> None:
    behind.open("/console/models")
    behind.peer = "192.0.2.1"
    assert behind.open("/console/models").heading.startswith("Sign in")


def test_a_session_ends_when_the_settings_allow_something_else(behind: Behind) -> None:
    behind.open("/console/models")
    other = Behind(behind.installation, console_user_scopes=["catalog"])
    other.cookies = dict(behind.cookies)
    assert other.open("/console/admin-keys.json").json["session"]["scopes"] == ["catalog"]
    assert behind.open("/console/admin-keys.json").json["session"]["scopes"] == ["read"]
    without = Behind(behind.installation, console_user_header="", console_proxies=[])
    without.cookies = dict(other.cookies)
    assert without.open("/console/models").heading.startswith("Sign in")


@pytest.mark.parametrize("peer", ["192.0.2.1", "10.0.0.8", "::1", "unix:", None])
def test_no_one_else_is_believed_whatever_headers_say(peer: str | None, installation: Installation) -> None:
    spoofing = Behind(installation, peer)
    said = {"x_forwarded_for": PROXY, "forwarded": f"for={PROXY}", "x_real_ip": PROXY}
    assert spoofing.open("/console/models", **said).heading.startswith("Sign in")
    assert not spoofing.cookies


def test_without_the_setting_nothing_is_believed(installation: Installation) -> None:
    plain = Behind(installation, console_user_header="", console_proxies=[])
    assert plain.open("/console/models").heading.startswith("Sign in")


@pytest.mark.parametrize("name", ["", " ", "a\x07b", "x" * 129])
def test_a_name_that_is_none_is_not_believed(name: str, behind: Behind) -> None:
    behind.user = name
    assert behind.open("/console/models").heading.startswith("Sign in")


def test_the_name_stands_in_the_change_record(installation: Installation) -> None:
    installation.catalog.add(make_model("claude-one"))
    behind = Behind(installation, console_user_scopes=["all"])
    form = behind.open("/console/models/claude-one/change")
    fields = {**form.fields("Review change"), "display_name": ["Uno"]}
    plan = behind.post("/console/models/claude-one/change", fields)
    assert behind.post("/console/review", plan.fields("Apply")).heading == "Uno"
    assert behind.open("/console/models/claude-one.json").json["changes"][0]["actor"] == "console:ada"


def test_who_is_named_may_only_read_unless_the_settings_say_more(behind: Behind) -> None:
    behind.installation.catalog.add(make_model("claude-one"))
    assert behind.open("/console/models/claude-one").status == 200
    assert behind.open("/console/models/claude-one/change").status == 403


def test_a_form_whose_session_had_ended_is_offered_again(installation: Installation) -> None:
    installation.catalog.add(make_model("claude-one"))
    behind = Behind(installation, console_user_scopes=["all"])
    form = behind.open("/console/models/claude-one/change")
    behind.cookies = {}
    fields = {**form.fields("Review change"), "display_name": ["Uno"]}
    offered = behind.post("/console/models/claude-one/change", fields)
    assert offered.fields("Go on")["display_name"] == ["Uno"]


def test_an_admin_key_is_not_replaced_by_a_name(behind: Behind) -> None:
    behind.peer = None
    behind.sign_in(name="everything")
    behind.peer = PROXY
    assert "everything" in behind.open("/console/models").text


def test_two_names_are_none() -> None:
    users = ProxyUsers(HEADER, (Scope.READ,), [PROXY])
    lines = [(HEADER.encode(), b"ada"), (HEADER.encode(), b"root")]
    assert users.name_in({PEER: (PROXY, 1), "headers": lines}) is None
    assert users.name_in({PEER: (PROXY, 1), "headers": lines[:1]}) == "ada"
    assert users.name_in({PEER: (f"::ffff:{PROXY}", 1), "headers": lines[:1]}) == "ada"


@given(st.ip_addresses(), st.ip_addresses(v=4))
def test_only_the_peer_decides(peer: Any, said: Any) -> None:
    users = ProxyUsers(HEADER, (Scope.READ,), [PROXY])
    headers = [(HEADER.encode(), b"ada"), (b"x-forwarded-for", str(said).encode())]
    scope = {PEER: (str(peer), 1), "client": (PROXY, 1), "headers": headers}
    mapped = getattr(peer, "ipv4_mapped", None) or peer
    assert (users.name_in(scope) is not None) == (str(mapped) == PROXY)


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(("peer", "status"), [(PROXY, 200), ("127.0.0.1", 303)])
def test_the_connection_says_who_the_peer_is(
    fast: bool, peer: str, status: int, installation: Installation
) -> None:
    """Through uvicorn's own protocols, behind its middleware that believes x-forwarded-for of anyone."""
    app = installation.app(Settings(**OPTIONS))

    async def ask() -> bytes:
        line = Line(app, fast=fast, forwarded_allow_ips="*", peer=(peer, 50_000))
        head = f"GET /console/models HTTP/1.1\r\nhost: a\r\nx-forwarded-for: {PROXY}\r\n{HEADER}: ada\r\n\r\n"
        await line.feed([head.encode()])
        return line.wire.sent

    assert asyncio.run(ask()).startswith(f"HTTP/1.1 {status} ".encode())


def test_another_server_does_not_say_where_connections_come_from(installation: Installation) -> None:
    with pytest.raises(SettingsError, match=r"^console_user_header works under callsheet serve only"):
        create_app(Settings(database=installation.url, **OPTIONS))


def test_the_data_of_a_page_is_there_for_programs_behind_the_proxy(behind: Behind) -> None:
    reply = behind.ask("GET", "/console/models.json")
    assert json.loads(reply.content)["models"]
    behind.user = None
    assert behind.ask("GET", "/console/models.json").status == 401

"""Sessions: how they begin and end, what is kept of them, and what is refused before there is one."""

import asyncio
import logging
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.secret import fingerprint
from callsheet.domain.access.session import MAX_IDLE, MAX_LINK, MAX_SESSION, Means
from callsheet.domain.errors import InvalidError
from callsheet.http.console.asking import MAX_FIELDS, read_asking
from callsheet.http.console.session_cookie import keep_token
from callsheet.http.paths import MAX_FORM_BYTES
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.admin.sessions import SEEN_INTERVAL, SessionService
from callsheet.settings import LogFormat, Settings
from callsheet.storage import tables
from tests.console.browsing import COOKIE, HOST, Browser
from tests.console.test_proxy_users import Behind
from tests.http.clock import ManualClock
from tests.http.connection.kept_log import KeptLog
from tests.installation import Installation, again_on_postgresql, now, on_both

MODELS = "/console/models"
SIGN_IN = "/console/sign-in"


def is_signed_in(browser: Browser) -> bool:
    """Whether a browser sees pages."""
    return browser.ask("GET", MODELS).status == 200


def make_link(installation: Installation, at: Any = now) -> str:
    """The token of a new link."""
    return SessionService(installation.store, at).make_link("ada", (Scope.ALL,))


def send_secret(browser: Browser, name: str) -> None:
    """Sign in by the page, with a new admin key."""
    shown = browser.send(browser.open(SIGN_IN), "Sign in", secret=browser.make_key(name))
    assert shown.status == 200, shown.text


def advance(clock: ManualClock, time: timedelta) -> None:
    """Let time pass."""
    clock.now += time.total_seconds()


@pytest.fixture
def clock() -> ManualClock:
    """A clock that goes when it is told to."""
    return ManualClock(1_800_000_000)


@pytest.fixture
def timed(installation: Installation, clock: ManualClock) -> Browser:
    """A browser at an app that has the time from ``clock``, signed in by a link."""
    browser = Browser(installation)
    browser.app = installation.app(Settings(), clock.clock)
    link = make_link(installation, clock.clock.now)
    browser.send(browser.open(f"{SIGN_IN}?link={link}"), "Sign in")
    assert is_signed_in(browser)
    return browser


def test_a_token_from_before_signing_in_is_replaced(browser: Browser) -> None:
    planted = "a" * 43
    browser.cookies = {COOKIE: planted}
    send_secret(browser, "first")
    assert browser.cookies[COOKIE] != planted
    mine = dict(browser.cookies)
    browser.cookies = {COOKIE: planted}
    assert not is_signed_in(browser)

    browser.cookies = mine
    send_secret(browser, "again")
    assert browser.cookies != mine
    browser.cookies = mine
    assert not is_signed_in(browser)


def test_a_session_ends_when_it_is_idle(timed: Browser, clock: ManualClock) -> None:
    advance(clock, MAX_IDLE - timedelta(seconds=1))
    assert is_signed_in(timed)
    advance(clock, MAX_IDLE - timedelta(seconds=1))
    assert is_signed_in(timed)
    advance(clock, MAX_IDLE)
    assert not is_signed_in(timed)


def test_a_session_ends_at_last_however_much_it_is_used(timed: Browser, clock: ManualClock) -> None:
    steps = int(MAX_SESSION / MAX_IDLE) * 2
    for _ in range(steps - 1):
        advance(clock, MAX_SESSION / steps)
        assert is_signed_in(timed)
    advance(clock, MAX_SESSION / steps)
    assert not is_signed_in(timed)


def test_pages_write_when_someone_was_there_only_now_and_then(timed: Browser, clock: ManualClock) -> None:
    token = timed.cookies[COOKIE]
    service = SessionService(timed.installation.store, clock.clock.now)
    advance(clock, SEEN_INTERVAL - timedelta(seconds=1))
    seen = service.find(token)
    assert seen is not None
    assert seen.seen_at == seen.created_at
    advance(clock, timedelta(seconds=1))
    service.find(token)
    with timed.installation.store.read() as reading:
        noted = reading.session_with(fingerprint(token))
    assert noted is not None
    assert noted.seen_at - noted.created_at == SEEN_INTERVAL


@again_on_postgresql
def test_of_tokens_only_digests_are_kept(installation: Installation) -> None:
    browser = Browser(installation).sign_in()
    link = make_link(installation)
    token = browser.cookies[COOKIE]
    with installation.store.read() as reading:
        rows = [
            str(row)
            for table in tables.metadata.sorted_tables
            for row in reading._connection.execute(table.select())
        ]
    assert rows
    assert not any(secret in row for row in rows for secret in (token, link))
    assert any(repr(fingerprint(token)) in row for row in rows)


def test_no_secret_is_in_any_log(
    installation: Installation, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    log = KeptLog()
    monkeypatch.setattr("callsheet.http.app.AccessLog", lambda *_, **__: log)
    browser = Browser(installation, access_log=LogFormat.JSON)
    secret, link = browser.make_key(), make_link(installation)
    for path in (SIGN_IN, "/console//sign-in", "/console/sign%2Din"):
        browser.open(f"{path}?link={link}")
    browser.send(browser.open(f"{SIGN_IN}?link={link}"), "Sign in")
    browser.post(SIGN_IN, {"secret": secret})
    browser.post(SIGN_IN, {"secret": "sk-cs-admin-wrong"})
    browser.open(MODELS)
    written = caplog.text + str(log.kept)
    assert "/console/sign-in" in written
    for each in (secret, link, browser.cookies[COOKIE], "sk-cs-admin-wrong"):
        assert each not in written


def test_over_tls_the_cookie_is_of_this_host_alone(installation: Installation) -> None:
    browser = Browser(installation)
    app = browser.app

    async def over_tls(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "scheme": "https"}, receive, send)

    browser.app = over_tls
    link = make_link(installation)
    reply = browser.ask("POST", SIGN_IN, f"link={link}".encode(), origin=f"https://{HOST}")
    cookie = reply.headers["set-cookie"]
    assert cookie.startswith("__Host-callsheet-8484=")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert is_signed_in(browser)
    assert browser.ask("POST", SIGN_IN, b"", origin=f"http://{HOST}").status == 403
    browser.app = app  # the cookie of TLS is none of plain HTTP
    assert not is_signed_in(browser)


def test_over_plain_http_the_cookie_is_not_readable_by_scripts(browser: Browser) -> None:
    browser.make_key()
    reply = browser.ask(
        "POST", SIGN_IN, f"link={make_link(browser.installation)}".encode(), origin=f"http://{HOST}"
    )
    cookie = reply.headers["set-cookie"]
    assert cookie.startswith("callsheet-8484=")
    assert {"HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


def test_a_link_is_too_old_after_five_minutes(installation: Installation, clock: ManualClock) -> None:
    service = SessionService(installation.store, clock.clock.now)
    link = make_link(installation, clock.clock.now)
    advance(clock, MAX_LINK - timedelta(seconds=1))
    assert service.follow_link(link).session.actor == "console:ada"
    late = make_link(installation, clock.clock.now)
    advance(clock, MAX_LINK)
    with pytest.raises(InvalidError, match="already been used, or has expired"):
        service.follow_link(late)


def test_someone_with_a_link_is_none_of_a_proxy_s_users_and_creates_keys_as_a_person(timed: Browser) -> None:
    timed.installation.access.create_key("other")
    plan = timed.send(timed.open("/console/keys/new"), "Review change", name="laptop")
    timed.send(plan, "Apply")
    keys = timed.open("/console/workspaces/default.json").json["keys"]
    created_by = next(key["created_by"] for key in keys if key["name"] == "laptop")
    assert created_by == {"id": "console:ada", "type": "user"}
    session = SessionService(timed.installation.store, now).follow_link(make_link(timed.installation)).session
    assert (session.actor, session.means) == ("console:ada", Means.LINK)


def test_looking_at_a_link_does_not_use_it_up(browser: Browser) -> None:
    path = f"{SIGN_IN}?link={make_link(browser.installation)}"
    for method in ("GET", "HEAD", "GET"):
        assert browser.ask(method, path).status == 200
    assert browser.send(browser.open(path), "Sign in").status == 200
    assert is_signed_in(browser)


@on_both
def test_of_two_who_follow_a_link_at_once_one_is_signed_in(installation: Installation) -> None:
    service = SessionService(installation.store, now)
    link = make_link(installation)

    def follow(_number: int) -> bool:
        try:
            service.follow_link(link)
        except InvalidError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(follow, range(4))) == [False, False, False, True]


@again_on_postgresql
def test_signing_out_at_one_worker_ends_the_session_at_all(installation: Installation) -> None:
    one, other = Browser(installation).sign_in(), Browser(installation)
    other.cookies = dict(one.cookies)
    assert is_signed_in(other)
    one.send(one.open(MODELS), "Sign out")
    assert not is_signed_in(other)


def test_a_disabled_admin_key_ends_its_sessions_and_no_others(browser: Browser) -> None:
    browser.sign_in(name="first")
    other = Browser(browser.installation).sign_in(name="second")
    AdminKeyService(browser.installation.store, "test", now).disable("first")
    assert not is_signed_in(browser)
    assert is_signed_in(other)


def test_who_fails_to_sign_in_too_often_waits(installation: Installation) -> None:
    browser = Browser(installation, rate_limit_failures="3/hour")
    secret = browser.make_key()
    statuses = [browser.post(SIGN_IN, {"secret": "sk-cs-admin-wrong"}).status for _ in range(4)]
    assert statuses == [401, 401, 401, 429]
    refused = browser.ask("POST", SIGN_IN, f"secret={secret}".encode(), origin=f"http://{HOST}")
    assert refused.status == 429
    assert int(refused.headers["retry-after"]) > 0


def test_who_is_signed_in_is_not_held_up_by_what_others_at_the_same_address_do(installation: Installation) -> None:
    options = {"rate_limit_address": "4/hour", "rate_limit_failures": "2/hour"}
    browser, guessing = Browser(installation, **options).sign_in(), Browser(installation)
    guessing.app = browser.app
    statuses = [guessing.post(SIGN_IN, {"secret": "sk-cs-admin-wrong"}).status for _ in range(3)]
    assert statuses == [401, 401, 429]
    assert guessing.ask("GET", MODELS).status == 429
    for _ in range(6):
        assert is_signed_in(browser)
    assert browser.post(SIGN_IN, {"secret": "sk-cs-admin-wrong"}).status == 429
    assert browser.send(browser.open(MODELS), "Sign out").status == 429  # signed out, which shows what is limited
    assert not browser.cookies


def test_who_a_proxy_names_is_not_held_up(installation: Installation) -> None:
    behind = Behind(installation, rate_limit_address="1/hour")
    for _ in range(3):
        behind.cookies = {}
        assert behind.ask("GET", MODELS).status == 200
        assert behind.ask("GET", SIGN_IN).status == 303
    behind.user = None
    assert [behind.ask("GET", SIGN_IN).status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("method", "path", "fields", "cookie"),
    [
        ("POST", SIGN_IN, "secret=sk-cs-admin-wrong", False),
        ("POST", SIGN_IN, "link=wrong", False),
        ("GET", MODELS, "", True),
        ("GET", f"{MODELS}.json", "", True),
        ("POST", MODELS, "a=b", True),
        ("POST", "/console/sign-out", "everywhere=yes", True),
    ],
)
def test_who_guesses_too_often_waits(
    method: str, path: str, fields: str, cookie: bool, installation: Installation
) -> None:
    browser = Browser(installation, rate_limit_failures="2/hour")
    statuses = []
    for number in range(3):
        browser.cookies = {COOKIE: f"{number}" * 43} if cookie else {}
        statuses.append(browser.ask(method, path, fields.encode(), origin=f"http://{HOST}").status)
    assert 429 not in statuses[:2]
    assert statuses[2] == 429


def test_a_session_that_ended_by_itself_is_no_guess(timed: Browser, clock: ManualClock) -> None:
    timed.app = timed.installation.app(Settings(rate_limit_failures="1/hour"), clock.clock)
    kept = dict(timed.cookies)
    advance(clock, MAX_IDLE)
    Browser(timed.installation).sign_in()
    for _ in range(3):
        timed.cookies = dict(kept)
        assert timed.ask("GET", MODELS).status == 303


def test_consoles_on_two_ports_of_one_host_sign_no_one_out(signed_in: Browser) -> None:
    link, other = make_link(signed_in.installation), "127.0.0.1:8485"
    reply = signed_in.ask("POST", SIGN_IN, f"link={link}".encode(), host=other, origin=f"http://{other}")
    assert reply.status == 303
    assert set(signed_in.cookies) == {COOKIE, "callsheet-8485"}
    assert is_signed_in(signed_in)
    assert signed_in.ask("GET", MODELS, host=other).status == 200


@given(st.text(max_size=30).map(lambda text: "".join(each for each in text if ord(each) < 256)))
def test_no_host_writes_anything_else_into_a_cookie(host: str) -> None:
    asking = read_asking(
        {
            "method": "GET",
            "raw_path": b"/console",
            "query_string": b"",
            "headers": [(b"host", host.encode("latin-1"))],
        }
    )
    _, cookie = keep_token(asking, "a" * 43)
    assert re.fullmatch(rb"callsheet(-[0-9]{1,5})?=a{43}; Path=/; [^\r\n]*", cookie)


def test_the_head_of_a_page_is_that_of_the_page(signed_in: Browser) -> None:
    page, head = (signed_in.ask(method, MODELS) for method in ("GET", "HEAD"))
    assert head.status == page.status
    assert head.content == b""
    assert head.headers["content-length"] == page.headers["content-length"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(method: str, signed_in: Browser) -> None:
    reply = signed_in.ask(method, MODELS)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"a=" + b"x" * MAX_FORM_BYTES, 413),
        (b"&".join(b"a=1" for _ in range(MAX_FIELDS + 1)), 400),
        (b"\xff\xfe=1", 400),
        (b"secret=%zz%", 401),
        (b"secret=%00", 401),
        (b"secret=%ff%fe", 401),
        (b"link=%00", 401),
        (b"link=" + b"x" * 100_000, 401),
        (b"", 401),
        (b"carried=[[", 401),
        (b"next=//evil.example", 401),
    ],
)
def test_a_form_that_no_browser_sends_is_refused_and_nothing_breaks(
    body: bytes, status: int, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    assert browser.ask("POST", SIGN_IN, body, origin=f"http://{HOST}").status == status
    assert "failed" not in caplog.text


@pytest.mark.parametrize(
    "path",
    [
        *("/console/%zz", "/console/models/%", "/console/models/%ff", "/console/models/%00", "/console//models"),
        *(
            "/console/models/a%2Fb",
            "/console/models?after_id=%00",
            "/console/keys?q=%ff%00",
            "/console/" + "x" * 5000,
        ),
    ],
)
def test_an_address_that_means_nothing_is_no_failure_of_ours(
    path: str, signed_in: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    assert signed_in.ask("GET", path).status in (200, 303, 400, 404)
    assert "failed" not in caplog.text


@pytest.mark.parametrize("token", ["", "x", "\x00", "é" * 43, "x" * 10_000, "a; callsheet-8484=b", '"'])
def test_a_cookie_that_is_none_is_that_of_nobody(token: str, browser: Browser) -> None:
    browser.cookies = {COOKIE: token}
    assert browser.ask("GET", MODELS).status == 303


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies that are waited for only a moment."""
    monkeypatch.setattr("callsheet.http.console.app._BODY_TIMEOUT_SECONDS", 0.01)


@pytest.mark.usefixtures("impatient")
def test_a_form_that_does_not_arrive_is_not_waited_for(browser: Browser) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def never() -> Any:
        await asyncio.Event().wait()

    scope = {
        "type": "http",
        "method": "POST",
        "path": SIGN_IN,
        "raw_path": SIGN_IN.encode(),
        "query_string": b"",
        "headers": [(b"host", HOST.encode()), (b"origin", f"http://{HOST}".encode())],
        "client": ("127.0.0.1", 5),
        "root_path": "",
    }
    asyncio.run(browser.app(scope, never, send))
    assert sent[0]["status"] == 408


def test_a_page_is_shown_although_it_cannot_be_noted_that_someone_is_there(installation: Installation) -> None:
    later = [now()]
    sessions = SessionService(installation.store, lambda: later[0])
    token = sessions.follow_link(make_link(installation)).token
    later[0] += SEEN_INTERVAL
    with sqlite3.connect(installation.url.removeprefix("sqlite:///")) as database:
        database.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON console_sessions BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    database.close()
    assert sessions.find(token) is not None

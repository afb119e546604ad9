"""Admin keys and sessions: what there is of them, archiving a key, signing out everywhere."""

from callsheet.domain.access.admin_key import Scope
from callsheet.service.admin.admin_keys import AdminKeyService
from tests.console.browsing import Browser
from tests.installation import now

PAGE = "/console/admin-keys"
SESSIONS = "/console/admin-keys/sessions"


def test_the_page_shows_who_one_is_and_every_admin_key(signed_in: Browser) -> None:
    secret = signed_in.make_key("<b>robot</b>", Scope.READ)
    shown = signed_in.open(PAGE)
    assert "you signed in with it" in shown.text
    assert "<b>robot</b>" in shown.text
    assert not shown.soup.find("b", string="robot")
    assert secret not in shown.reply.content.decode()


def test_an_admin_key_is_archived_by_way_of_its_plan(signed_in: Browser) -> None:
    signed_in.make_key("robot", Scope.READ)
    service = AdminKeyService(signed_in.installation.store, "test", now)
    key = service.show("robot")
    shown = signed_in.open(PAGE)
    fields = {**shown.fields("Archive…"), "action": "archive", "admin_key": key.id}
    plan = signed_in.post(PAGE, fields)
    assert plan.heading == "Archive the admin key robot permanently"
    assert f"callsheet admin-keys archive {key.id}" in plan.text
    done = signed_in.send(plan, "Apply")
    assert done.heading == "Admin keys"
    assert "archived" in done.text
    assert signed_in.post(PAGE, {**fields, "action": "enable"}).status == 400
    gone = signed_in.post(PAGE, {**fields, "admin_key": "adminkey_gone"})
    assert "There is no admin key 'adminkey_gone'" in gone.text


def test_without_the_scope_one_sees_only_oneself(browser: Browser) -> None:
    shown = browser.sign_in(Scope.READ).open(PAGE)
    assert "Signed in as everything" in shown.text
    assert not shown.soup.find("table")
    fields = {"csrf": shown.fields("Sign out everywhere")["csrf"][0], "action": "archive", "admin_key": "x"}
    assert browser.post(PAGE, fields).status == 403


def test_signing_out_everywhere_ends_every_session_of_the_same_person(browser: Browser) -> None:
    secret = browser.make_key()
    other, third = Browser(browser.installation), Browser(browser.installation).sign_in(name="another")
    for each in (browser, other):
        each.post("/console/sign-in", {"secret": secret})
        assert each.ask("GET", "/console/models").status == 200
    left = browser.send(browser.open(PAGE), "Sign out everywhere")
    assert "You are signed out, in this browser and in every other." in left.text
    assert [each.ask("GET", "/console/models").status for each in (browser, other, third)] == [303, 303, 200]


def test_who_is_signed_in_is_listed_and_a_session_is_ended_at_once(signed_in: Browser) -> None:
    other = Browser(signed_in.installation).sign_in(Scope.READ, name="<b>robot</b>")
    shown = signed_in.open(signed_in.open(PAGE).link("All sessions"))
    assert "2 sessions, newest first" in shown.text
    assert "<b>robot</b>" in shown.text
    assert not shown.soup.find("b", string="robot")
    found = next(each for each in shown_sessions(signed_in) if each["name"] == "<b>robot</b>")
    assert f"callsheet sessions end {found['id']}" not in shown.text
    assert "callsheet sessions end --all" in shown.text
    fields = {**shown.fields("End"), "session": found["id"]}
    left = signed_in.post(SESSIONS, fields)
    assert "1 session, newest first" in left.text
    assert other.ask("GET", "/console/models").status == 303
    gone = signed_in.post(SESSIONS, fields)
    assert "it may have ended" in gone.text
    assert signed_in.post(SESSIONS, {**fields, "action": "else"}).status == 400


def test_ending_all_sessions_ends_one_s_own_too(signed_in: Browser) -> None:
    other = Browser(signed_in.installation).sign_in(name="other")
    left = signed_in.send(signed_in.open(SESSIONS), "End all sessions")
    assert left.heading.startswith("Sign in")
    assert other.ask("GET", "/console/models").status == 303


def test_sessions_need_the_scope_all(browser: Browser) -> None:
    csrf = browser.sign_in(Scope.KEYS).open(PAGE).fields("Sign out everywhere")["csrf"]
    assert "All sessions" not in browser.open(PAGE).text
    assert browser.open(SESSIONS).status == 403
    assert browser.post(SESSIONS, {"csrf": csrf, "action": "end-all"}).status == 403
    assert browser.ask("GET", "/console/models").status == 200


def shown_sessions(browser: Browser) -> list[dict[str, str]]:
    """The data of the page."""
    found: list[dict[str, str]] = browser.open(f"{SESSIONS}.json").json["sessions"]
    return found

"""Admin keys and sessions: what there is of them, archiving a key, signing out everywhere."""

from callsheet.domain.access.admin_key import Scope
from callsheet.service.admin.admin_keys import AdminKeyService
from tests.console.browsing import Browser
from tests.installation import now

PAGE = "/console/admin-keys"


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

"""Signing in, the plan before each change, forms that went stale, and what is refused."""

import json
import re
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.edits import ModelChange
from callsheet.http.admin.asking import MAX_REASON_CHARACTERS
from callsheet.http.console.forms import Form, Value
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.admin.sessions import SessionService
from tests.console.browsing import HOST, Browser
from tests.installation import make_model, now

MODEL = "/console/models/claude-one"


def test_a_page_asks_for_signing_in_and_then_shows_what_was_asked_for(browser: Browser) -> None:
    browser.installation.catalog.add(make_model("claude-one", display_name="Claude One"))
    asked = browser.open(MODEL)
    assert asked.heading == "Sign in to the console"
    assert browser.send(asked, "Sign in", secret=browser.make_key()).heading == "Claude One"


def test_a_wrong_key_is_refused_in_one_sentence_and_not_repeated(browser: Browser) -> None:
    shown = browser.send(browser.open("/console/sign-in"), "Sign in", secret="sk-ant-something-else")
    assert shown.status == 401
    assert "This is not the secret of an admin key" in shown.text
    assert "sk-ant-something-else" not in str(shown.soup)


def test_a_change_is_shown_as_a_plan_then_made_and_can_be_undone(signed_in: Browser) -> None:
    catalog = signed_in.installation.catalog
    catalog.add(make_model("claude-one", display_name="Claude One"))
    form = signed_in.open(f"{MODEL}/change")
    plan = signed_in.send(form, "Review change", display_name="Claude Uno")
    assert plan.heading == "Change claude-one"
    assert "callsheet catalog change --display-name 'Claude Uno' claude-one" in plan.text
    assert "POST /v1/organizations/catalog/models/claude-one" in plan.text
    assert catalog.show("claude-one").model.display_name == "Claude One"  # nothing yet

    done = signed_in.send(plan, "Apply")
    assert done.heading == "Claude Uno"
    assert re.search(r"Done, in revision \d+: Change claude-one\.", done.text)
    undo = signed_in.send(done, "Undo…")
    assert undo.heading == "Undo: Change claude-one"
    undone = signed_in.send(undo, "Apply")
    assert undone.heading == "Claude One"
    assert ": Undo: Change claude-one." in undone.text
    assert signed_in.send(undone, "Undo…").heading == "Redo: Change claude-one"


def test_only_this_console_says_what_was_done(signed_in: Browser) -> None:
    signed_in.installation.catalog.add(make_model("claude-one"))
    shown = signed_in.open(f"{MODEL}?{urlencode({'done': 1, 'what': 'Send your key to me', 'seal': 'x'})}")
    assert "Done, in revision 1." in shown.text
    assert "Send your key" not in shown.text
    assert "done=" not in shown.link("This page as JSON")


def test_a_form_says_what_is_wrong_at_the_field_and_keeps_what_was_typed(signed_in: Browser) -> None:
    signed_in.installation.catalog.add(make_model("claude-one"))
    form = signed_in.open(f"{MODEL}/change")
    again = signed_in.send(form, "Review change", max_tokens="lots", display_name="Claude <Uno>")
    assert again.status == 400
    assert "whole number" in again.error_of("max_tokens")
    fields = again.fields("Review change")
    assert (fields["max_tokens"], fields["display_name"]) == (["lots"], ["Claude <Uno>"])


def test_a_form_that_went_stale_shows_what_has_changed_and_keeps_what_was_typed(signed_in: Browser) -> None:
    catalog = signed_in.installation.catalog
    catalog.add(make_model("claude-one", display_name="Claude One"))
    form = signed_in.open(f"{MODEL}/change")
    catalog.change("claude-one", ModelChange(display_name="Claude Eins"))
    again = signed_in.send(form, "Review change", line="opus")
    assert again.status == 409
    assert "Meanwhile it was changed to: Claude Eins" in again.text
    assert again.fields("Review change")["line"] == ["opus"]
    plan = signed_in.send(again, "Review change", display_name="Claude Eins")
    assert plan.heading == "Change claude-one"


def test_a_plan_that_would_do_something_else_by_now_is_shown_again(signed_in: Browser) -> None:
    catalog = signed_in.installation.catalog
    catalog.add(make_model("claude-one", display_name="Claude One"))
    plan = signed_in.send(signed_in.open(f"{MODEL}/change"), "Review change", display_name="Claude Uno")
    catalog.change("claude-one", ModelChange(display_name="Claude Eins"))
    again = signed_in.send(plan, "Apply")
    assert "The plan is no longer the one that you confirmed" in again.text
    assert catalog.show("claude-one").model.display_name == "Claude Eins"
    assert signed_in.send(again, "Apply").heading == "Claude Uno"


def test_going_back_from_a_plan_shows_the_form_with_what_was_typed(signed_in: Browser) -> None:
    catalog = signed_in.installation.catalog
    catalog.add(make_model("claude-one", display_name="Claude One", description="Plain"))
    typed = {"display_name": "Claude <Uno>", "description": "first line\r\n\r\nsecond"}
    plan = signed_in.send(signed_in.open(f"{MODEL}/change"), "Review change", **typed)
    form = signed_in.send(plan, "Go back")
    assert (form.status, form.path, form.heading) == (200, f"{MODEL}/change", "Change Claude One")
    fields = form.fields("Review change")
    assert fields["display_name"] == ["Claude <Uno>"]
    assert fields["description"][0].split() == ["first", "line", "second"]
    assert "Nothing was changed" not in form.text

    done = signed_in.send(signed_in.send(form, "Review change", description="Plain"), "Apply")
    assert done.heading == "Claude <Uno>"
    assert catalog.show("claude-one").model.description == "Plain"


def test_going_back_keeps_the_address_of_the_form_and_a_box_that_was_ticked(signed_in: Browser) -> None:
    signed_in.installation.catalog.add(make_model("claude-one"))
    form = signed_in.open("/console/retirements/models/claude-one?back=model")
    plan = signed_in.send(form, "Review change", retires_at="2099-01-01", retires_itself="on")
    again = signed_in.send(plan, "Go back")
    assert again.path == form.path == "/console/retirements/models/claude-one?back=model"
    fields = again.fields("Review change")
    assert (fields["retires_at"], fields["retires_itself"]) == (["2099-01-01"], ["on"])


def test_going_back_says_what_has_changed_meanwhile(signed_in: Browser) -> None:
    catalog = signed_in.installation.catalog
    catalog.add(make_model("claude-one", display_name="Claude One"))
    plan = signed_in.send(signed_in.open(f"{MODEL}/change"), "Review change", line="opus")
    catalog.change("claude-one", ModelChange(display_name="Claude Eins"))
    form = signed_in.send(plan, "Go back")
    assert "Meanwhile it was changed to: Claude Eins" in form.text
    assert form.fields("Review change")["line"] == ["opus"]


def test_going_back_from_a_plan_that_was_shown_again_keeps_what_was_typed(signed_in: Browser) -> None:
    catalog = signed_in.installation.catalog
    catalog.add(make_model("claude-one", display_name="Claude One"))
    plan = signed_in.send(signed_in.open(f"{MODEL}/change"), "Review change", display_name="Claude Uno")
    catalog.change("claude-one", ModelChange(display_name="Claude Eins"))
    again = signed_in.send(plan, "Apply")
    assert signed_in.send(again, "Go back").fields("Review change")["display_name"] == ["Claude Uno"]
    elsewhere = json.dumps(["https://evil.example/", [["display_name", "x"]]])
    forged = signed_in.send(plan, "Apply", form=elsewhere)
    assert forged.link("Go back") == f"{MODEL}"
    assert "evil.example" not in str(forged.soup)


def test_a_plan_carries_no_field_that_its_form_did_not_show_with_a_value(signed_in: Browser) -> None:
    signed_in.installation.catalog.add(make_model("claude-one"))
    form = signed_in.open(f"{MODEL}/change")
    plan = signed_in.send(form, "Review change", line="opus", password="hunter2")
    assert plan.heading == "Change claude-one"
    assert "hunter2" not in str(plan.soup)


def test_from_the_plan_of_a_button_one_goes_back_to_its_page(signed_in: Browser) -> None:
    signed_in.installation.catalog.add(make_model("claude-one"))
    assert signed_in.send(signed_in.open(MODEL), "Retire…").link("Go back") == MODEL


def test_a_plan_says_on_which_revision_it_is_based(signed_in: Browser) -> None:
    signed_in.installation.catalog.add(make_model("claude-one"))
    plan = signed_in.send(signed_in.open(MODEL), "Retire…")
    assert f"based on revision {signed_in.served.live.current.revision}" in plan.text


_TYPED = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)


@given(
    st.fixed_dictionaries({"name": _TYPED, "box": st.booleans(), "ids": st.lists(_TYPED, max_size=3)}),
    st.fixed_dictionaries({"name": _TYPED, "ids": _TYPED}, optional={"box": st.just("on"), "secret": _TYPED}),
)
def test_what_a_plan_carries_of_a_form_shows_it_as_it_was(shown: dict[str, Value], typed: dict[str, str]) -> None:
    before = Form({**{name: [value] for name, value in typed.items()}, "was": [json.dumps(shown)]})
    before.fill(shown)
    carried: dict[str, list[str]] = {}
    for name, value in before.carried:
        carried.setdefault(name, []).append(value)
    after = Form({**carried, "again": ["yes"]})
    after.fill(shown)
    assert (after.is_again, before.is_again) == (True, False)
    assert after.changed() == before.changed()
    assert [after.value(name) for name in shown] == [before.value(name) for name in shown]
    assert "secret" not in carried


def test_a_plan_applies_although_something_else_has_changed(signed_in: Browser) -> None:
    catalog = signed_in.installation.catalog
    catalog.add(make_model("claude-one"))
    plan = signed_in.send(signed_in.open(f"{MODEL}/change"), "Review change", display_name="Claude Uno")
    catalog.add(make_model("claude-two"))
    assert signed_in.send(plan, "Apply").heading == "Claude Uno"


def test_a_form_sent_while_signed_out_is_sent_again_after_signing_in(signed_in: Browser) -> None:
    signed_in.installation.catalog.add(make_model("claude-one"))
    form = signed_in.open(f"{MODEL}/change")
    signed_in.cookies = {}
    asked = signed_in.send(form, "Review change", display_name="Claude Uno")
    assert (asked.status, asked.heading) == (401, "Sign in to the console")
    offered = signed_in.send(asked, "Sign in", secret=signed_in.make_key("another"))
    plan = signed_in.send(offered, "Go on")
    assert plan.heading == "Change claude-one"
    assert signed_in.send(plan, "Apply").heading == "Claude Uno"


def test_a_link_signs_in_once(browser: Browser) -> None:
    token = SessionService(browser.installation.store, now).make_link("ada", (Scope.ALL,))
    shown = browser.open(f"/console/sign-in?link={token}")
    assert browser.send(shown, "Sign in").heading == "Welcome"
    other = Browser(browser.installation)
    assert "already been used" in other.send(shown, "Sign in").text
    assert not other.cookies


def test_a_form_from_elsewhere_is_refused(signed_in: Browser) -> None:
    signed_in.installation.catalog.add(make_model("claude-one"))
    fields = signed_in.open(f"{MODEL}/change").fields("Review change")
    for headers in ({"origin": "https://evil.example"}, {"sec_fetch_site": "cross-site"}, {"origin": "null"}):
        assert signed_in.post(f"{MODEL}/change", fields, **headers).status == 403
    assert signed_in.post(f"{MODEL}/change", {**fields, "csrf": "0" * 63}).status == 400
    offered = signed_in.post(f"{MODEL}/change", {**fields, "csrf": "0" * 64, "display_name": "Elsewhere"})
    assert offered.heading == "You are signed in again"  # as after signing in in another tab; nothing is done yet


def test_one_who_may_only_read_sees_pages_and_changes_nothing(browser: Browser) -> None:
    browser.installation.catalog.add(make_model("claude-one"))
    browser.sign_in(Scope.READ)
    assert browser.open(MODEL).status == 200
    assert browser.open(f"{MODEL}/change").status == 403


def test_each_page_has_its_data_as_json(signed_in: Browser) -> None:
    signed_in.installation.catalog.add(make_model("claude-one"))
    signed_in.installation.catalog.add(make_model("claude.json"))
    assert signed_in.open(f"{MODEL}.json").json["model"]["id"] == "claude-one"
    listed = signed_in.open("/console/models")
    assert signed_in.open(listed.link("This page as JSON")).json["page"]
    addresses = [str(each["href"]) for each in listed.soup.find_all("a")]
    page = next(address for address in addresses if address.endswith("claude%2Ejson"))
    assert signed_in.open(page).heading == "claude.json"


def test_a_session_ends_with_its_admin_key(signed_in: Browser) -> None:
    AdminKeyService(signed_in.installation.store, "test", now).archive("everything")
    assert signed_in.open("/console/models").heading == "Sign in to the console"


def test_signing_out_ends_the_session_and_not_only_the_cookie(signed_in: Browser) -> None:
    kept = dict(signed_in.cookies)
    left = signed_in.send(signed_in.open("/console/models"), "Sign out")
    assert left.heading == "Sign in to the console"
    assert "You are signed out." in left.text
    signed_in.cookies = kept
    assert signed_in.open("/console/models").heading == "Sign in to the console"


def test_every_answer_forbids_frames_scripts_of_others_and_being_kept(signed_in: Browser) -> None:
    for path in ("/console/models", "/console/sign-in", "/console/nowhere"):
        headers = signed_in.open(path).reply.headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"


def test_signing_in_leads_to_no_other_server(browser: Browser) -> None:
    secret = browser.make_key()
    for elsewhere in ("https://evil.example/", "//evil.example", "/console\\x", "/consoles", "/console/x\ny"):
        shown = browser.open(f"/console/sign-in?{urlencode({'next': elsewhere})}")
        body = urlencode({"secret": secret, "next": shown.fields("Sign in")["next"][0]}).encode()
        reply = browser.ask("POST", "/console/sign-in", body, origin=f"http://{HOST}")
        assert reply.headers["location"] == "/console"


def test_a_plan_that_notes_when_it_is_made_is_applied_at_the_first_try(signed_in: Browser) -> None:
    """Retiring notes the time, which is another one when the plan is confirmed."""
    signed_in.installation.catalog.add(make_model("claude-one"))
    plan = signed_in.send(signed_in.open(MODEL), "Retire…")
    done = signed_in.send(plan, "Apply")
    assert "Done, in revision" in done.text
    assert signed_in.installation.catalog.show("claude-one").model.lifecycle == "retired"


def test_a_revision_that_no_change_can_have_led_to_is_not_shown_as_done(signed_in: Browser) -> None:
    shown = signed_in.open(f"/console/models?done={'9' * 5000}")
    assert (shown.status, shown.heading) == (200, "Catalogue")
    assert "Done, in revision" not in shown.text


def test_the_reason_of_a_change_is_bounded_and_kept_without_secrets(signed_in: Browser) -> None:
    signed_in.installation.catalog.add(make_model("claude-one"))
    plan = signed_in.send(signed_in.open(f"{MODEL}/change"), "Review change", display_name="Claude Uno")
    refused = signed_in.send(plan, "Apply", reason="x" * (MAX_REASON_CHARACTERS + 1))
    assert refused.status == 400
    assert f"at most {MAX_REASON_CHARACTERS} printable characters" in refused.text
    assert signed_in.installation.catalog.show("claude-one").model.display_name != "Claude Uno"
    secret = signed_in.make_key("typed")
    signed_in.send(plan, "Apply", reason=f"asked for by {secret}")
    last = signed_in.open("/console/changes.json").json["changes"]
    said = next(each["reason"] for each in last if each["reason"])
    assert said.startswith("asked for by ")
    assert secret not in said


def test_the_present_of_a_page_of_the_past_is_the_same_page(signed_in: Browser) -> None:
    signed_in.installation.catalog.add(make_model("claude-one"))
    workspace = signed_in.served.live.current.default_workspace_id
    shown = signed_in.open(f"/console/access/explain?model=claude-one&workspace={workspace}&as_of=now")
    assert shown.link("Show the present").endswith(f"/access/explain?model=claude-one&workspace={workspace}")

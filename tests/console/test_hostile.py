"""What no page of the console sends, but anyone who is signed in can."""

import json
from typing import Any

import pytest

from callsheet.http.console.address import Address
from callsheet.http.console.change import load_change
from callsheet.http.paths import MAX_FORM_BYTES
from tests.console.browsing import Browser, Shown
from tests.http.plain import ClockLoop, make_app, replies, run
from tests.http.wire import Line
from tests.installation import Installation, make_model, on_both

_DEEP = "[" * 50_000
_HIDE = json.dumps(["hideCatalogModel", {"model": "claude-one"}, {}])
_CHANGE = "/console/models/claude-one/change"


@pytest.fixture
def one(signed_in: Browser) -> Browser:
    """A browser, signed in, at an installation with a model."""
    signed_in.installation.catalog.add(make_model("claude-one"))
    return signed_in


def _post(browser: Browser, path: str, **fields: str) -> Shown:
    (csrf,) = browser.open(_CHANGE).fields("Review change")["csrf"]
    return browser.post(path, {"csrf": csrf, **fields})


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/console/review", {"change": _DEEP, "seen": "{}"}, 400),
        ("/console/review", {"change": _HIDE, "seen": _DEEP}, 400),
        ("/console/review", {"change": _HIDE, "seen": "[]"}, 400),
        ("/console/review", {"change": _HIDE, "seen": '{"no-spaces": 1}'}, 200),
        ("/console/access/fix", {"change": _DEEP}, 400),
        ("/console/access/fix", {"change": '["hideCatalogModel", {"model": "\\ud800"}, {}]'}, 400),
        ("/console/access/fix", {"change": '["hideCatalogModel", {}, {}]'}, 400),
        ("/console/access/fix", {"change": '["hideCatalogModel", {"model": "claude-one", "key": "x"}, {}]'}, 400),
        ("/console/access/fix", {"change": '["listCatalogModels", {}, {}]'}, 400),
        (_CHANGE, {"was": _DEEP}, 400),
    ],
)
def test_a_form_that_no_page_sends_is_refused_and_nothing_breaks(
    one: Browser, path: str, fields: dict[str, str], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert _post(one, path, **fields).status == status
    assert caplog.records == []
    assert not one.installation.catalog.show("claude-one").model.hidden


def test_a_form_that_was_carried_and_cannot_be_read_is_left_out(browser: Browser) -> None:
    shown = browser.open("/console/sign-in")
    assert browser.send(shown, "Sign in", secret=browser.make_key(), carried=_DEEP).status == 200


def test_a_form_of_another_tab_is_not_lost_by_signing_in_again(one: Browser) -> None:
    form = one.open(_CHANGE)
    one.send(one.open("/console/sign-in"), "Sign in", secret=one.make_key("again"))
    offered = one.send(form, "Review change", display_name="Claude Uno")
    assert (offered.status, offered.heading) == (200, "You are signed in again")
    assert one.send(offered, "Go on").heading == "Change claude-one"
    assert one.installation.catalog.show("claude-one").model.display_name == "claude-one"


@pytest.mark.parametrize("csrf", ["", "x", "0" * 63])
def test_a_form_without_a_proof_is_not_offered_again(one: Browser, csrf: str) -> None:
    assert one.post(_CHANGE, {"csrf": csrf, "display_name": "Claude Uno"}).status == 400


def test_the_proof_of_forms_proves_nothing_else(one: Browser) -> None:
    (csrf,) = one.open(_CHANGE).fields("Review change")["csrf"]
    refused = _post(one, "/console/undo", undo="form", proof=csrf)
    assert refused.status == 400
    assert "nothing to undo" in refused.text


def test_a_plan_that_moved_names_the_whole_of_what_has_changed(signed_in: Browser) -> None:
    signed_in.installation.catalog.add(make_model("claude one two"))
    signed_in.installation.catalog.add(make_model("claude-one"))
    change = json.dumps(["hideCatalogModel", {"model": "claude one two"}, {}])
    assert "claude one two" in json.dumps(_moved(_post(signed_in, "/console/review", change=change, seen="{}")))


def _moved(shown: Shown) -> Any:
    return [each.get_text(" ") for each in shown.soup.select(".flash, .notice, [role=status], [role=alert]")]


@pytest.mark.parametrize("query", [f"done={'1' * 5000}", "done=%D9%A1"])
def test_a_revision_that_cannot_be_one_is_not_waited_for(one: Browser, query: str) -> None:
    assert one.open(f"/console/models?{query}").status == 200


def test_parameters_that_the_page_of_a_new_key_does_not_know_are_left_out(one: Browser) -> None:
    shown = one.open("/console/keys/new?self=1&segments=2&name=laptop")
    assert shown.status == 200
    assert shown.form("Review change")["action"] == "/console/keys/new?name=laptop"


@pytest.mark.parametrize("host", ["[", "[::1", "a]b", "[zz]", "a/b"])
def test_whatever_host_is_sent_no_page_breaks(one: Browser, host: str, caplog: pytest.LogCaptureFixture) -> None:
    assert one.open("/console/welcome", host=host).status == 200
    assert one.open("/console/clients", host=host).status in (200, 400)
    assert caplog.records == []


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z"])
def test_the_last_second_there_is_can_be_asked_for(one: Browser, moment: str) -> None:
    assert one.open(f"/console/changes?from=1&to={moment}").status == 200
    assert one.open(f"/console/changes/at?as_of={moment}").status == 200


@pytest.mark.parametrize("way", ["..", "%2e%2e", ".%2E", "a/..", "./.."])
def test_an_address_that_leads_up_and_out_is_not_one_of_the_console(way: str) -> None:
    assert not Address("").is_own(f"/console/{way}/v1/models")
    assert Address("").is_own("/console/models?q=../x")


def test_what_cannot_be_written_as_utf_8_is_not_a_change() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        load_change('["\\ud800", {}, {}]')


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(("more", "status"), [(0, b"401"), (1, b"413")])
def test_a_form_may_be_larger_than_other_bodies(
    installation: Installation, fast: bool, more: int, status: bytes
) -> None:
    app = make_app(installation)
    try:

        async def talk(_: ClockLoop) -> None:
            line = Line(app, fast=fast, max_body_bytes=65_536)
            size = MAX_FORM_BYTES + more
            head = (
                "POST /console/sign-in HTTP/1.1\r\nhost: test\r\nsec-fetch-site: same-origin\r\n"
                f"content-length: {size}\r\n\r\n"
            )
            line.protocol.data_received(head.encode())
            if not more:
                line.protocol.data_received(b"a=" + b"x" * (size - 2))
            await line.settle()
            (reply,) = replies(line.wire.sent)
            assert str(reply.status).encode() == status

        run(talk)
    finally:
        app.stop()


@on_both
def test_what_no_row_can_hold_has_no_changes(installation: Installation) -> None:
    shown = Browser(installation).sign_in().open("/console/changes?subject=%00")
    assert (shown.status, "No change" in shown.text) == (200, True)

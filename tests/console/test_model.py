"""The page of a model: who says what, who sees it, every button; and the forms that add and change one."""

import json
import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import pytest

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.edits import ModelChange
from callsheet.domain.model import Lifecycle
from callsheet.domain.times import parse_instant
from tests.console.browsing import Browser, Shown
from tests.installation import make_model

MODEL = "/console/models/claude-one"
CHANGE = f"{MODEL}/change"
NEW = "/console/models/new"
#: A field, what is typed into it, and words of what is wrong with that.
BAD_INPUT: Final = (
    ("display_name", "", "Type a name"),
    ("display_name", "x" * 257, "256"),
    ("line", "Opus!", "small letters"),
    ("created_at", "yesterday", "a day such as"),
    ("created_at", "1969-01-01", "1970"),
    ("max_input_tokens", "many", "whole number"),
    ("max_input_tokens", "0", "at least 1"),
    ("max_tokens", "-5", "whole number"),
    ("description", "x" * 1001, "1,000"),
    ("capabilities", "{", "not valid JSON in line 1, column 2"),
    ("capabilities", "[1]", "JSON object"),
    ("capabilities", '{"batch": 5}', "batch"),
    ("capabilities", "[" * 100_000, "not valid JSON"),
    ("source", "x" * 65, "64"),
    ("same_as", "nothing", "no model 'nothing'"),
    ("same_as", "claude-one", "cannot be the same"),
    ("deprecated_at", "", "must have “Deprecated since”"),
    ("deprecated_at", "2999-01-01", "future"),
    ("retires_at", "soon", "a day such as"),
    ("retires_at", "2020-01-01", "before"),
    ("retirement_precision", "earliest", "has no “Retires on”"),
    ("replacement", "nothing", "no model 'nothing'"),
    ("replacement", "claude-one", "own replacement"),
)

#: Fields that are checked one by one, so that what is wrong with each is said at once.
TOGETHER: Final = (
    "display_name",
    "line",
    "created_at",
    "max_input_tokens",
    "max_tokens",
    "capabilities",
)

#: Of the built-in catalogue.
BUILTIN = "claude-fable-5"


@pytest.fixture
def here(signed_in: Browser) -> Browser:
    """A browser at an installation with a model of people's own."""
    signed_in.installation.add(make_model("claude-one", "2026-03-01", display_name="Claude One", line="opus"))
    signed_in.installation.add(make_model("claude-two"))
    return signed_in


def apply(browser: Browser, plan: Shown) -> Shown:
    """Confirm a plan."""
    done = browser.send(plan, "Apply")
    assert "Done, in revision" in done.text
    return done


def press(browser: Browser, path: str, action: str, **fields: str) -> Shown:
    """Press the small button with this action, and confirm its plan."""
    shown = browser.open(path)
    for form in shown.soup.select("form"):
        sent = {str(each["name"]): str(each["value"]) for each in form.select("input[type=hidden]")}
        if sent.get("action") == action and all(sent.get(name) == value for name, value in fields.items()):
            return apply(browser, browser.post(str(form["action"]), sent))
    raise AssertionError(f"no button {action} {fields} on {path}")


# Its page


def test_the_page_says_what_is_known_who_says_so_and_who_sees_it(here: Browser) -> None:
    here.installation.workspace("Research", deny=("claude-one",))
    here.installation.catalog.alias("uno", "claude-one")
    shown = here.open(f"{MODEL}?done=999999")
    assert shown.heading == "Claude One"
    for text in ("claude-one active", "uno", "person", "Research", "denied by claude-one", "2026-03-01"):
        assert text in shown.text, text
    data = here.open(f"{MODEL}.json").json
    assert data["model"]["provenance"]["line"][0]["manager"] == "person"
    assert {each["reach"] for each in data["viewers"]} == {"listed", "absent"}
    assert data["changes"][0]["subject"] == "claude-one"


def test_what_clients_show_is_said_of_each(here: Browser) -> None:
    here.installation.add(make_model("gpt-4o"))
    shown = here.open("/console/models/gpt-4o.json?done=999999").json["clients"]
    assert {each["shows"] for each in shown} == {True, False}
    assert next(each for each in shown if each["client"] == "claude-code")["shows"] is False
    assert "Claude Code" in here.open("/console/models/gpt-4o").text


def test_the_days_to_a_retirement_are_counted(here: Browser) -> None:
    here.installation.catalog.deprecate(
        "claude-one", retires_at=parse_instant("2999-01-01"), replacement="claude-two"
    )
    data = here.open(f"{MODEL}.json").json
    assert data["days"] == (datetime(2999, 1, 1, tzinfo=UTC).date() - datetime.now(UTC).date()).days
    shown = here.open(MODEL)
    assert "Replacement: claude-two" in shown.text
    assert "2999-01-01" in shown.text


def test_an_alias_shows_its_model_whose_buttons_work(here: Browser) -> None:
    here.installation.catalog.alias("uno", "claude-one")
    assert here.open("/console/models/uno").heading == "Claude One"
    press(here, "/console/models/uno", "hide")
    assert here.installation.catalog.show("claude-one").model.hidden


def test_a_model_that_is_not_there_is_an_error_page_that_says_why(here: Browser) -> None:
    here.installation.catalog.remove(BUILTIN)
    for name, words in (("nothing", "nothing"), (BUILTIN, "was removed by")):
        shown = here.open(f"/console/models/{name}")
        assert shown.status == 404
        assert words in shown.text


# Its buttons


def test_a_model_is_hidden_and_shown_again(here: Browser) -> None:
    catalog = here.installation.catalog
    press(here, MODEL, "hide")
    assert catalog.show("claude-one").model.hidden
    press(here, MODEL, "unhide")
    assert not catalog.show("claude-one").model.hidden


def test_a_model_is_retired_and_that_is_taken_back(here: Browser) -> None:
    catalog = here.installation.catalog
    shown = press(here, MODEL, "retire")
    assert catalog.show("claude-one").model.lifecycle is Lifecycle.RETIRED
    assert "Retired on" in shown.text
    press(here, MODEL, "activate")
    assert catalog.show("claude-one").model.lifecycle is Lifecycle.ACTIVE


def test_retiring_what_an_alias_means_and_nothing_replaces_is_warned_of(here: Browser) -> None:
    here.installation.catalog.alias("uno", "claude-one")
    plan = here.send(here.open(MODEL), "Retire…")
    assert "The alias uno means claude-one, which retires without a replacement." in plan.text


def test_a_model_is_removed_which_leads_to_the_catalogue(here: Browser) -> None:
    shown = press(here, MODEL, "remove")
    assert shown.heading == "Catalogue"
    assert "claude-one" not in shown.soup.find(id="results").get_text()  # type: ignore[union-attr]


def test_a_name_is_added_and_dropped(here: Browser) -> None:
    catalog = here.installation.catalog
    plan = here.send(here.open(MODEL), "Review", alias="uno / 1")
    apply(here, plan)
    assert catalog.show("claude-one").aliases == ["uno / 1"]
    press(here, MODEL, "unalias", alias="uno / 1")
    assert catalog.show("claude-one").aliases == []


def test_a_name_that_cannot_be_is_refused_at_its_field_and_kept(here: Browser) -> None:
    for typed in ("", " ", "claude-two", "a\u200bb", "."):
        again = here.send(here.open(MODEL), "Review", alias=typed)
        assert again.status == 400
        assert again.error_of("alias"), typed
        assert again.fields("Review")["alias"] == [typed.strip()]
    assert not here.installation.catalog.show("claude-one").aliases


def test_a_field_that_a_person_says_is_released(here: Browser) -> None:
    catalog = here.installation.catalog
    before = catalog.show(BUILTIN).model.display_name
    catalog.change(BUILTIN, ModelChange(display_name="Ours"))
    page = f"/console/models/{BUILTIN}"
    assert here.open(f"{page}.json").json["releasable"] == ["display_name"]
    press(here, page, "release", field="display_name")
    assert catalog.show(BUILTIN).model.display_name == before


def test_every_field_that_others_say_can_be_pinned_and_then_a_person_says_the_same(here: Browser) -> None:
    catalog = here.installation.catalog
    page = f"/console/models/{BUILTIN}"
    before = catalog.show(BUILTIN)
    names = here.open(f"{page}.json").json["pinnable"]
    assert {"display_name", "created_at", "line"} <= set(names)
    for name in names:
        press(here, page, "pin", field=name)
    assert catalog.show(BUILTIN) == before
    said = catalog.who_says(BUILTIN)
    assert all(said[name][0].manager == "person" for name in names)
    assert not here.open(f"{page}.json").json["pinnable"]


def test_a_button_that_there_is_not_and_a_field_that_nobody_says_are_refused(here: Browser) -> None:
    fields = here.open(MODEL).fields("Review")
    for sent in ({"action": "explode"}, {"action": "pin", "field": "colour"}, {"action": "pin", "field": "listed"}):
        assert here.post(MODEL, {**fields, **sent}).status == 400
    unknown = here.post(MODEL, {**fields, "action": "release", "field": "description"})
    assert unknown.status == 400
    assert "No person set description" in unknown.text


def test_deprecating_leads_to_the_form_of_the_retirement(here: Browser) -> None:
    shown = here.open(MODEL)
    fields = {**shown.fields("Review"), "action": "deprecate"}
    body = "&".join(
        f"{name}={quote(str(value[0] if isinstance(value, list) else value))}" for name, value in fields.items()
    )
    reply = here.ask(
        "POST",
        MODEL,
        body.encode(),
        origin="http://127.0.0.1:8484",
        content_type="application/x-www-form-urlencoded",
    )
    assert (reply.status, reply.headers["location"]) == (303, "/console/retirements/models/claude-one?back=model")
    assert here.open(reply.headers["location"]).link("Cancel") == MODEL


def test_a_plan_says_nothing_of_a_date_of_release_that_is_not_known(here: Browser) -> None:
    plan = here.send(here.open("/console/models/new"), "Review change", id="claude-three")
    assert plan.heading
    assert "1970" not in " ".join(each.get_text() for each in plan.soup.select(".step"))
    assert "claude-three" in plan.text


def test_one_who_may_only_read_sees_every_button_disabled_and_is_refused(browser: Browser) -> None:
    browser.installation.catalog.change(BUILTIN, ModelChange(display_name="Ours"))
    browser.sign_in(Scope.READ)
    page = f"/console/models/{BUILTIN}"
    shown = browser.open(page)
    buttons = shown.soup.select("main button:not([data-copy])")
    assert buttons
    assert all(each.has_attr("disabled") for each in buttons)
    csrf = str(shown.soup.select("input[name=csrf]")[0]["value"])
    for action in ("hide", "retire", "remove", "release", "pin"):
        assert browser.post(page, {"csrf": csrf, "action": action, "field": "line"}).status == 403
    assert browser.open(NEW).status == 403
    assert browser.open(f"{page}/change").status == 403


# The form that changes it


def test_every_field_can_be_changed(here: Browser) -> None:
    catalog = here.installation.catalog
    catalog.deprecate("claude-one")
    typed = {
        "display_name": "Claude Uno",
        "line": "sonnet",
        "created_at": "2026-02-03",
        "max_input_tokens": "200,000",
        "max_tokens": "64 000",
        "description": "Two\r\nlines",
        "capabilities": '{"batch": {"supported": true}}',
        "source": "by hand",
        "deprecated_at": "2026-05-01",
        "retires_at": "2999-06-30",
        "retirement_precision": "earliest",
        "retires_itself": "on",
        "replacement": "claude-two",
    }
    apply(here, here.send(here.open(CHANGE), "Review change", **typed))
    model = catalog.show("claude-one").model.record()
    assert {name: model[name] for name in typed} == {
        **typed,
        "created_at": "2026-02-03T00:00:00Z",
        "max_input_tokens": 200_000,
        "max_tokens": 64_000,
        "description": "Two\nlines",
        "capabilities": {"batch": {"supported": True}},
        "deprecated_at": "2026-05-01T00:00:00Z",
        "retires_at": "2999-06-30T00:00:00Z",
        "retires_itself": True,
    }
    shown = here.open(CHANGE).fields("Review change")
    assert (shown["created_at"], shown["retires_at"]) == (["2026-02-03"], ["2999-06-30"])
    assert json.loads(shown["capabilities"][0]) == {"batch": {"supported": True}}


def test_a_field_that_is_emptied_is_not_known(here: Browser) -> None:
    catalog = here.installation.catalog
    catalog.change(
        "claude-one", ModelChange(max_tokens=5, description="x", capabilities={"batch": {"supported": True}})
    )
    emptied = dict.fromkeys(("line", "created_at", "max_tokens", "description", "capabilities"), "")
    apply(here, here.send(here.open(CHANGE), "Review change", **emptied))
    model = catalog.show("claude-one").model
    assert (model.line, model.max_tokens, model.description, model.capabilities) == (None, None, None, None)
    assert model.created_at.year == 1970


def test_a_model_is_the_same_as_another_and_no_longer(here: Browser) -> None:
    catalog = here.installation.catalog
    apply(here, here.send(here.open(CHANGE), "Review change", same_as=BUILTIN))
    assert catalog.who_says("claude-one")["same_as"][0].value == BUILTIN
    shown = here.open(CHANGE)
    assert shown.fields("Review change")["same_as"] == [BUILTIN]
    apply(here, here.send(shown, "Review change", same_as=""))
    assert "same_as" not in catalog.who_says("claude-one")


def test_bad_input_is_said_at_its_field_and_kept_and_nothing_is_changed(here: Browser) -> None:
    catalog = here.installation.catalog
    catalog.deprecate("claude-one")
    before = catalog.show("claude-one")
    shown = here.open(CHANGE)
    for field, typed, words in BAD_INPUT:
        again = here.send(shown, "Review change", **{field: typed})
        assert again.status == 400, typed
        assert words in again.error_of(field), (field, typed, again.text)
        assert again.fields("Review change")[field][0].replace("\r\n", "\n") == typed
    assert catalog.show("claude-one") == before


def test_everything_that_is_wrong_is_said_at_once(here: Browser) -> None:
    here.installation.catalog.deprecate("claude-one")
    alone = {field: (typed, words) for field, typed, words in BAD_INPUT if field in TOGETHER}
    again = here.send(here.open(CHANGE), "Review change", **{field: typed for field, (typed, _) in alone.items()})
    for field, (_, words) in alone.items():
        assert words in again.error_of(field), (field, again.text)
    assert f"{len(TOGETHER)} fields need another look" in again.text
    added = here.send(here.open(NEW), "Review change", id=".", line="Opus!", max_tokens="many")
    assert all(added.error_of(field) for field in ("id", "line", "max_tokens"))


def test_what_is_wrong_is_said_in_the_words_of_the_labels(here: Browser) -> None:
    here.installation.catalog.deprecate("claude-one")
    shown = here.open(CHANGE)
    for field, typed, _ in BAD_INPUT:
        again = here.send(shown, "Review change", **{field: typed})
        said = " ".join(each.get_text() for each in again.soup.select(".error, [role=alert]"))
        assert not re.search("[a-z]_[a-z]", said), said


def test_a_form_without_a_change_says_so(here: Browser) -> None:
    again = here.send(here.open(CHANGE), "Review change")
    assert again.status == 400
    assert "You have not changed anything" in again.text


# The form that adds one


def test_a_model_is_added_with_all_that_is_known(here: Browser) -> None:
    typed = {
        "id": "hf.co/acme/模型:1 b",
        "display_name": "<b>Acme</b>",
        "line": "opus",
        "created_at": "2026-01-02",
        "max_tokens": "5",
        "hidden": "on",
    }
    plan = here.send(here.open(NEW), "Review change", **typed)
    assert plan.heading == "Add hf.co/acme/模型:1 b"
    assert "callsheet catalog add" in plan.text
    assert apply(here, plan).heading == "<b>Acme</b>"
    model = here.installation.catalog.show("hf.co/acme/模型:1 b").model
    assert (model.line, model.max_tokens, model.hidden) == ("opus", 5, True)


def test_only_the_id_is_needed(here: Browser) -> None:
    shown = apply(here, here.send(here.open(NEW), "Review change", id="just-an-id"))
    assert shown.heading == "just-an-id"


def test_an_id_that_cannot_be_is_refused_at_its_field_and_kept(here: Browser) -> None:
    for typed in ("", "..", "a\u200bb", "claude-one", "x" * 257):
        again = here.send(here.open(NEW), "Review change", id=typed, line="opus")
        assert again.status == 400
        assert again.error_of("id"), typed
        fields = again.fields("Review change")
        assert (fields["id"], fields["line"]) == ([typed], ["opus"])


def test_who_sees_it_and_its_changes_are_shown_by_the_thousand(here: Browser) -> None:
    here.installation.workspace("Some", allow=("claude-*",))
    for number in range(12):
        here.installation.catalog.change("claude-one", ModelChange(max_tokens=number + 1))
    data = here.open(f"{MODEL}.json?done=999999").json
    assert (len(data["changes"]), data["history_more"]) == (10, True)
    assert Visibility(("claude-*",)).sees("claude-one")
    assert any(each["matching"] == ["claude-*"] for each in data["viewers"])

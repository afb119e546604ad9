"""Sources in the console: adding, trying, changing and running them, and deciding on what waits for a person."""

import json
import threading
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import pytest

from callsheet.domain.access.admin_key import Scope
from callsheet.service.sync.config import read_config
from callsheet.service.sync.sources import Source, SourcesService
from tests.console.browsing import Browser, Shown
from tests.installation import Installation, now
from tests.service.sync.upstream import Upstream, serve_upstream

SOURCES = "/console/sources"
GATEWAY = f"{SOURCES}/gateway"
LISTED = [f"acme/{number}" for number in range(10)]


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serve_upstream() as serving:
        serving.lists(*LISTED)
        yield serving


@pytest.fixture
def browser(installation: Installation) -> Browser:
    """A browser at a console that may set sources on this machine."""
    installation.clear_catalog()
    return Browser(installation, sources_private=["127.0.0.0/8"])


def service_of(browser: Browser) -> SourcesService:
    return SourcesService(browser.installation.store, "test", now)


def source_of(browser: Browser, name: str = "gateway") -> Source:
    return service_of(browser).show(name)


def add(browser: Browser, url: str, name: str = "gateway", **config: object) -> None:
    """Add a source that is run only when a test says so."""
    service_of(browser).add(name, read_config({"kind": "openai", "url": url, "every": "never", **config}))


def ids(browser: Browser) -> set[str]:
    return {each.model.id for each in browser.installation.catalog.list()}


def quarantined(browser: Browser, upstream: Upstream) -> Shown:
    """The page of a source whose list waits, as most of it has gone."""
    add(browser, upstream.url)
    browser.send(browser.open(GATEWAY), "Run now")
    upstream.lists(LISTED[0], "acme/new")
    return browser.send(browser.open(GATEWAY), "Run now")


def test_without_a_source_the_page_leads_to_the_first(signed_in: Browser) -> None:
    shown = signed_in.open(SOURCES)
    assert "There is no source yet" in shown.text
    assert signed_in.open(shown.link("Add a source")).heading == "Add a source"


def test_a_source_is_tried_added_and_run_by_its_pages_alone(signed_in: Browser, upstream: Upstream) -> None:
    form = signed_in.open(f"{SOURCES}/new")
    tried = signed_in.send(form, "Review change", action="try", url=upstream.url, prefix="up/", every="never")
    assert "It answers as openai : /v1/models answers with a list of OpenAI's" in tried.text
    assert "10 models would be listed, of 10 rows. Nothing was written." in tried.text
    assert "These stay unknown, unless others know them: display name, max input tokens" in tried.text
    assert "up/acme/0" in tried.text
    assert tried.fields("Review change")["prefix"] == ["up/"]
    assert not service_of(signed_in).list()

    plan = signed_in.send(tried, "Review change", name="gateway")
    assert plan.heading == "Add gateway"
    options = f"--url {upstream.url} --kind openai --prefix up/ --every never"
    assert f"callsheet sources add gateway {options} --no-sync" in plan.text
    page = signed_in.send(plan, "Apply")
    assert (page.heading, "not run yet" in page.text) == ("gateway", True)
    ran = signed_in.send(page, "Run now")
    assert "Its list was fetched and applied." in ran.text
    assert ids(signed_in) == {f"up/{each}" for each in LISTED}
    assert "What it lists 10 models" in ran.text
    assert not ran.soup.find("a", string="10 models")  # no filter of the catalogue finds these models
    row = signed_in.open(SOURCES).text
    assert "applied" in row
    assert " 10 " in row


def test_a_link_fills_the_form(signed_in: Browser) -> None:
    where = quote("http://10.0.0.1:4000", safe="")
    fields = signed_in.open(f"{SOURCES}/new?url={where}&kind=litellm&name=team").fields("Review change")
    assert (fields["url"], fields["kind"], fields["name"]) == (["http://10.0.0.1:4000"], ["litellm"], ["team"])
    assert fields["every"] == ["5m"]


#: What is wrong with a field of a new source.
WRONG: Final = (
    ("name", "No Name", "small letters, digits"),
    ("name", "there", "There is a source there already"),
    ("url", "nowhere", "must begin with http:// or https://"),
    ("url", "http://", "must be such as http://localhost:8000"),
    ("url", "file:///etc/passwd", "a file is read on the host only"),
    ("url", "http://10.0.0.1:4000", "10.0.0.1 is not public"),
    ("url", "http://169.254.169.254/", "answer with credentials"),
    ("kind", "carrier-pigeon", "must be one of anthropic"),
    ("prefix", "a\x07b", "A prefix"),
    ("allow", "x" * 257, "1 to 256 printable characters"),
    ("deny", "x" * 257, "1 to 256 printable characters"),
    ("rename", "one", "must be written ID=NEW"),
    ("picker_prefix", "gpt/", "must contain claude or anthropic"),
    ("provider", "two words", "must be one word"),
    ("region", "eu west", "must be one word"),
    ("every", "often", "must be a number with s, m, h or d"),
    ("every", "1s", "at most every 10s"),
    ("new", "shout", "must be one of list, hide, hold"),
    ("missing", "weep", "must be one of keep, hide"),
    ("after", "a while", "must be such as '3 runs and 1h'"),
    ("key_mode", "peek", "must be one of observe, fill, govern"),
    ("workspace", "wrkspc_gone", "workspace"),
)


def test_what_is_wrong_is_said_at_the_field_and_what_was_typed_is_kept(signed_in: Browser) -> None:
    add(signed_in, "http://127.0.0.1:1", "there")
    good = {"name": "gateway", "url": "http://127.0.0.1:1", "kind": "openai", "deny": "*-old"}
    form = signed_in.open(f"{SOURCES}/new")
    for field, typed, said in WRONG:
        again = signed_in.send(form, "Review change", **{**good, field: typed})
        assert said.casefold() in again.error_of(field).casefold(), again.text
        fields = again.fields("Review change")
        assert fields["deny"] == [typed if field == "deny" else "*-old"]
        if field not in ("new", "missing", "key_mode", "kind", "workspace"):  # which offer what there is
            assert fields[field] == [typed]
    assert [each.name for each in service_of(signed_in).list()] == ["there"]


def test_the_refusal_of_a_private_address_shows_the_command_for_the_host(installation: Installation) -> None:
    signed_in = Browser(installation).sign_in()
    typed = {"name": "gateway", "url": "http://127.0.0.1:4000"}
    command = "callsheet sources add gateway --url http://127.0.0.1:4000"
    for action in ({}, {"action": "try"}):
        refused = signed_in.send(signed_in.open(f"{SOURCES}/new"), "Review change", **typed, **action)
        assert refused.error_of("url") == (
            "127.0.0.1 is not public, so the console cannot set a source there. Run the command above on the host, "
            "or allow the address with the setting sources_private."
        )
        (notice,) = refused.soup.select(".notice.info")
        assert command in notice.get_text()
        assert notice.find_parent("details") is None
    public = {"name": "UPPER", "url": "http://8.8.8.8", "kind": "vllm"}
    fine = signed_in.send(signed_in.open(f"{SOURCES}/new"), "Review change", **public)
    assert not fine.soup.select(".notice.info")


def test_a_second_source_is_not_asked_about_keys(signed_in: Browser) -> None:
    add(signed_in, "http://127.0.0.1:1", "there", asks_keys=True)
    typed = {"name": "gateway", "url": "http://127.0.0.1:1", "kind": "openai", "asks_keys": "on"}
    again = signed_in.send(signed_in.open(f"{SOURCES}/new"), "Review change", **typed)
    assert "each would see the keys of the other" in again.error_of("asks_keys")


def test_a_pasted_secret_is_refused_at_its_field_and_not_repeated(signed_in: Browser) -> None:
    form = signed_in.open(f"{SOURCES}/new")
    for typed in ("sk-proj-abcdef0123456789", "env:sk-proj-abcdef0123456789", "file:sk-proj-abcdef"):
        for action in (None, "try"):
            sent = {"name": "gateway", "url": "http://127.0.0.1:1", "secret": typed, "action": action}
            again = signed_in.send(form, "Review change", **sent)
            assert "Type where the secret is on the host: env:NAME" in again.error_of("secret")
            assert "sk-proj" not in again.reply.content.decode()


def test_a_password_in_the_address_is_refused_and_not_repeated(signed_in: Browser) -> None:
    form = signed_in.open(f"{SOURCES}/new")
    for action in (None, "try"):
        sent = {"name": "gateway", "url": "http://ada:hunter2@127.0.0.1:1/v1", "action": action}
        again = signed_in.send(form, "Review change", **sent)
        assert "must hold no user or password" in again.error_of("url")
        assert "hunter2" not in again.reply.content.decode()
        assert again.fields("Review change")["url"] == ["http://127.0.0.1:1/v1"]


def test_who_names_the_place_of_a_secret_gets_the_command_for_the_host(signed_in: Browser) -> None:
    form = signed_in.open(f"{SOURCES}/new")
    sent = {"name": "gateway", "url": "http://127.0.0.1:1", "secret": "env:GATEWAY_KEY"}
    again = signed_in.send(form, "Review change", **sent)
    assert "is not set over the API" in again.error_of("secret")
    command = "callsheet sources add gateway --url http://127.0.0.1:1 --secret-env GATEWAY_KEY --no-sync"
    assert command in again.text
    assert again.fields("Review change")["secret"] == ["env:GATEWAY_KEY"]


def test_a_secret_is_sent_to_no_other_address(signed_in: Browser) -> None:
    add(signed_in, "http://127.0.0.1:1", secret="file:/run/secrets/key")
    form = signed_in.open(f"{GATEWAY}/change")
    assert form.fields("Review change")["secret"] == ["file:/run/secrets/key"]
    again = signed_in.send(form, "Review change", url="http://127.0.0.1:2")
    assert "would go to another address" in again.error_of("url")
    assert "callsheet sources change gateway --url http://127.0.0.1:2" in again.text
    cleared = signed_in.send(form, "Review change", secret="", url="http://127.0.0.1:2")
    assert cleared.heading == "Change gateway"
    signed_in.send(cleared, "Apply")
    assert source_of(signed_in).config.secret is None


def test_what_answers_nothing_or_something_else_is_said_at_the_address(
    signed_in: Browser, upstream: Upstream
) -> None:
    form = signed_in.open(f"{SOURCES}/new")
    upstream.body = b"<html><title>Welcome</title></html>"
    for kind in ("", "openai"):
        again = signed_in.send(form, "Review change", action="try", url=upstream.url, kind=kind)
        assert again.status == 400
        assert "check the URL" in again.error_of("url") or "/v1/models" in again.error_of("url")
    again = signed_in.send(form, "Review change", action="try", url="http://127.0.0.1:1")
    assert "cannot be reached" in again.error_of("url")
    assert not service_of(signed_in).list()


def test_trying_asks_no_address_that_a_source_may_not_have(installation: Installation, upstream: Upstream) -> None:
    browser = Browser(installation).sign_in()
    form = browser.open(f"{SOURCES}/new")
    again = browser.send(form, "Review change", action="try", url=upstream.url)
    assert "127.0.0.1 is not public" in again.error_of("url")
    assert not upstream.asked


def test_the_page_says_how_a_source_is_followed(signed_in: Browser) -> None:
    add(signed_in, "http://127.0.0.1:1", prefix="up/", deny=["*-old"], new="hold", missing="retire", every="never")
    text = signed_in.open(GATEWAY).text
    for words in (
        "on demand only",
        "all, but none that matches *-old",
        "with up/ before every id",
        "A model that appears waits for a person",
        "is retired after 3 runs and 1h without it",
        "it is not asked about keys",
    ):
        assert words in text


def test_a_source_is_changed_by_a_plan_that_can_be_undone(signed_in: Browser) -> None:
    add(signed_in, "http://127.0.0.1:1", allow=["claude-*"])
    form = signed_in.open(f"{GATEWAY}/change")
    plan = signed_in.send(form, "Review change", every="10m", allow="", rename="a=b\nc=d")
    command = "callsheet sources change gateway --clear allow --rename a=b --rename c=d --every 10m"
    assert sorted(command.split()) == sorted(next(t for t in _codes(plan) if t.startswith("callsheet")).split())
    done = signed_in.send(plan, "Apply")
    config = source_of(signed_in).config
    assert (config.every_seconds, config.allow, config.rename) == (600, (), {"a": "b", "c": "d"})
    signed_in.send(signed_in.send(done, "Undo…"), "Apply")
    assert source_of(signed_in).config.record() == {
        "kind": "openai",
        "url": "http://127.0.0.1:1",
        "allow": ["claude-*"],
        "every": "never",
    }


def _codes(shown: Shown) -> list[str]:
    return [each.get_text() for each in shown.soup.find_all("code")]


def test_a_form_without_a_change_says_so(signed_in: Browser) -> None:
    add(signed_in, "http://127.0.0.1:1")
    again = signed_in.send(signed_in.open(f"{GATEWAY}/change"), "Review change")
    assert "You have not changed anything" in again.text


def test_a_password_in_an_address_that_is_not_valid_is_left_out(signed_in: Browser) -> None:
    form = signed_in.open(f"{SOURCES}/new")
    again = signed_in.send(form, "Review change", name="gateway", url="http://[ada:hunter2@b")
    assert again.status == 400
    assert "must hold no user or password" in again.error_of("url")
    assert "hunter2" not in again.text
    assert again.fields("Review change")["url"] == ["http://b"]


def test_a_source_is_put_before_another(signed_in: Browser) -> None:
    add(signed_in, "http://127.0.0.1:1", "first")
    add(signed_in, "http://127.0.0.1:2", "second")
    form = signed_in.open(f"{SOURCES}/second/change")
    signed_in.send(signed_in.send(form, "Review change", before="first"), "Apply")
    assert [each.name for each in service_of(signed_in).list()] == ["second", "first"]


def test_a_source_is_paused_resumed_and_removed(signed_in: Browser) -> None:
    add(signed_in, "http://127.0.0.1:1")
    plan = signed_in.send(signed_in.open(GATEWAY), "Pause…")
    assert "It is then asked on demand only." in plan.text
    assert not source_of(signed_in).state.paused
    paused = signed_in.send(plan, "Apply")
    assert source_of(signed_in).state.paused
    assert "paused" in signed_in.open(SOURCES).text
    signed_in.send(signed_in.send(paused, "Resume…"), "Apply")
    assert not source_of(signed_in).state.paused
    gone = signed_in.send(signed_in.send(signed_in.open(GATEWAY), "Remove…"), "Apply")
    assert gone.heading == "Sources"
    assert not service_of(signed_in).list()


def test_a_list_that_waits_is_shown_with_what_it_would_change_and_for_whom(
    signed_in: Browser, upstream: Upstream
) -> None:
    signed_in.installation.key()
    waiting = quarantined(signed_in, upstream)
    assert "The source was asked, and its list waits for a person." in waiting.text
    assert "The list is quarantined" in waiting.text
    assert "acme/new" in waiting.text
    assert "1 key" in waiting.text
    assert ids(signed_in) == set(LISTED)
    assert "gateway waits for you." in signed_in.open(SOURCES).text


def test_a_list_that_waits_is_accepted_by_its_plan(signed_in: Browser, upstream: Upstream) -> None:
    plan = signed_in.send(quarantined(signed_in, upstream), "Accept…")
    assert plan.heading == "Accept the list of gateway"
    assert "acme/new" in plan.text
    assert source_of(signed_in).pending is not None
    page = signed_in.send(plan, "Apply")
    assert "A list waits for you" not in page.text
    assert "acme/new" in ids(signed_in)


def test_a_list_that_waits_is_rejected_and_the_rejection_taken_back(signed_in: Browser, upstream: Upstream) -> None:
    plan = signed_in.send(quarantined(signed_in, upstream), "Reject…")
    assert "the models stay as they are" in plan.text
    page = signed_in.send(plan, "Apply")
    assert "What you rejected" in page.text
    assert ids(signed_in) == set(LISTED)
    again = signed_in.send(page, "Take it back…")
    signed_in.send(again, "Apply")
    assert not source_of(signed_in).rejected


def test_a_list_that_changed_while_its_plan_was_read_is_shown_again(signed_in: Browser, upstream: Upstream) -> None:
    plan = signed_in.send(quarantined(signed_in, upstream), "Accept…")
    upstream.lists(LISTED[0], "acme/newer")
    signed_in.send(signed_in.open(GATEWAY), "Run now")
    again = signed_in.send(plan, "Apply")
    assert "The plan is no longer the one that you confirmed" in again.text
    assert ids(signed_in) == set(LISTED)


def test_a_run_can_be_looked_at_before_it_is_made(signed_in: Browser, upstream: Upstream) -> None:
    add(signed_in, upstream.url)
    shown = signed_in.send(signed_in.open(GATEWAY), "Preview a run")
    assert "What a run would change now" in shown.text
    assert "acme/9" in shown.text
    assert not ids(signed_in)
    assert source_of(signed_in).state.last_run_at is None


def test_what_an_upstream_says_is_shown_as_text_and_without_secrets(
    signed_in: Browser, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_KEY", "sk-very-secret-0123456789")
    add(signed_in, upstream.url, secret="env:GATEWAY_KEY")
    said = "<script>alert(1)</script> \x1b[31mred\x1b[0m for sk-very-secret-0123456789"
    upstream.fails(500, json.dumps({"error": {"message": said}}).encode())
    for shown in (
        signed_in.send(signed_in.open(GATEWAY), "Run now"),
        signed_in.open(GATEWAY),
        signed_in.send(signed_in.open(GATEWAY), "Preview a run"),
        signed_in.open(SOURCES),
        signed_in.open(f"{GATEWAY}.json"),
    ):
        sent = shown.reply.content.decode()
        assert "sk-very-secret" not in sent
        assert "\x1b" not in sent
        assert shown.path.endswith(".json") or "<script>alert" not in sent
    assert "fails with 500: <script>alert(1)</script>" in signed_in.open(GATEWAY).text


def test_ids_of_an_upstream_are_shown_as_text(signed_in: Browser, upstream: Upstream) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    upstream.lists(hostile, "\N{RIGHT-TO-LEFT OVERRIDE}evil", "x/y.json")
    form = signed_in.open(f"{SOURCES}/new")
    tried = signed_in.send(form, "Review change", action="try", url=upstream.url)
    assert hostile in tried.text
    add(signed_in, upstream.url, new="hold")
    ran = signed_in.send(signed_in.open(GATEWAY), "Run now")
    assert hostile in ran.text
    for shown in (tried, ran):
        assert not shown.soup.find("img")


def test_a_run_that_takes_long_goes_on_without_its_page(signed_in: Browser, upstream: Upstream) -> None:
    asked, go_on = threading.Event(), threading.Event()
    listing = upstream.body

    def slow(_path: str) -> tuple[int, dict[str, str], bytes]:
        asked.set()
        go_on.wait(30)
        return 200, {"content-type": "application/json"}, listing

    upstream.answer = slow
    add(signed_in, upstream.url)
    page = signed_in.open(GATEWAY)
    console = signed_in.app._console
    assert console is not None
    console.long_calls.timeout_seconds = 0.05
    late = signed_in.send(page, "Run now")
    assert "The run goes on without this page" in late.text
    assert asked.wait(30)
    busy = signed_in.send(page, "Run now")
    assert "is being asked by another server at the moment" in busy.text or "goes on without" in busy.text
    form = signed_in.open(f"{SOURCES}/new")
    tried = signed_in.send(form, "Review change", action="try", url=upstream.url, kind="openai")
    assert "took longer than 0.05 s" in tried.error_of("url")
    go_on.set()
    waiting = threading.Event()
    while source_of(signed_in).state.last_good_at is None:
        waiting.wait(0.01)
    assert ids(signed_in) == set(LISTED)


def test_a_source_that_is_gone_is_said_to_be(signed_in: Browser) -> None:
    for path in (f"{SOURCES}/nowhere", f"{SOURCES}/nowhere/change"):
        assert signed_in.open(path).status == 404
    csrf = signed_in.open(SOURCES).fields("Let them lend facts only…")["csrf"]
    for path in ("run", "preview"):
        assert signed_in.post(f"{SOURCES}/nowhere/{path}", {"csrf": csrf}).status == 404


def test_a_source_called_new_has_its_page(signed_in: Browser) -> None:
    add(signed_in, "http://127.0.0.1:1", "new")
    shown = signed_in.open(signed_in.open(SOURCES).link("new"))
    assert shown.heading == "new"
    assert signed_in.send(signed_in.send(shown, "Pause…"), "Apply").heading == "new"


def test_the_built_in_models_are_let_lend_facts_only_and_listed_again(installation: Installation) -> None:
    signed_in = Browser(installation).sign_in()
    plan = signed_in.send(signed_in.open(SOURCES), "Let them lend facts only…")
    assert "callsheet sources builtin inform" in plan.text
    shown = signed_in.send(plan, "Apply")
    assert "They only lend facts to models that others list." in shown.text
    signed_in.send(signed_in.send(shown, "Undo…"), "Apply")
    assert signed_in.open(f"{SOURCES}.json").json["builtin"] == "list"


def test_what_the_first_source_does_to_the_built_in_models_is_said_before_and_after(
    installation: Installation, upstream: Upstream
) -> None:
    signed_in = Browser(installation, sources_private=["127.0.0.0/8"]).sign_in()
    built_in = ids(signed_in)
    kept = min(built_in)
    upstream.lists(kept, "acme/new")
    typed = {"name": "gateway", "url": upstream.url, "kind": "openai", "every": "never"}
    tried = signed_in.send(signed_in.open(f"{SOURCES}/new"), "Review change", action="try", **typed)
    assert f"At its first run, {len(built_in) - 1} built-in models leave the catalogue" in tried.text
    plan = signed_in.send(tried, "Review change")
    assert f"{len(built_in)} models leave the catalogue, except for those that it lists too" in plan.text
    assert "No caller would notice anything before the next run." in plan.text
    assert plan.link("Built-in models") == f"{SOURCES}#builtin"
    ran = signed_in.send(signed_in.send(plan, "Apply"), "Run now")
    assert ids(signed_in) == {kept, "acme/new"}
    assert "The built-in models are no longer listed by themselves" in ran.text
    assert "Removing a source does not list the built-in models again." in ran.text
    removal = signed_in.send(ran, "Remove…")
    assert "Removing gateway does not list the built-in models again." in removal.text
    assert removal.link("Built-in models") == f"{SOURCES}#builtin"


def test_one_who_may_only_read_sees_sources_and_changes_none(browser: Browser, upstream: Upstream) -> None:
    add(browser, upstream.url, new="hold")
    writer = Browser(browser.installation, sources_private=["127.0.0.0/8"]).sign_in()
    writer.send(writer.open(GATEWAY), "Run now")
    reader = browser.sign_in(Scope.READ, name="reader")
    page = reader.open(GATEWAY)
    assert "10 new models wait for a person" in page.text
    assert "This needs a sign-in with the scope catalog" in str(page.soup)
    for button in page.soup.find_all("button"):
        if button.get_text() not in ("Sign out", "Copy"):
            assert button.has_attr("disabled"), button
            assert "catalog" in str(button["title"])
    csrf = page.fields("Sign out")["csrf"]
    for path in ("gateway/run", "gateway/preview", "gateway/change", "new"):
        assert reader.post(f"{SOURCES}/{path}", {"csrf": csrf, "action": "remove"}).status == 403
    assert reader.open(f"{SOURCES}/new").status == 403
    assert source_of(browser).pending is not None


def test_the_data_of_each_page_is_json(signed_in: Browser, upstream: Upstream) -> None:
    quarantined(signed_in, upstream)
    assert signed_in.open(f"{SOURCES}.json").json["sources"][0]["name"] == "gateway"
    data = signed_in.open(f"{GATEWAY}.json").json
    assert data["waiting"]["plan"]["steps"]
    assert data["words"][0] == ["Answers as", "openai"]

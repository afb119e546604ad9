"""Keys: found among many, looked at, created with a preview of their list, changed, replaced and archived."""

from callsheet.domain.access.admin_key import Scope
from callsheet.service.admin.sessions import SessionService
from tests.console.browsing import Browser, Shown
from tests.installation import make_model, now

KEYS = "/console/keys"


def filled(browser: Browser) -> Browser:
    """A browser at an installation with three models and a workspace that sees one of them."""
    installation = browser.installation
    installation.clear_catalog()
    for name in ("claude-one", "claude-two", "qwen"):
        installation.catalog.add(make_model(name))
    installation.workspace("crew", allow=("qwen",))
    return browser


def names(shown: Shown) -> list[str]:
    """The names of the keys in a list."""
    return [" ".join(each.get_text(" ").split()) for each in shown.soup.select("#results tbody th")]


def key_id(browser: Browser, name: str) -> str:
    """The id of the key in use with this name."""
    return browser.installation.access.show_key(name).key.id


def listed(browser: Browser, secret: str) -> list[str]:
    """The ids of the models that are listed for the key with this secret."""
    browser.app.live.refresh()
    reply = browser.ask("GET", "/v1/models", x_api_key=secret, anthropic_version="2023-06-01")
    return [each["id"] for each in reply.json["data"]]


def test_a_list_without_keys_says_how_to_make_one(signed_in: Browser) -> None:
    shown = signed_in.open(KEYS)
    assert "There is no key yet" in shown.text
    assert "callsheet keys create" in shown.text


def test_the_list_is_filtered_by_what_its_address_says(signed_in: Browser) -> None:
    access = filled(signed_in).installation.access
    access.create_key("ci runner", "crew")
    access.create_key("Anna")
    access.disable_key(access.create_key("Anna's laptop", None, organization=True).key.id)
    assert names(signed_in.open(KEYS)) == ["Anna's laptop", "Anna", "ci runner"]
    assert names(signed_in.open(f"{KEYS}?q=anna")) == ["Anna's laptop", "Anna"]
    assert names(signed_in.open(f"{KEYS}?q=anna&status=disabled")) == ["Anna's laptop"]
    crew = access.show_workspace("crew").id
    assert names(signed_in.open(f"{KEYS}?workspace={crew}")) == ["ci runner"]
    hint = access.show_key("Anna").key.hint
    assert "Anna" in names(signed_in.open(f"{KEYS}?q=...{hint}"))
    assert names(signed_in.open(f"{KEYS}?q={key_id(signed_in, 'ci runner')}")) == ["ci runner"]


def test_without_an_admin_key_pages_say_that_uses_are_not_recorded_rather_than_never(browser: Browser) -> None:
    browser.installation.key(name="laptop")
    link = SessionService(browser.installation.store, now).make_link("ada", (Scope.ALL,))
    browser.send(browser.open(f"/console/sign-in?link={link}"), "Sign in")
    key = f"{KEYS}/{key_id(browser, 'laptop')}"
    assert "not recorded: no admin key was made yet" in browser.open(key).text
    assert "not recorded: no admin key was made yet" in browser.open("/console/welcome").text
    listed = browser.open(KEYS)
    assert "The use of keys is recorded only once" in listed.text
    assert [each.get_text() for each in listed.soup.select("td[data-label='Last used']")] == ["not recorded"]

    browser.make_key()
    browser.served.live.refresh()
    assert "Last used never" in browser.open(key).text
    assert "not recorded" not in browser.open(KEYS).text + browser.open("/console/welcome").text


def test_going_back_from_the_plan_of_a_key_shows_its_form_but_from_that_of_a_button_its_page(
    signed_in: Browser,
) -> None:
    form = filled(signed_in).open(f"{KEYS}/new")
    plan = signed_in.send(form, "Review change", name="laptop", expires_at="2099-01-01")
    again = signed_in.send(plan, "Go back").fields("Review change")
    assert (again["name"], again["expires_at"]) == (["laptop"], ["2099-01-01"])
    signed_in.installation.key(name="laptop")
    page = f"{KEYS}/{key_id(signed_in, 'laptop')}"
    assert signed_in.send(signed_in.open(page), "Disable…").link("Go back") == page


def test_a_filter_that_fits_nothing_says_so_and_a_wrong_one_says_why(signed_in: Browser) -> None:
    filled(signed_in).installation.key()
    assert "No key has “nothing like it” in its name" in signed_in.open(f"{KEYS}?q=nothing+like+it").text
    wrong = signed_in.open(f"{KEYS}?workspace=nowhere")
    assert wrong.status == 404
    assert "There is no workspace 'nowhere'" in wrong.text
    assert signed_in.open(f"{KEYS}?status=odd").status == 400
    assert signed_in.open(f"{KEYS}?after_id=odd").status == 400


def test_pages_lead_forth_and_back(signed_in: Browser) -> None:
    access = signed_in.installation.access
    for number in range(120):
        access.create_key(f"key {number:03}")
    first = signed_in.open(f"{KEYS}?q=key")
    second = signed_in.open(first.link("Next page"))
    third = signed_in.open(second.link("Next page"))
    found = [*names(first), *names(second), *names(third)]
    assert sorted(found) == [f"key {number:03}" for number in range(120)]
    assert "Next page" not in third.text
    back = signed_in.open(signed_in.open(third.link("Previous")).link("Previous"))
    assert names(back) == names(first)
    assert "q=key" in back.path


def test_a_key_is_created_with_a_preview_and_its_secret_works_in_every_snippet(signed_in: Browser) -> None:
    filled(signed_in)
    crew = signed_in.installation.access.show_workspace("crew").id
    form = signed_in.open(f"{KEYS}/new")
    assert "3 of 3 listed models" in form.text
    previewed = signed_in.send(form, "Review change", workspace=crew, preview="yes", name="")
    assert previewed.status == 200
    assert "1 of 3 listed models" in previewed.text
    assert "There are" not in previewed.text
    assert not previewed.error_of("name")

    plan = signed_in.send(previewed, "Review change", name="laptop")
    assert "callsheet keys create --name laptop --workspace" in plan.text
    made = signed_in.send(plan, "Apply")
    assert made.reply.headers["cache-control"] == "no-store"
    secret = made.soup.select_one("#secret").get_text().strip()  # type: ignore[union-attr]
    assert secret.startswith("sk-")
    texts = [each.get_text() for each in made.soup.find_all("pre")]
    assert len(texts) == 5
    assert all(secret in text for text in texts)
    assert sum("http://127.0.0.1:8484" in text for text in texts) == 4
    assert listed(signed_in, secret) == ["qwen"]

    page = signed_in.open(made.link("I have copied it"))
    assert page.heading == "laptop"
    assert secret not in str(page.soup)


def test_a_key_of_the_organization_says_so_everywhere(signed_in: Browser) -> None:
    filled(signed_in)
    plan = signed_in.send(signed_in.open(f"{KEYS}/new"), "Review change", name="all", workspace="")
    assert "--organization" in plan.text
    assert "the whole organization" in plan.text
    secret = signed_in.send(plan, "Apply")
    assert ": Create the key all" in secret.text
    page = signed_in.open(secret.link("I have copied it"))
    assert "whole organization" in page.text
    assert "the organization" in signed_in.open(KEYS).text


def test_a_form_says_at_the_field_what_is_wrong(signed_in: Browser) -> None:
    filled(signed_in).installation.key(name="taken")
    form = signed_in.open(f"{KEYS}/new")
    assert "Say who" in signed_in.send(form, "Review change", name=" ").error_of("name")
    assert "1 to 128" in signed_in.send(form, "Review change", name="x" * 129).error_of("name")
    again = signed_in.send(form, "Review change", name="ci", expires_at="soon")
    assert "soon" in again.error_of("expires_at")
    assert again.fields("Review change")["name"] == ["ci"]
    past = signed_in.send(form, "Review change", name="ci", expires_at="2020-01-01")
    assert "Must lie in the future" in past.error_of("expires_at")
    nowhere = signed_in.send(form, "Review change", name="ci", workspace="wrkspc_gone")
    assert "no workspace" in nowhere.error_of("workspace")
    assert "There is a key named" in signed_in.send(form, "Review change", name="taken").error_of("name")
    several = signed_in.send(form, "Review change", name=" ", expires_at="2020-01-01", workspace="wrkspc_gone")
    assert "Say who" in several.error_of("name")
    assert several.error_of("expires_at") == "Must lie in the future."
    assert "no workspace" in several.error_of("workspace")
    assert "3 fields need another look" in several.text


def test_only_what_was_changed_of_a_key_is_sent(signed_in: Browser) -> None:
    access = filled(signed_in).installation.access
    access.create_key("ci", "crew")
    form = signed_in.open(f"{KEYS}/{key_id(signed_in, 'ci')}/change")
    assert "1 of 3 listed models" in form.text
    plan = signed_in.send(form, "Review change", workspace="", expires_at="2099-12-31")
    command = "callsheet keys change --expires-at 2099-12-31 --organization"
    assert command in plan.text
    assert '"name"' not in plan.text
    step = " ".join(each.get_text(" ") for each in plan.soup.select(".step"))
    assert "crew" in step
    assert "the whole organization" in step
    assert "wrkspc_" not in step
    done = signed_in.send(plan, "Apply")
    assert "whole organization" in done.text
    assert "2099-12-31" in done.text
    forever = signed_in.send(
        signed_in.open(f"{KEYS}/{key_id(signed_in, 'ci')}/change"), "Review change", expires_at=""
    )
    assert "--no-expiry" in forever.text


def test_a_key_is_disabled_and_that_is_undone(signed_in: Browser) -> None:
    filled(signed_in).installation.key(name="ci")
    page = signed_in.open(f"{KEYS}/{key_id(signed_in, 'ci')}")
    done = signed_in.send(signed_in.send(page, "Disable…"), "Apply")
    assert "It does not work: it is disabled." in done.text
    undone = signed_in.send(signed_in.send(done, "Undo…"), "Apply")
    assert "it is disabled" not in undone.text


def test_archiving_says_that_it_is_permanent_and_is_not_undone(signed_in: Browser) -> None:
    filled(signed_in).installation.key(name="ci")
    page = signed_in.open(f"{KEYS}/{key_id(signed_in, 'ci')}")
    plan = signed_in.send(page, "Archive…")
    assert plan.heading == "Archive ci permanently"
    done = signed_in.send(plan, "Apply")
    assert "which cannot be undone" in done.text
    assert "Undo…" not in done.text


def test_a_secret_is_replaced_and_the_old_one_works_on(signed_in: Browser) -> None:
    secret = filled(signed_in).installation.key(name="ci")
    old = key_id(signed_in, "ci")
    form = signed_in.open(f"{KEYS}/{old}/replace")
    assert "hours" in signed_in.send(form, "Review change", overlap="other", other_hours="long").error_of(
        "other_hours"
    )
    made = signed_in.send(signed_in.send(form, "Review change", overlap="other", other_hours="1,5"), "Apply")
    assert "works until" in made.text
    new = made.soup.select_one("#secret").get_text().strip()  # type: ignore[union-attr]
    assert [len(listed(signed_in, each)) for each in (secret, new)] == [3, 3]
    assert signed_in.open(made.link("I have copied it")).path != f"{KEYS}/{old}"
    assert "It was replaced" in signed_in.open(f"{KEYS}/{old}").text


def test_names_are_text_wherever_they_are_shown(signed_in: Browser) -> None:
    installation = filled(signed_in).installation
    markup = "<img src=x onerror=alert(1)>\"'&"
    workspace = installation.workspace(f"{markup} crew")
    key = installation.access.create_key(markup, workspace).key
    for path in (KEYS, f"{KEYS}/{key.id}", f"{KEYS}/{key.id}/change", f"{KEYS}/{key.id}/replace", f"{KEYS}/new"):
        shown = signed_in.open(path)
        assert shown.status == 200
        assert not shown.soup.find("img")
    plan = signed_in.send(signed_in.open(f"{KEYS}/{key.id}/change"), "Review change", name=f"{markup} two")
    assert not plan.soup.find("img")


def test_a_key_that_is_not_there_is_not_found(signed_in: Browser) -> None:
    for path in ("apikey_gone", "apikey_gone/change", "a%2Fb", "%00", "apikey_gone.json"):
        assert signed_in.open(f"{KEYS}/{path}").status == 404


def test_one_who_may_only_read_sees_keys_and_changes_none(browser: Browser) -> None:
    filled(browser).installation.key(name="ci")
    browser.sign_in(Scope.READ)
    page = browser.open(f"{KEYS}/{key_id(browser, 'ci')}")
    assert page.heading == "ci"
    assert all(each.has_attr("disabled") for each in page.soup.find_all("button") if "…" in each.get_text())
    assert "Create a key" not in browser.open(KEYS).text
    for path in ("new", f"{key_id(browser, 'ci')}/change", f"{key_id(browser, 'ci')}/replace"):
        assert browser.open(f"{KEYS}/{path}").status == 403


def test_no_secret_is_in_the_data_of_a_page(signed_in: Browser) -> None:
    secret = filled(signed_in).installation.key(name="ci")
    for path in (f"{KEYS}.json", f"{KEYS}/{key_id(signed_in, 'ci')}.json"):
        shown = signed_in.open(path)
        assert shown.json
        assert secret not in shown.reply.content.decode()


def test_a_key_of_an_archived_workspace_keeps_it_in_the_form(signed_in: Browser) -> None:
    access = filled(signed_in).installation.access
    access.create_key("ci", "crew")
    access.archive_workspace("crew")
    page = signed_in.open(f"{KEYS}/{key_id(signed_in, 'ci')}")
    assert "its workspace is archived" in page.text
    form = signed_in.open(f"{KEYS}/{key_id(signed_in, 'ci')}/change")
    assert form.fields("Review change")["workspace"] == [access.show_key("ci").key.workspace_id]
    assert "crew (archived)" in form.text


def test_with_many_workspaces_one_types_the_name(signed_in: Browser) -> None:
    installation = filled(signed_in).installation
    for number in range(201):
        installation.workspace(f"team {number}")
    assert not signed_in.open(KEYS).soup.select("select#workspace")
    form = signed_in.open(f"{KEYS}/new")
    assert signed_in.send(form, "Review change", name="ci", workspace="team 7").heading == "Create the key ci"

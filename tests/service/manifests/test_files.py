"""What a file changes, and what it leaves alone."""

import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from callsheet.domain.access.key import KeyStatus
from callsheet.domain.access.secret import fingerprint
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.errors import CallsheetError, ConflictError, InvalidError, ManifestError, RefusedError
from callsheet.domain.plan.reading import read_plan
from callsheet.service.manifests.export import Holders
from callsheet.service.manifests.service import ManifestService
from tests.installation import Installation, make_model, now, on_both
from tests.service.manifests.files import SECRET, Files, kept, manifest


@pytest.fixture
def files(empty: Installation) -> Files:
    return Files(empty)


EVERYTHING = """\
models:
  - {id: claude-x, max_tokens: 64000, created_at: 2026-01-01}
  - {id: team-x, same_as: claude-x, display_name: Team X}
aliases:
  - {alias: x, model_id: team-x}
workspaces:
  - {name: research, allow: [claude-*], shape: classic}
keys:
  - {name: ci, secret_env: CI_KEY, workspace: research}
  - {name: ops, secret_sha256: %s, organization: true}
"""
EVERYTHING %= sha256(b"sk-of-the-operators").hexdigest()


@on_both
def test_a_file_makes_an_empty_installation_what_it_says(installation: Installation) -> None:
    installation.clear_catalog()
    files = Files(installation)
    before = installation.live().current.revision
    files.apply(EVERYTHING)
    state = installation.live().current
    assert state.revision == before + 1
    team = state.catalog.get("team-x")
    assert team is not None
    assert (team.display_name, team.max_tokens) == ("Team X", 64000)
    assert state.catalog.aliases() == {"x": "team-x"}
    keys = {key.name: key for key in installation.access.list_keys()}
    research = installation.access.show_workspace("research")
    assert (keys["ci"].workspace_id, keys["ci"].hint) == (research.id, SECRET[-4:])
    assert (keys["ops"].workspace_id, keys["ops"].fingerprint) == (None, sha256(b"sk-of-the-operators").digest())


def test_what_a_file_says_is_recorded_as_its_manager_s(files: Files) -> None:
    """Kong's decK created things without the tag that made them its own: https://github.com/Kong/deck/issues/362."""
    before = files.installation.live().current.revision
    files.apply(EVERYTHING)
    with files.installation.store.read() as reading:
        records = [record for record in reading.changes() if record.revision > before]
        claims = list(reading.claims_by(manifest(EVERYTHING).manager))
    assert len(records) == 6
    assert {record.manager for record in records} == {"file:team-a"}
    assert len(claims) == 6


def test_a_collection_that_is_not_named_is_left_alone_and_an_empty_one_is_emptied(files: Files) -> None:
    """kongctl deleted what a file did not mention: https://github.com/Kong/kongctl/issues/1608."""
    files.apply(EVERYTHING)
    files.apply("workspaces: []")
    assert files.ids() == ["claude-x", "team-x"]
    assert files.installation.access.show_key("ci").key.status is KeyStatus.ACTIVE
    files.apply("models: []")
    assert files.ids() == []


def test_nothing_goes_that_no_file_ever_held(files: Files) -> None:
    """decK offered no way to apply a file without deleting the rest: https://github.com/Kong/deck/issues/211."""
    files.installation.add(make_model("typed"))
    key = files.installation.key(name="mine")
    files.apply("models: [{id: claude-x}]\nkeys: []\nworkspaces: []\naliases: []")
    assert files.ids() == ["claude-x", "typed"]
    files.apply("models: []")
    assert files.ids() == ["typed"]
    assert [each.status for each in files.installation.access.list_keys()] == [KeyStatus.ACTIVE]
    assert key


def test_a_name_that_becomes_free_can_be_taken_in_the_same_plan(files: Files) -> None:
    """decK created before it deleted, and got 409: https://github.com/Kong/deck/issues/698."""
    files.apply("models: [{id: a}]\naliases: [{alias: b, model_id: a}]\nworkspaces: [{name: w, allow: [a]}]")
    files.apply("models: [{id: b}]\naliases: [{alias: a, model_id: b}]\nworkspaces: [{name: w, allow: [b]}]")
    state = files.installation.live().current
    assert (files.ids(), state.catalog.aliases()) == (["b"], {"a": "b"})


def test_what_was_in_a_file_that_is_gone_goes(files: Files) -> None:
    """decK left orphans when one of several files was removed: https://github.com/Kong/deck/issues/1236."""
    one, other = manifest("models: [{id: a}]"), manifest("models: [{id: b}]")
    files.service.apply(files.service.plan(one.joined(other)))
    assert files.ids() == ["a", "b"]
    files.service.apply(files.service.plan(one))
    assert files.ids() == ["a"]


def test_managers_do_not_remove_each_other_s(files: Files) -> None:
    """decK needed the same tags in every file: https://github.com/Kong/deck/issues/561."""
    files.apply("models: [{id: a}, {id: both, max_tokens: 1}]")
    files.apply("manager: team-b\nmodels: [{id: b}, {id: both, line: opus}]")
    assert files.ids() == ["a", "b", "both"]
    files.apply("models: []")
    assert files.ids() == ["b", "both"]
    both = files.installation.catalog.show("both").model
    assert (both.max_tokens, both.line) == (None, "opus")


def test_a_person_s_edit_is_not_lost_and_the_file_says_who_holds_it(files: Files) -> None:
    """Edits in a UI were lost to the file: https://github.com/caipe-io/ai-platform-engineering/pull/2682."""
    files.apply("models: [{id: a, max_tokens: 5, line: opus}]")
    files.installation.catalog.change("a", {"max_tokens": 6})
    planned = files.plan("models: [{id: a, max_tokens: 7, line: haiku}]")
    assert [tuple(held)[1:] for held in planned.held] == [("a", "max_tokens", 7, 6, "person")]
    assert planned.plan.warnings[-1].code == "held"
    assert planned.plan.warnings[-1].message == "max_tokens of a stays 6, not 7: it is held by person."
    files.apply("models: [{id: a, max_tokens: 7, line: haiku}]")
    model = files.installation.catalog.show("a").model
    assert (model.max_tokens, model.line) == (6, "haiku")


def test_what_a_file_made_can_be_changed_by_people_at_once(files: Files) -> None:
    """Grafana locked what files had made: https://github.com/grafana/grafana/pull/19820.

    Others want the API to win: https://github.com/ogx-ai/ogx/issues/3809.
    """
    files.apply(EVERYTHING)
    files.installation.catalog.remove("claude-x")
    files.installation.access.change_workspace("research", {"deny": ("claude-secret",)})
    files.apply(EVERYTHING)
    assert files.ids() == ["team-x"]
    assert files.installation.access.show_workspace("research").visibility.deny == ("claude-secret",)


def test_adopting_lets_the_file_decide_what_people_hold(files: Files) -> None:
    """Configuration by file is wanted: https://github.com/BerriAI/litellm/issues/27287."""
    files.installation.add(make_model("typed", max_tokens=5, description="by hand"))
    files.installation.workspace("research", allow=("old-*",))
    text = "models: [{id: typed, max_tokens: 6}]\nworkspaces: [{name: research, allow: [new-*]}]"
    planned = files.plan(text)
    assert {(held.subject, held.field) for held in planned.held} == {("typed", "max_tokens"), ("research", "allow")}
    files.adopt(text)
    assert files.plan(text).is_in_sync
    model = files.installation.catalog.show("typed").model
    assert (model.max_tokens, model.description) == (6, "by hand")
    assert files.installation.access.show_workspace("research").visibility.allow == ("new-*",)


def test_an_export_that_is_adopted_changes_no_answer_and_holds_everything(files: Files) -> None:
    files.installation.add(make_model("a", max_tokens=5), make_model("b", hidden=True))
    files.installation.catalog.alias("short", "a")
    files.installation.workspace("research", allow=("a",))
    files.installation.key(name="bot", workspace="research")
    before = [(item.model, item.aliases) for item in files.installation.catalog.list()]
    exported = files.service.export("team-a", Holders.PEOPLE)
    planned = files.service.plan(exported, adopt=True)
    assert planned.plan.impact.is_empty
    files.service.apply(planned)
    assert files.service.plan(exported).is_in_sync
    assert [(item.model, item.aliases) for item in files.installation.catalog.list()] == before
    assert files.exported() == exported


def test_an_export_holds_a_former_name_of_a_model_that_the_file_says_nothing_else_of(files: Files) -> None:
    files.installation.add(make_model("new"))
    files.apply("models: [{id: new, was: old, listed: others}]")
    exported = files.exported()
    assert files.service.plan(exported).plan.is_empty, exported


def test_a_model_that_others_list_stays_and_the_plan_says_what_shows_through(files: Files) -> None:
    files.installation.add(make_model("a", max_tokens=5))
    files.apply("models: [{id: a, description: ours}]")
    planned = files.plan("models: []")
    assert [warning.message for warning in planned.plan.warnings] == [
        "a leaves the file and stays, as person lists it: description becomes not known."
    ]
    files.apply("models: []")
    assert files.ids() == ["a"]


def test_a_suppressed_model_is_gone_until_the_file_releases_it(files: Files) -> None:
    files.apply("manager: platform\nmodels: [{id: a}]")
    files.apply("models: [{id: a, listed: false}]\nmanager: audit")
    assert files.ids() == []
    files.apply("manager: audit\nmodels: []")
    assert files.ids() == ["a"]


def test_a_rename_keeps_aliases_and_the_old_id_as_an_alias_and_a_cursor(files: Files) -> None:
    files.apply("models: [{id: old, line: opus}]\naliases: [{alias: short, model_id: old}]")
    files.installation.catalog.alias("typed", "old")
    files.installation.catalog.change("old", {"description": "by hand"})
    text = "models: [{id: new, was: old, line: opus}]\naliases: [{alias: short, model_id: new}]"
    changes = files.apply(text)
    state = files.installation.live().current
    assert files.ids() == ["new"]
    assert state.catalog.aliases() == {"short": "new", "typed": "new", "old": "new"}
    assert state.catalog.tombstones().keys() == {"old"}
    assert files.installation.catalog.show("new").model.description == "by hand"
    assert changes
    files.apply(text.replace("was: old, ", ""))
    assert "old" not in files.installation.live().current.catalog.aliases()


def test_a_rename_is_followed_by_all_that_a_person_said_of_the_old_id(files: Files) -> None:
    files.apply("models: [{id: old, line: opus}]")
    files.installation.add(make_model("twin"))
    files.installation.catalog.change("twin", {"same_as": "old", "replacement": "old"})
    files.apply("models: [{id: new, was: old, line: opus}]")
    twin = files.installation.catalog.show("twin").model
    assert (twin.line, twin.replacement) == ("opus", "new")


def test_a_workspace_and_a_key_are_renamed_not_made_again(files: Files) -> None:
    files.apply("workspaces: [{name: lab}]\nkeys: [{name: bot, secret_env: CI_KEY, workspace: lab}]")
    before = files.installation.access.show_workspace("lab").id, files.installation.access.show_key("bot").key.id
    files.apply(
        "workspaces: [{name: research, was: lab}]\n"
        "keys: [{name: ci, was: bot, secret_env: CI_KEY, workspace: research}]"
    )
    access = files.installation.access
    assert (access.show_workspace("research").id, access.show_key("ci").key.id) == before


def test_a_key_is_replaced_only_when_the_file_has_another_secret(files: Files) -> None:
    """A tool for LiteLLM never did it; ours does, and the plan says so."""
    files.apply("keys: [{name: ci, secret_env: CI_KEY}]")
    old = files.installation.access.show_key("ci").key
    files.apply("keys: [{name: ci, secret_env: CI_KEY, status: disabled}]")
    assert files.installation.access.show_key("ci").key.id == old.id
    other = Files(files.installation, {"CI_KEY": "sk-another-secret-entirely"})
    planned = other.plan("keys: [{name: ci, secret_env: CI_KEY}]")
    assert sorted(str(step.action) for step in planned.plan.steps) == ["create", "rotate"]
    other.apply("keys: [{name: ci, secret_env: CI_KEY}]")
    keys = {key.id: key.status for key in files.installation.access.list_keys()}
    assert keys.pop(old.id) is KeyStatus.ARCHIVED
    assert list(keys.values()) == [KeyStatus.ACTIVE]


def test_a_key_that_a_person_rotated_stays_rotated(files: Files) -> None:
    files.apply("keys: [{name: ci, secret_env: CI_KEY}]")
    files.installation.access.rotate_key("ci")
    new = files.installation.access.show_key("ci").key
    planned = files.plan("keys: [{name: ci, secret_env: CI_KEY}]")
    assert planned.plan.is_empty
    assert planned.held
    assert files.installation.access.show_key("ci").key == new


@pytest.mark.parametrize("secret", ["secret_env: CI_KEY", f"secret_sha256: {'21' * 32}"])
def test_a_key_that_a_person_made_keeps_its_secret_however_often_the_file_is_applied(
    files: Files, secret: str
) -> None:
    """The first plan held the secret, and the second one replaced the key."""
    files.installation.key(name="ci")
    before = files.installation.access.show_key("ci").key
    text = f"keys: [{{name: ci, {secret}}}]"
    for _ in range(2):
        planned = files.plan(text)
        assert [(held.subject, held.field) for held in planned.held] == [("ci", "secret")]
        files.service.apply(planned)
        assert files.installation.access.show_key("ci").key == before
    files.adopt(text)
    assert files.installation.access.show_key("ci").key.fingerprint != before.fingerprint


def test_a_key_that_a_person_made_is_replaced_when_the_file_had_its_secret_and_has_another(files: Files) -> None:
    secret = files.installation.key(name="ci")
    before = files.installation.access.show_key("ci").key
    files.apply(f"keys: [{{name: ci, secret_sha256: {fingerprint(secret).hex()}}}]")
    assert files.installation.access.show_key("ci").key == before
    files.apply(f"keys: [{{name: ci, secret_sha256: {'21' * 32}}}]")
    assert files.installation.access.show_key("ci").key.fingerprint == b"!" * 32


def test_without_its_variable_a_key_cannot_be_made_but_stays(files: Files) -> None:
    files.apply("keys: [{name: ci, secret_env: CI_KEY}]")
    bare = Files(files.installation, {"OTHER": ""})
    bare.apply("keys: [{name: ci, secret_env: CI_KEY}]")
    with pytest.raises(InvalidError, match="the environment variable OTHER that holds its secret is not set"):
        bare.plan("keys: [{name: new, secret_env: OTHER}]")


def test_no_secret_is_in_a_plan_a_record_or_an_export(files: Files) -> None:
    planned = files.plan(EVERYTHING)
    files.apply(EVERYTHING)
    with files.installation.store.read() as reading:
        written = repr([list(reading.changes()), list(reading.every_claim())])
    for text in (
        repr(planned.plan.record()),
        written,
        repr(files.exported()),
        repr(files.exported(Holders.PEOPLE)),
    ):
        assert SECRET not in text
        assert "sk-of-the-operators" not in text


@pytest.mark.parametrize(
    "what", ["models: [{id: a}]", "workspaces: [{name: a}]", "keys: [{name: a, secret_env: CI_KEY}]"]
)
def test_what_is_protected_does_not_go(files: Files, what: str) -> None:
    collection, protected = what.partition(":")[0], what.replace("}]", ", protected: true}]")
    files.apply(protected)
    with pytest.raises(ConflictError, match=f"would remove {collection} that are protected: a; put them back"):
        files.plan(f"{collection}: []")
    files.apply(what)
    files.apply(f"{collection}: []")


def test_no_more_goes_than_is_allowed(files: Files) -> None:
    files.apply("models: [{id: a}, {id: b}, {id: c}]")
    with pytest.raises(ConflictError, match="would remove 2 things, and at most 1 are allowed: b, c"):
        files.plan("models: [{id: a}]", max_deletes=1)
    files.apply("models: [{id: a}]", max_deletes=2)


def test_a_kept_plan_applies_although_other_things_moved_and_not_if_its_own_did(files: Files) -> None:
    files.apply("models: [{id: a}, {id: b}]")
    text = "models: [{id: a, line: opus}, {id: c, was: b}]\nworkspaces: [{name: w}]"
    plan = kept(files.plan(text).plan)
    files.installation.add(make_model("unrelated"))
    files.installation.catalog.change("a", {"description": "mine"})
    with pytest.raises(ConflictError, match=r"these have changed: a\. Nothing was applied"):
        files.service.apply_saved(plan)
    plan = kept(files.plan(text).plan)
    files.installation.add(make_model("unrelated-2"))
    files.service.apply_saved(plan)
    assert files.plan(text).plan.is_empty
    assert files.ids() == ["a", "c", "unrelated", "unrelated-2"]


@pytest.mark.parametrize("text", [EVERYTHING, "models: []\nkeys: []\nworkspaces: []\naliases: []"])
def test_applying_a_kept_plan_is_applying_the_file(files: Files, text: str) -> None:
    files.apply(EVERYTHING.replace("64000", "5"))
    plan = kept(files.plan(text).plan)
    files.service.apply_saved(plan)
    assert files.plan(text).is_in_sync


def test_a_plan_of_a_person_is_not_that_of_a_file(files: Files) -> None:
    plan = files.plan("models: []").plan.record() | {"manager": "person"}
    with pytest.raises(InvalidError, match="that of person, not of a file"):
        files.service.apply_saved(read_plan(json.dumps(plan)))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "keys: [{name: a, secret_env: CI_KEY}, {name: b, secret_env: CI_KEY}]",
            "belongs to another key of the file",
        ),
        ("keys: [{name: a, secret_env: CI_KEY, workspace: nope}]", "There is no workspace 'nope'"),
        ("keys: [{name: a, secret_env: CI_KEY, expires_at: 2020-01-01}]", "must lie in the future"),
        (
            "models: [{id: a}]\naliases: [{alias: b, model_id: a}]\nworkspaces: [{name: w}, {name: v, was: w}]",
            "was",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_changed(files: Files, text: str, sentence: str) -> None:
    with pytest.raises((ConflictError, InvalidError, Exception), match=sentence):
        files.plan(text)
    assert files.ids() == []


def test_a_date_that_cannot_be_true_is_refused_with_its_line(files: Files) -> None:
    with pytest.raises(ManifestError, match=r"x\.yaml:3: model a: deprecated_at of a must not lie in the future"):
        files.plan("models:\n- {id: a, lifecycle: deprecated, deprecated_at: 2126-01-01}")


def test_an_alias_of_a_model_that_does_not_exist_waits_for_it(files: Files) -> None:
    planned = files.plan("aliases: [{alias: short, model_id: later}]")
    assert [warning.code for warning in planned.plan.warnings] == ["no-model"]
    files.apply("aliases: [{alias: short, model_id: later}]")
    assert files.installation.live().current.catalog.aliases() == {}
    files.installation.add(make_model("later"))
    assert files.installation.live().current.catalog.aliases() == {"short": "later"}


def test_the_default_workspace_is_never_archived(files: Files) -> None:
    files.adopt("workspaces: [{name: default, deny: [x]}]")
    files.apply("workspaces: []")
    assert files.installation.access.show_workspace("default").archived_at is None
    assert files.installation.access.show_workspace("default").visibility == Visibility(deny=("x",))


def test_a_kept_plan_that_adds_a_source_applies_later_and_after_others_were_added(files: Files) -> None:
    text = "sources:\n  - {name: gateway, kind: openai, url: 'https://gateway.example'}"
    plan = kept(files.plan(text).plan)
    files.service.apply(
        files.plan(text.replace("gateway,", "other,").replace("sources", "manager: team-b\nsources"))
    )
    later = ManifestService(files.installation.store, "test", lambda: now() + timedelta(hours=1), None)
    later.check_saved(plan)
    assert later.apply_saved(plan)
    with files.installation.store.read() as reading:
        assert [(each.name, each.position) for each in reading.sources()] == [("other", 1), ("gateway", 2)]


def test_checking_a_kept_plan_refuses_what_applying_it_would(files: Files) -> None:
    files.apply("models: [{id: a}, {id: b}]")
    plan = kept(files.plan("models: []").plan)
    for call in (files.service.check_saved, files.service.apply_saved):
        with pytest.raises(ConflictError, match="installation"):
            call(replace(plan, installation="another"))
        with pytest.raises(RefusedError, match="2"):
            call(plan, max_deletes=1)
    files.service.check_saved(plan)
    assert files.ids() == ["a", "b"]
    files.apply("models: [{id: a}]")
    with pytest.raises(ConflictError, match="stale"):
        files.service.check_saved(plan)


@pytest.mark.parametrize(
    ("collection", "field", "value"),
    [
        ("workspaces", "allow", [True]),
        ("workspaces", "allow", [{"a": 1}]),
        ("workspaces", "name", None),
        ("keys", "name", None),
        ("aliases", "model_id", 2**70),
    ],
)
def test_a_kept_plan_that_was_edited_wrongly_is_refused_in_a_sentence(
    files: Files, collection: str, field: str, value: object
) -> None:
    text = {
        "workspaces": "workspaces: [{name: w, allow: [a]}]",
        "keys": "keys: [{name: k, secret_env: CI_KEY}]",
        "aliases": "models: [{id: a}]\naliases: [{alias: b, model_id: a}]",
    }[collection]
    record = files.plan(text).plan.record()
    fields = next(each for each in record["steps"] if f"{each['kind']}" in collection)["claims"]["after"]["fields"]
    if value is None:
        del fields[field]
    else:
        fields[field] = value
    with pytest.raises(CallsheetError):
        files.service.apply_saved(read_plan(json.dumps(record)))

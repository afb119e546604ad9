"""``callsheet keys``: above all, that a secret is shown once and nowhere else."""

import re
import sqlite3
from pathlib import Path

import pytest

from callsheet.domain.access.secret import fingerprint
from tests.cli.conftest import CLI
from tests.installation import Installation

BROUGHT = "sk-ant-brought-along-0001"


def test_create_prints_the_secret_alone_on_stdout(cli: CLI) -> None:
    result = cli("keys", "create", "--name", "laptop")
    assert re.fullmatch(r"sk-cs-[0-9A-Za-z]{49}\n", result.out)
    assert re.fullmatch(r"Created the key laptop: apikey_\w+\. The secret is shown this once\.\n", result.err)


def test_create_as_json_holds_the_record_and_the_secret(cli: CLI) -> None:
    record = cli("keys", "create", "--name", "laptop", "--expires-at", "2099-01-01", "--json").json
    assert list(record) == [
        *("id", "name", "workspace_id", "partial_key_hint", "status", "expires_at", "created_at", "secret")
    ]
    assert record["partial_key_hint"] == f"...{record['secret'][-4:]}"
    assert (record["status"], record["expires_at"]) == ("active", "2099-01-01T00:00:00Z")


def test_a_key_belongs_to_the_default_workspace_to_one_that_is_named_or_to_none(cli: CLI) -> None:
    default = cli("workspaces", "show", "default", "--json").json["id"]
    team = cli("workspaces", "create", "team", "--json").json["id"]
    assert cli("keys", "create", "--name", "a", "--json").json["workspace_id"] == default
    assert cli("keys", "create", "--name", "b", "--workspace", "team", "--json").json["workspace_id"] == team
    assert cli("keys", "create", "--name", "c", "--organization", "--json").json["workspace_id"] is None


@pytest.mark.parametrize("arguments", [("--secret", BROUGHT), ("--secret", "-")])
def test_a_secret_brought_along_is_taken_and_not_repeated(
    cli: CLI, installation: Installation, arguments: tuple[str, str]
) -> None:
    result = cli("keys", "create", "--name", "old", *arguments, stdin=f"{BROUGHT}\n")
    assert (result.code, result.out) == (0, "")
    assert BROUGHT not in result.err
    with installation.store.read() as reading:
        key = reading.key_with(fingerprint(BROUGHT))
    assert key is not None
    assert key.name == "old"


def test_a_secret_brought_along_is_not_in_the_json_either(cli: CLI) -> None:
    assert "secret" not in cli("keys", "create", "--name", "old", "--secret", BROUGHT, "--json").json


def test_an_empty_stdin_is_no_secret(cli: CLI) -> None:
    sentence = cli("keys", "create", "--name", "old", "--secret", "-").refusal
    assert sentence == "Standard input is empty; write the secret to it, on one line."


def test_a_secret_belongs_to_one_key_only_and_the_refusal_does_not_repeat_it(cli: CLI) -> None:
    cli("keys", "create", "--name", "a", "--secret", BROUGHT)
    sentence = cli("keys", "create", "--name", "b", "--secret", BROUGHT).refusal
    assert sentence == "There is a key with this secret already; a secret can belong to one key only."


def test_a_secret_is_shown_once_and_is_in_no_file_and_no_other_output(cli: CLI, installation: Installation) -> None:
    secrets = [cli("keys", "create", "--name", "a").out.strip(), cli("keys", "rotate", "a").out.strip(), BROUGHT]
    cli("keys", "create", "--name", "b", "--secret", BROUGHT)
    shown = [
        cli(*command, *form)
        for command in (("keys", "list"), ("catalog", "history"), ("settings",), ("workspaces", "list"))
        for form in ((), ("--json",))
    ]
    database = Path(installation.url.removeprefix("sqlite:///"))
    files = [path.read_bytes() for path in database.parent.glob(f"{database.name}*")]
    for secret in secrets:
        assert all(secret not in result.out + result.err for result in shown)
        assert all(secret.encode() not in content for content in files)


def test_list_has_every_key_oldest_first_archived_ones_too(cli: CLI) -> None:
    cli("keys", "create", "--name", "a")
    cli("keys", "create", "--name", "b")
    cli("keys", "archive", "a")
    records = cli("keys", "list", "--json").json
    assert [(each["name"], each["status"], each["expired"]) for each in records] == [
        ("a", "archived", False),
        ("b", "active", False),
    ]


def test_list_for_people_names_the_workspace_and_the_end_of_the_secret(cli: CLI) -> None:
    secret = cli("keys", "create", "--name", "a", "--expires-at", "2099-01-01").out.strip()
    cli("keys", "create", "--name", "o", "--organization")
    heading, _, first, second = cli("keys", "list").out.splitlines()
    assert heading.split() == ["ID", "Name", "Secret", "Status", "Expires", "Workspace", "Created"]
    assert first.split()[1:6] == ["a", f"...{secret[-4:]}", "active", "2099-01-01", "default"]
    assert second.split()[5] == "(all)"


def test_list_shows_those_that_fit_all_that_is_given(cli: CLI) -> None:
    cli("workspaces", "create", "team")
    for name, workspace in (("ci one", "team"), ("ci two", "default"), ("phone", "team")):
        cli("keys", "create", "--name", name, "--workspace", workspace)
    cli("keys", "create", "--name", "ci all", "--organization")
    cli("keys", "disable", "phone")

    def names(*arguments: str) -> list[str]:
        return [each["name"] for each in cli("keys", "list", "--json", *arguments).json]

    assert names("--search", "CI") == ["ci one", "ci two", "ci all"]
    assert names("--workspace", "team") == ["ci one", "phone"]
    assert names("--workspace", "team", "--status", "active") == ["ci one"]
    assert names("--status", "disabled") == ["phone"]
    assert names("--status", "expired") == names("--search", "nothing") == []
    assert cli("keys", "list", "--workspace", "taem").refusal.startswith("There is no workspace 'taem'")


def test_list_says_when_an_active_key_has_expired(cli: CLI, installation: Installation) -> None:
    cli("keys", "create", "--name", "a", "--expires-at", "2099-01-01")
    with sqlite3.connect(installation.url.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE api_keys SET expires_at = '2020-01-01T00:00:00Z'")
    connection.close()
    assert cli("keys", "list", "--json").json[0]["expired"] is True
    assert " expired " in cli("keys", "list").out
    assert len(cli("keys", "list", "--status", "expired", "--json").json) == 1
    assert cli("keys", "list", "--status", "active", "--json").json == []


def test_disable_enable_and_archive_set_the_status(cli: CLI) -> None:
    key_id = cli("keys", "create", "--name", "a", "--json").json["id"]
    assert cli("keys", "disable", key_id, "--json").json["status"] == "disabled"
    assert cli("keys", "enable", "a", "--json").json["status"] == "active"
    assert cli("keys", "archive", "a", "--json").json["status"] == "archived"
    assert cli("keys", "enable", key_id).refusal == f"{key_id} is archived; create a new key instead."


def test_each_says_what_it_did(cli: CLI) -> None:
    key_id = cli("keys", "create", "--name", "a", "--json").json["id"]
    said = [cli("keys", verb, "a").err for verb in ("disable", "enable", "archive")]
    assert said == [f"{verb} the key a: {key_id}.\n" for verb in ("Disabled", "Enabled", "Archived")]


def test_rotate_gives_a_new_secret_and_archives_the_old_key(cli: CLI) -> None:
    old = cli("keys", "create", "--name", "a", "--json").json
    new = cli("keys", "rotate", "a", "--json").json
    assert new["secret"] != old["secret"]
    assert (new["name"], new["workspace_id"]) == (old["name"], old["workspace_id"])
    records = {each["id"]: each["status"] for each in cli("keys", "list", "--json").json}
    assert records == {old["id"]: "archived", new["id"]: "active"}


def test_rotate_with_an_overlap_lets_the_old_secret_work_on_for_a_while(cli: CLI) -> None:
    old = cli("keys", "create", "--name", "a", "--json").json
    said = cli("keys", "rotate", "a", "--overlap", "24").err.splitlines()[1]
    record = next(each for each in cli("keys", "list", "--json").json if each["id"] == old["id"])
    assert record["status"] == "active"
    assert record["expires_at"] > record["created_at"]
    end = record["expires_at"]
    assert said == f"The old one, {old['id']}, works until {end[:10]} {end[11:16]} UTC."


def test_a_name_that_another_key_has_is_refused_and_the_refusal_says_what_to_do(cli: CLI) -> None:
    key_id = cli("keys", "create", "--name", "a", "--json").json["id"]
    remedy = "choose another name, or rotate or change that key."
    assert cli("keys", "create", "--name", "a").refusal == f"There is a key named 'a' already: {key_id}; {remedy}"
    assert len(cli("keys", "list", "--json").json) == 1


@pytest.mark.parametrize(
    "stdin", [f"{BROUGHT}\nsk-ant-brought-along-0002\n", f"{BROUGHT}\r\nsecond", f"\n{BROUGHT}\n\nthird\n"]
)
def test_more_than_one_line_on_stdin_is_refused_and_not_repeated(cli: CLI, stdin: str) -> None:
    sentence = cli("keys", "create", "--name", "many", "--secret", "-", stdin=stdin).refusal
    assert sentence == (
        "Standard input holds more than one line; give one secret, or create many keys with: "
        "callsheet keys import FILE."
    )
    assert cli("keys", "list", "--json").json == []


@pytest.mark.parametrize("stdin", [BROUGHT, f"{BROUGHT}\n", f"{BROUGHT}\r\n", f"  {BROUGHT} \n\n\n"])
def test_blanks_and_empty_lines_around_a_secret_do_not_matter(
    cli: CLI, installation: Installation, stdin: str
) -> None:
    assert cli("keys", "create", "--name", "one", "--secret", "-", stdin=stdin).code == 0
    with installation.store.read() as reading:
        assert reading.key_with(fingerprint(BROUGHT)) is not None


def test_a_replaced_key_is_listed_with_its_end_and_the_name_stays_that_of_the_new_one(cli: CLI) -> None:
    cli("keys", "create", "--name", "ops")
    new = cli("keys", "rotate", "ops", "--overlap", "1", "--json").json
    old, listed = cli("keys", "list").out.splitlines()[2:4]
    end = cli("keys", "list", "--json").json[0]["expires_at"]
    assert re.search(rf" ops \(until (\d{{4}}-\d\d-\d\d )?{end[11:16]}\) .* {end[:10]} {end[11:16]} ", old)
    assert " ops  " in listed
    assert cli("keys", "show", "ops", "--json").json["id"] == new["id"]
    assert cli("keys", "rotate", "ops").code == 0


def test_show_says_all_that_may_be_known_of_a_key(cli: CLI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "grace")
    cli("workspaces", "create", "team", "--allow", "claude-haiku-4-5-*", "--id", "wrkspc_1")
    made = cli(
        "keys", "create", "--name", "ada", "--workspace", "team", "--expires-at", "2099-01-02T03:04:05Z", "--json"
    )
    secret = made.json["secret"]
    shown = cli("keys", "show", "ada", "--models", "--json").json
    assert shown == {
        **{name: value for name, value in made.json.items() if name != "secret"},
        "workspace": "team",
        "expired": False,
        "replaced": False,
        "works": True,
        "created_by": "cli:grace",
        "models_visible": 1,
        "models_listed": shown["models_listed"],
        "models": ["claude-haiku-4-5-20251001"],
    }
    text = cli("keys", "show", made.json["id"], "--models").out
    expected = {
        "name": "ada",
        "workspace": r"team \(wrkspc_1\)",
        "works": "yes",
        "expires": "2099-01-02 03:04:05",
        "created by": "cli:grace",
        "models": f"1 of {shown['models_listed']} listed",
        "": "claude-haiku-4-5-20251001",
    }
    for name, value in expected.items():
        assert re.search(rf"^{name} +{value} *$", text, re.MULTILINE), name
    assert secret not in text


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(("keys", "disable", "k"), "it is disabled"), (("keys", "archive", "k"), "it is archived"),
     (("workspaces", "archive", "team"), "its workspace is archived")],
)  # fmt: skip
def test_show_says_why_a_key_does_not_work(cli: CLI, spoil: tuple[str, ...], reason: str) -> None:
    cli("workspaces", "create", "team")
    key_id = cli("keys", "create", "--name", "k", "--workspace", "team", "--json").json["id"]
    assert cli(*spoil).code == 0
    assert re.search(rf"^works *no: {reason} *$", cli("keys", "show", key_id).out, re.MULTILINE)
    shown = cli("keys", "show", key_id, "--json").json
    assert (shown["works"], shown["models_visible"]) == (False, 0)


def test_change_sets_name_workspace_and_expiry_and_keeps_the_secret(cli: CLI, installation: Installation) -> None:
    secret = cli("keys", "create", "--name", "a").out.strip()
    cli("workspaces", "create", "team", "--id", "wrkspc_1")
    wanted = ("--name", "b", "--workspace", "team", "--expires-at", "2099-01-01")
    changed = cli("keys", "change", "a", *wanted)
    assert (changed.code, changed.out) == (0, "")
    assert changed.err.startswith("Changed the key b: apikey_")
    with installation.store.read() as reading:
        key = reading.key_with(fingerprint(secret))
    assert key is not None
    assert (key.name, key.workspace_id) == ("b", "wrkspc_1")
    assert cli("keys", "change", "b", "--no-expiry", "--organization", "--json").json["expires_at"] is None
    assert cli("keys", "show", "b", "--json").json["workspace_id"] is None
    last = cli("catalog", "history", "--limit", "1", "--json").json[0]
    assert (last["action"], last["kind"], last["before"]["workspace_id"]) == ("change", "key", "wrkspc_1")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [("", "Nothing to change; name at least one field, such as --workspace."),
     ("--workspace default --organization", "A key belongs to a workspace or to the organization; say one."),
     ("--no-expiry --expires-at 2099-01-01", "The expiry is both given and taken away; say one."),
     ("--expires-at 2020-01-01", "expires_at must lie in the future."),
     ("--workspace nope", "There is no workspace 'nope'.")],
)  # fmt: skip
def test_a_change_that_may_not_be_is_refused(cli: CLI, options: str, sentence: str) -> None:
    cli("keys", "create", "--name", "a")
    assert cli("keys", "change", "a", *options.split()).refusal == sentence


def test_an_archived_key_cannot_be_changed_and_a_disabled_one_can(cli: CLI) -> None:
    key_id = cli("keys", "create", "--name", "a", "--json").json["id"]
    cli("keys", "disable", "a")
    assert cli("keys", "change", "a", "--name", "b", "--json").json["status"] == "disabled"
    cli("keys", "archive", "b")
    sentence = f"{key_id} is archived; create a new key instead."
    assert cli("keys", "change", key_id, "--name", "c").refusal == sentence

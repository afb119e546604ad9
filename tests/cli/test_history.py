"""``callsheet catalog history``: who changed what, found by id or by name."""

import pytest

from tests.cli.conftest import CLI


@pytest.fixture(autouse=True)
def _nobody_used_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setattr("getpass.getuser", lambda: "ada")


def test_keys_and_workspaces_are_named_beside_their_ids(cli: CLI) -> None:
    default = cli("workspaces", "show", "default", "--json").json["id"]
    cli("workspaces", "create", "team", "--id", "wrkspc_1")
    key_id = cli("keys", "create", "--name", "person-1", "--json").json["id"]
    cli("keys", "change", "person-1", "--workspace", "team", "--name", "person-2")
    said = cli("catalog", "history", "--limit", "3").out
    assert "create workspace team (wrkspc_1) " in said
    assert f"create key person-1 ({key_id}) " in said
    moved = f"workspace_id: default ({default}) → team (wrkspc_1)"
    assert f"change key person-1 ({key_id}); name: person-1 → person-2; {moved} " in said


def test_a_name_finds_all_that_has_it_or_ever_had_it(cli: CLI) -> None:
    first = cli("keys", "create", "--name", "person-1", "--json").json["id"]
    second = cli("keys", "rotate", "person-1", "--json").json["id"]
    cli("keys", "change", "person-1", "--name", "person-2")
    cli("keys", "create", "--name", "someone", "--json")
    found = cli("catalog", "history", "person-1", "--json").json
    assert [(row["action"], row["subject"]) for row in found] == [
        ("change", second),
        ("create", second),
        ("rotate", first),
        ("create", first),
    ]
    assert [row["action"] for row in cli("catalog", "history", "person-2", "--json").json] == ["change", "create"]
    assert [row["subject"] for row in cli("catalog", "history", first, "--json").json] == [first, first]
    assert [row["kind"] for row in cli("catalog", "history", "default", "--json").json] == ["workspace"]


def test_a_model_is_found_by_its_id_and_a_key_of_that_name_beside_it(cli: CLI) -> None:
    cli("keys", "create", "--name", "claude-opus-5")
    found = cli("catalog", "history", "claude-opus-5", "--json").json
    assert [(row["action"], row["kind"]) for row in found] == [("create", "key"), ("add", "model")]


@pytest.mark.parametrize("name", ["nothere", "apikey_01nothing", "wrkspc_nothing", "'; --", "%", "person"])
def test_what_never_was_is_an_error_that_says_so(cli: CLI, name: str) -> None:
    cli("keys", "create", "--name", "person-1")
    for form in ((), ("--json",)):
        assert cli("catalog", "history", name, *form).refusal == (
            f"No model, alias, workspace, key, webhook or calendar has or ever had the id or name {name!r}; "
            "catalog list, workspaces list and keys list show what there is."
        )


def test_what_was_removed_is_still_found(cli: CLI) -> None:
    cli("catalog", "remove", "claude-opus-5")
    assert [row["action"] for row in cli("catalog", "history", "claude-opus-5", "--json").json] == ["remove", "add"]


@pytest.mark.parametrize(
    ("sudo", "runs_as", "actor"),
    [("grace", "root", "cli:grace as root"), ("grace", "callsheet", "cli:grace as callsheet"),
     ("", "ada", "cli:ada"), ("ada", "ada", "cli:ada")],
)  # fmt: skip
def test_under_sudo_the_record_names_who_asked_and_as_whom_it_ran(
    cli: CLI, monkeypatch: pytest.MonkeyPatch, sudo: str, runs_as: str, actor: str
) -> None:
    monkeypatch.setenv("SUDO_USER", sudo)
    monkeypatch.setattr("getpass.getuser", lambda: runs_as)
    cli("catalog", "hide", "claude-opus-5")
    assert cli("catalog", "history", "--limit", "1", "--json").json[0]["actor"] == actor

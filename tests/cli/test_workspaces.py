"""``callsheet workspaces``."""

from tests.cli.conftest import CLI


def test_create_takes_an_id_rules_and_a_shape(cli: CLI) -> None:
    result = cli(
        *("workspaces", "create", "team", "--id", "wrkspc_Team1", "--allow", "claude-*", "--allow", "gpt-*"),
        *("--deny", "*haiku*", "--shape", "classic", "--json"),
    )
    created = result.json.pop("created_at")
    assert created.endswith("Z")
    assert {**result.json, "created_at": None} == {
        "id": "wrkspc_Team1",
        "name": "team",
        "allow": ["claude-*", "gpt-*"],
        "deny": ["*haiku*"],
        "shape": "classic",
        "created_at": None,
        "archived_at": None,
    }
    assert result.err == "Created the workspace team: wrkspc_Team1.\n"


def test_create_without_rules_makes_an_id_and_lets_all_models_be_seen(cli: CLI) -> None:
    record = cli("workspaces", "create", "team", "--json").json
    assert record["id"].startswith("wrkspc_01")
    assert (record["allow"], record["deny"], record["shape"]) == ([], [], None)


def test_list_has_every_workspace_oldest_first_archived_ones_too(cli: CLI) -> None:
    cli("workspaces", "create", "team")
    cli("workspaces", "archive", "team")
    records = cli("workspaces", "list", "--json").json
    assert [record["name"] for record in records] == ["default", "team"]
    assert records[0]["archived_at"] is None
    assert records[1]["archived_at"] is not None


def test_list_for_people_has_a_line_for_each(cli: CLI) -> None:
    cli("workspaces", "create", "team", "--id", "wrkspc_1", "--allow", "a-*", "--allow", "b-*")
    heading, _, first, second = cli("workspaces", "list").out.splitlines()
    assert heading.split() == ["ID", "Name", "Allow", "Deny", "Shape", "Archived", "Created"]
    assert first.split()[1:6] == ["default", "all", "-", "-", "-"]
    assert second.split()[:5] == ["wrkspc_1", "team", "a-*,", "b-*", "-"]


def test_show_takes_a_name_or_an_id(cli: CLI) -> None:
    record = cli("workspaces", "create", "team", "--json").json
    assert cli("workspaces", "show", "team", "--json").json == record
    assert cli("workspaces", "show", record["id"], "--json").json == record
    assert cli("workspaces", "show", "team").out.startswith("id ")


def test_change_sets_what_is_named_and_nothing_else(cli: CLI) -> None:
    before = cli("workspaces", "create", "team", "--allow", "a*", "--deny", "b*", "--json").json
    after = cli("workspaces", "change", "team", "--name", "crew", "--deny", "c*", "--shape", "classic", "--json")
    assert after.json == {**before, "name": "crew", "deny": ["c*"], "shape": "classic"}
    assert after.err == "Changed the workspace crew.\n"


def test_change_clears_rules_and_shape(cli: CLI) -> None:
    before = cli("workspaces", "create", "team", "--allow", "a*", "--shape", "classic", "--json").json
    after = cli("workspaces", "change", "team", "--clear-rules", "--clear-shape", "--deny", "x", "--json").json
    assert after == {**before, "allow": [], "deny": ["x"], "shape": None}


def test_archive_frees_the_name_for_another_workspace(cli: CLI) -> None:
    assert cli("workspaces", "create", "team").code == 0
    assert cli("workspaces", "create", "team").refusal.startswith("There is a workspace named 'team' already: ")
    assert cli("workspaces", "archive", "team").err == "Archived the workspace team.\n"
    assert cli("workspaces", "create", "team").code == 0


def test_an_archived_workspace_cannot_be_changed_or_given_keys(cli: CLI) -> None:
    workspace_id = cli("workspaces", "create", "team", "--json").json["id"]
    cli("workspaces", "archive", "team")
    for command in (
        ("workspaces", "archive", workspace_id),
        ("workspaces", "change", workspace_id, "--name", "x"),
        ("keys", "create", "--name", "k", "--workspace", workspace_id),
    ):
        assert cli(*command).refusal == f"{workspace_id} is archived."

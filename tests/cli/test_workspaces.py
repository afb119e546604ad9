"""``callsheet workspaces``."""

import pytest

from tests.cli.conftest import CLI


def listed(cli: CLI, *, but: str = " ") -> int:
    """How many models the API lists whose id does not hold ``but``."""
    models = cli("catalog", "list", "--json").json
    return sum(each["lifecycle"] != "retired" and not each["hidden"] and but not in each["id"] for each in models)


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
    assert result.err == (
        "Created the workspace team: wrkspc_Team1.\n"
        f"{listed(cli, but='haiku')} of {listed(cli)} listed models are visible now.\n"
        "Warning: no model matches the pattern 'gpt-*'; check its spelling.\n"
    )


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
    shown = {**record, "models_visible": listed(cli), "models_listed": listed(cli)}
    assert cli("workspaces", "show", "team", "--json").json == shown
    assert cli("workspaces", "show", record["id"], "--json").json == shown
    assert cli("workspaces", "show", "team").out.startswith("id ")


def test_change_sets_what_is_named_and_nothing_else(cli: CLI) -> None:
    before = cli("workspaces", "create", "team", "--allow", "a*", "--deny", "b*", "--json").json
    after = cli("workspaces", "change", "team", "--name", "crew", "--deny", "c*", "--shape", "classic", "--json")
    assert after.json == {**before, "name": "crew", "deny": ["c*"], "shape": "classic"}
    assert after.err.startswith(
        f"Changed the workspace crew.\n0 of {listed(cli)} listed models are visible now (was 0).\n"
    )


def test_change_clears_rules_and_shape(cli: CLI) -> None:
    before = cli("workspaces", "create", "team", "--allow", "a*", "--shape", "classic", "--json").json
    after = cli("workspaces", "change", "team", "--clear-rules", "--clear-shape", "--deny", "x", "--json").json
    assert after == {**before, "allow": [], "deny": ["x"], "shape": None}


def test_a_workspace_has_a_colour_of_its_choice_or_the_one_that_its_id_decides(cli: CLI) -> None:
    before = cli("workspaces", "create", "team", "--color", "#6c5bb9", "--json").json
    assert before["display_color"] == "#6c5bb9"
    after = cli("workspaces", "change", "team", "--clear-color", "--json").json
    assert after == {name: value for name, value in before.items() if name != "display_color"}
    assert "colour such as #6C5BB9" in cli("workspaces", "change", "team", "--color", "red").refusal
    assert (
        "both given and cleared"
        in cli("workspaces", "change", "team", "--color", "#123456", "--clear-color").refusal
    )


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


def test_a_change_of_rules_says_how_many_models_are_visible_now_and_before(cli: CLI) -> None:
    cli("workspaces", "create", "team")
    change = cli("workspaces", "change", "team", "--allow", "claude-haiku-*")
    count = cli("workspaces", "show", "team", "--json").json["models_visible"]
    total = listed(cli)
    assert 1 < count < total
    assert change.err == (
        f"Changed the workspace team.\n{count} of {total} listed models are visible now (was {total}).\n"
    )
    cleared = cli("workspaces", "change", "team", "--clear-rules")
    assert cleared.err.endswith(f"{total} of {total} listed models are visible now (was {count}).\n")
    assert "visible" not in cli("workspaces", "change", "team", "--name", "crew").err


@pytest.mark.parametrize("pattern", ["[[", "claud-*", "Claude-*", "claude-opus-5?"])
@pytest.mark.parametrize("option", ["--allow", "--deny"])
def test_a_pattern_that_matches_no_model_is_named_and_kept(cli: CLI, option: str, pattern: str) -> None:
    made = cli("workspaces", "create", "team", option, pattern, option, "claude-haiku-*", "--json")
    assert made.json[option.removeprefix("--")] == [pattern, "claude-haiku-*"]
    warnings = [line for line in made.err.splitlines() if line.startswith("Warning: ")]
    assert warnings == [f"Warning: no model matches the pattern {pattern!r}; check its spelling."]


def test_a_pattern_that_is_an_alias_is_answered_with_the_id(cli: CLI) -> None:
    made = cli("workspaces", "create", "team", "--allow", "claude-opus-4-5")
    assert made.err.splitlines()[-1] == (
        "Warning: no model matches the pattern 'claude-opus-4-5'; "
        "it is an alias, and patterns match ids: write claude-opus-4-5-20251101."
    )


def test_a_pattern_that_matches_hidden_or_retired_models_only_is_no_mistake(cli: CLI) -> None:
    cli("catalog", "hide", "claude-opus-5")
    made = cli("workspaces", "create", "team", "--allow", "claude-opus-5", "--allow", "claude-2.0")
    assert made.err.splitlines()[1:] == [f"0 of {listed(cli)} listed models are visible now."]


def test_show_names_the_models_that_are_listed_for_a_workspace_in_the_order_of_the_api(cli: CLI) -> None:
    cli("workspaces", "create", "team", "--allow", "claude-opus-*", "--deny", "*-4-*")
    models = cli("workspaces", "show", "team", "--models", "--json").json["models"]
    listed = [each["id"] for each in cli("catalog", "list", "--json").json if each["lifecycle"] != "retired"]
    assert models == [name for name in listed if name.startswith("claude-opus-") and "-4-" not in name]
    assert models
    text = cli("workspaces", "show", "team", "--models").out
    assert [line.split()[-1] for line in text.splitlines()[-len(models) :]] == models


def test_a_pattern_that_is_letter_for_letter_an_id_counts_as_that_id_alone(cli: CLI) -> None:
    for model_id in ("claude-opus-4-8[1m]", "claude-opus-4-81"):
        cli("catalog", "add", model_id)
    made = cli("workspaces", "create", "long", "--allow", "claude-opus-4-8[1m]")
    assert made.err.splitlines()[1:] == [f"1 of {listed(cli)} listed models is visible now."]
    assert cli("workspaces", "show", "long", "--models").out.split()[-1] == "claude-opus-4-8[1m]"

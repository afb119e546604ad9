"""Who sees a model, what a key sees, and how two differ: ``who-sees``, ``what-sees`` and ``diff-keys``."""

import json

import pytest

from tests.cli.conftest import CLI
from tests.installation import Installation, make_model


@pytest.fixture
def teams(empty: Installation) -> Installation:
    """Three models, a workspace that sees all, and one that sees two, of which one is hidden."""
    empty.add(make_model("a", "2026-01-03"), make_model("b", "2026-01-02"), make_model("secret"))
    empty.catalog.hide("b")
    empty.workspace("team", deny=("secret",))
    empty.key(name="bot", workspace="team")
    empty.key(name="all", organization=True)
    return empty


def test_who_sees_counts_workspaces_and_keys_by_their_rules(cli: CLI, teams: Installation) -> None:
    teams.key(name="off", workspace="team")
    cli("keys", "disable", "off")
    result = cli("who-sees", "secret")
    assert [line.split() for line in result.out.splitlines()[2:]] == [
        ["default", "1", "listed", "no", "rule", "against", "it"]
    ]
    assert result.err == "1 of 2 workspaces sees it, with 1 key that works.\n"
    every = cli("who-sees", "secret", "--all", "--json").json
    found = [([room["name"] for room in each["workspaces"]], each["reach"], each["keys"]) for each in every]
    assert found == [(["default"], "listed", 1), (["team"], "absent", 1)]
    assert every[1]["matching"] == ["secret"]
    assert "denied by 'secret'" in cli("who-sees", "secret", "--all").out


def test_who_sees_says_who_can_only_retrieve_it_also_by_an_alias(cli: CLI, teams: Installation) -> None:
    teams.catalog.alias("old", "b")
    found = cli("who-sees", "old", "--json").json
    assert [(each["reach"], each["model_id"]) for each in found] == [("retrievable", "b")] * 2
    assert cli("who-sees", "nope").refusal == "There is no model or alias 'nope'."


def test_what_sees_lists_what_a_key_or_a_workspace_sees(cli: CLI, teams: Installation) -> None:
    for name in ("bot", "team", teams.access.show_key("bot").key.id):
        models = cli("what-sees", name, "--json").json["models"]
        assert models == [{"id": "a", "reach": "listed"}, {"id": "b", "reach": "retrievable"}]
    result = cli("what-sees", "bot")
    assert [line.split()[0] for line in result.out.splitlines()[2:]] == ["a", "b"]
    assert result.err.startswith("1 listed for the key bot (apikey_")


def test_what_sees_says_why_a_key_sees_nothing(cli: CLI, teams: Installation) -> None:
    cli("keys", "disable", "bot")
    result = cli("what-sees", "bot")
    assert (result.code, result.out, result.err) == (0, "", "It sees nothing: it is disabled.\n")
    assert cli("what-sees", "bot", "--json").json["refused"] == "inactive"


def test_a_name_that_a_key_and_a_workspace_share_is_refused(cli: CLI, teams: Installation) -> None:
    teams.key(name="team")
    refusal = cli("what-sees", "team").refusal
    assert refusal.startswith("Both a key and a workspace are named 'team'; name one by its id: apikey_")
    cli("keys", "change", "team", "--workspace", "team")
    assert cli("what-sees", "team", "--json").json["for"]["key"]["name"] == "team"  # they see the same
    cli("keys", "disable", "team")
    assert cli("what-sees", "team").refusal.startswith("Both a key and a workspace are named 'team'")
    assert cli("what-sees", "bit").refusal == "There is no key 'bit'; did you mean 'bot'?"
    assert (
        cli("what-sees", "nothing-like-it").refusal == "There is neither a key nor a workspace 'nothing-like-it'."
    )


def test_two_keys_are_compared_and_a_difference_ends_with_2(cli: CLI, teams: Installation) -> None:
    result = cli("diff-keys", "all", "bot")
    assert result.code == 2
    assert [line.split() for line in result.out.splitlines()] == [
        ["ID", "all", "bot"],
        ["─" * len(result.out.splitlines()[1])],
        ["secret", "listed", "no"],
    ]
    compared = cli("diff-keys", "bot", "all", "--json")
    assert (compared.code, json.loads(compared.out)["only_second"]) == (2, ["secret"])
    same = cli("diff-keys", "bot", "team")
    assert (same.code, same.out, same.err) == (0, "", "Both see the same.\n")

"""What ``callsheet explain`` proposes is shown with what else it does, as commands that a shell runs."""

import json
import shlex
from datetime import timedelta

import pytest

from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.claims import Claims
from callsheet.domain.claims.manager import Manager, ManagerKind
from callsheet.domain.model import Lifecycle
from tests.cli.conftest import CLI
from tests.installation import Installation, make_model, now


@pytest.fixture
def bot(empty: Installation) -> Installation:
    """Two models, and a key of a workspace that denies one of them together with another."""
    empty.add(make_model("claude-a"), make_model("claude-b"), make_model("kimi"))
    empty.workspace("team", allow=("claude-*",), deny=("claude-?", "other"))
    empty.key(name="bot", workspace="team")
    return empty


def pasted(cli: CLI, out: str) -> None:
    """Run the commands that a text proposes, as a shell would."""
    for line in out.splitlines():
        if line.startswith("  callsheet "):
            assert cli(*shlex.split(line)[1:]).code == 0, line


def test_a_fix_is_shown_with_what_else_it_does(cli: CLI, bot: Installation) -> None:
    result = cli("explain", "claude-a", "--key", "bot")
    team = bot.access.show_workspace("team").id
    assert f"To have it listed:\n  callsheet workspaces change --deny=other {team}\n" in result.out
    assert "gained  claude-a, claude-b" in result.out
    pasted(cli, result.out)
    assert cli("explain", "claude-a", "--key", "bot").code == 0
    assert bot.access.show_workspace("team").visibility.deny == ("other",)


def test_only_the_model_itself_is_allowed_where_no_pattern_does(cli: CLI, bot: Installation) -> None:
    pasted(cli, cli("explain", "kimi", "--key", "bot").out)
    assert bot.access.show_workspace("team").visibility.allow == ("claude-*", "kimi")


def test_a_misspelt_name_may_become_an_alias_or_a_model(cli: CLI, bot: Installation) -> None:
    bot.add(make_model("claude-long-name"))
    fixes = json.loads(cli("explain", "claude-long-nam", "--key", "bot", "--json").out)["fixes"]
    assert [fix["commands"] for fix in fixes] == [
        [["callsheet", "catalog", "alias", "claude-long-nam", "claude-long-name"]],
        [["callsheet", "catalog", "add", "claude-long-nam"]],
    ]


def test_a_fix_names_the_database_that_was_given_without_its_password(cli: CLI, bot: Installation) -> None:
    cli("catalog", "hide", "kimi")
    result = cli("explain", "kimi", "--workspace", "default", "--database", bot.url)
    if bot.url.startswith("sqlite"):
        assert f"  callsheet catalog unhide --database {bot.url} kimi\n" in result.out
    pasted(cli, result.out)
    assert cli("explain", "kimi", "--workspace", "default").code == 0


def test_where_no_change_helps_it_says_what_does(cli: CLI, bot: Installation) -> None:
    key = bot.access.archive_key("bot").id
    result = cli("explain", "claude-a", "--key", key)
    assert result.code == 4
    assert result.out.endswith("\nAn archived key never works again; create another with callsheet keys create.\n")


def test_explaining_changes_nothing(cli: CLI, bot: Installation) -> None:
    before = bot.history.list()[0].number
    cli("explain", "claude-a", "--key", "bot")
    assert bot.history.list()[0].number == before


def test_every_kind_of_remedy_is_a_command_that_does_it(cli: CLI, bot: Installation) -> None:
    names = ("-m [1]", "claude v")
    bot.add(make_model(names[0], hidden=True, lifecycle=Lifecycle.RETIRED, deprecated_at=now()))
    with bot.store.write("callsheet:sync", now()) as writing:
        writing.apply(claim(writing, [Claims(names[1], Manager(ManagerKind.SOURCE, "vllm"), True, {})]))
    bot.catalog.remove(names[1])
    bot.access.change_workspace("team", {"allow": (), "deny": ("*",)})
    key = bot.access.disable_key("bot")
    with bot.store.write("test", now()) as writing:
        past = (now() - timedelta(days=1)).isoformat()
        text = "UPDATE api_keys SET expires_at = ? WHERE id = ?"
        writing._connection.exec_driver_sql(text, (past.replace("+00:00", "Z"), key.id))
    first = cli("explain", "--key", "bot", "--", names[0]).out
    assert [line.split()[1:3] for line in first.splitlines() if line.startswith("  callsheet ")] == [
        ["keys", "enable"],
        ["keys", "change"],
        ["workspaces", "change"],
        ["catalog", "unhide"],
        ["catalog", "change"],
    ]
    pasted(cli, first)
    assert cli("explain", "--key", "bot", "--", names[0]).code == 0
    pasted(cli, cli("explain", names[1], "--key", "bot").out)
    assert cli("explain", names[1], "--key", "bot").code == 0
    bot.access.archive_workspace("team")
    pasted(cli, cli("explain", names[1], "--key", "bot").out)
    assert cli("explain", names[1], "--key", "bot").code == 0

"""``callsheet catalog list``, ``show`` and ``history``."""

from tests.cli.conftest import CLI
from tests.installation import Installation, make_model


def test_list_as_json_has_every_model_with_its_aliases_newest_first(cli: CLI, empty: Installation) -> None:
    empty.add(make_model("old", "2025-01-01"), make_model("new", "2026-01-01", line="opus", max_tokens=5))
    empty.catalog.alias("latest", "new")
    models = cli("catalog", "list", "--json").json
    assert [model["id"] for model in models] == ["new", "old"]
    assert models[0] == {
        "id": "new",
        "display_name": "new",
        "created_at": "2026-01-01T00:00:00Z",
        "line": "opus",
        "max_input_tokens": None,
        "max_tokens": 5,
        "capabilities": None,
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "replacement": None,
        "description": None,
        "hidden": False,
        "source": None,
        "retirement_precision": None,
        "retires_itself": False,
        "aliases": ["latest"],
    }


def test_list_for_people_has_a_line_for_each_model_in_a_pipe(cli: CLI, empty: Installation) -> None:
    long_id = "hf.co/" + "a" * 150
    empty.add(make_model(long_id, max_input_tokens=1_000_000, max_tokens=128_000, display_name="日本語 model"))
    empty.catalog.hide(long_id)
    result = cli("catalog", "list")
    assert result.err == ""
    heading, rule, line = result.out.splitlines()
    assert heading.split() == ["ID", "Name", "Released", "Lifecycle", "Context", "Output", "Line", "Aliases"]
    assert set(rule.strip()) == {"─"}
    assert line.split() == [long_id, "日本語", "model", "2026-01-01", "active,", "hidden", "1M", "128k", "-", "-"]


def test_list_filters_by_lifecycle(cli: CLI) -> None:
    assert cli("catalog", "deprecate", "claude-opus-5").code == 0
    models = cli("catalog", "list", "--lifecycle", "deprecated", "--lifecycle", "retired", "--json").json
    assert {model["lifecycle"] for model in models} == {"deprecated", "retired"}


def test_list_finds_words_in_ids_names_and_aliases_and_filters_by_what_models_are(
    cli: CLI, empty: Installation
) -> None:
    empty.add(
        make_model("acme/one", "2026-02-01", display_name="First Opus", line="opus", source="gateway"),
        make_model("two", hidden=True),
    )
    empty.catalog.alias("Best", "two")

    def ids(*options: str) -> list[str]:
        return [model["id"] for model in cli("catalog", "list", "--json", *options).json]

    assert ids("--search", "OPUS first") == ids("--line", "opus") == ids("--source", "gateway") == ["acme/one"]
    assert ids("--search", "best") == ids("--hidden") == ["two"]
    assert ids("--search", "o", "--not-hidden") == ["acme/one"]
    assert ids("--search", "opus two") == []


def test_list_shows_hidden_and_retired_models_too(cli: CLI) -> None:
    cli("catalog", "hide", "claude-opus-5")
    ids = {model["id"] for model in cli("catalog", "list", "--json").json}
    assert {"claude-opus-5", "claude-2.0"} <= ids


def test_show_takes_an_id_or_an_alias(cli: CLI) -> None:
    by_id = cli("catalog", "show", "claude-opus-4-5-20251101", "--json").json
    by_alias = cli("catalog", "show", "claude-opus-4-5", "--json").json
    assert by_id == by_alias
    assert by_id["aliases"] == ["claude-opus-4-5"]


def test_show_for_people_leaves_out_what_is_not_known(cli: CLI) -> None:
    cli("catalog", "add", "m", "--display-name", "[bold]M[/bold]")
    lines = cli("catalog", "show", "m").out.partition("\n\n")[0].splitlines()
    shown = dict(line.rstrip().split(maxsplit=1) for line in lines)
    assert shown["display_name"] == "[bold]M[/bold]"  # text is text, not markup
    assert "line" not in shown


def test_show_of_nothing_known_says_so(cli: CLI) -> None:
    assert cli("catalog", "show", "nope").refusal == "There is no model or alias 'nope'."


def test_history_dates_every_change_and_says_who_made_it(cli: CLI) -> None:
    cli("catalog", "add", "m")
    cli("catalog", "change", "m", "--line", "opus")
    latest, before = cli("catalog", "history", "m", "--json").json
    assert (latest["action"], latest["kind"], latest["subject"]) == ("change", "model", "m")
    assert latest["revision"] == before["revision"] + 1
    assert latest["actor"].startswith("cli")
    assert latest["before"]["line"] is None
    assert latest["after"]["line"] == "opus"
    assert before["before"] is None


def test_history_for_people_says_what_changed(cli: CLI) -> None:
    cli("catalog", "add", "m")
    cli("catalog", "hide", "m")
    cli("catalog", "alias", "short", "m")
    lines = cli("catalog", "history", "--limit", "3").out.splitlines()
    assert "alias short → m" in lines[2]
    assert "hide model m; hidden: no → yes" in lines[3]
    assert "add model m " in lines[4]
    assert len(lines) == 5


def test_history_refuses_a_limit_below_one_as_wrong_usage(cli: CLI) -> None:
    assert cli("catalog", "history", "--limit", "0").code == 2

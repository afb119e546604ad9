"""The commands that change the catalogue."""

import json
from typing import Any

import pytest

from tests.cli.conftest import CLI
from tests.installation import builtin_counts

LISTED, RETIRED = builtin_counts()


def show(cli: CLI, model_id: str) -> Any:
    shown = cli("catalog", "show", model_id, "--json").json
    del shown["provenance"]  # see test_provenance.py
    return shown


def test_add_takes_every_field(cli: CLI) -> None:
    capabilities = {"batch": {"supported": True}, "new_thing": {"supported": False}}
    result = cli(
        *("catalog", "add", "hf.co/org/m:Q4"),
        *("--display-name", "M", "--created-at", "2026-02-03T04:05:06+01:00", "--line", "opus"),
        *("--max-input-tokens", "200000", "--max-tokens", "64000", "--description", "Two\nlines"),
        *("--capabilities", json.dumps(capabilities), "--source", "ollama", "--hidden", "--json"),
    )
    assert result.err == "Added hf.co/org/m:Q4.\n"  # it is hidden: no client shows it
    assert result.json == {
        "id": "hf.co/org/m:Q4",
        "display_name": "M",
        "created_at": "2026-02-03T03:05:06Z",
        "line": "opus",
        "max_input_tokens": 200000,
        "max_tokens": 64000,
        "capabilities": capabilities,
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "replacement": None,
        "description": "Two\nlines",
        "hidden": True,
        "source": "ollama",
        "retirement_precision": None,
        "retires_itself": False,
        "aliases": [],
    }
    assert result.json == show(cli, "hf.co/org/m:Q4")


def test_add_needs_no_more_than_an_id(cli: CLI) -> None:
    result = cli("catalog", "add", "m")
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith("Added m.\n")
    assert show(cli, "m")["display_name"] == "m"
    assert show(cli, "m")["created_at"] == "1970-01-01T00:00:00Z"


def test_change_sets_what_is_named_and_nothing_else(cli: CLI) -> None:
    before = show(cli, "claude-opus-5")
    result = cli("catalog", "change", "claude-opus-5", "--display-name", "Five", "--max-tokens", "7", "--json")
    assert result.json == {**before, "display_name": "Five", "max_tokens": 7}
    assert result.err == "Changed claude-opus-5.\n"


def test_change_clears_what_is_no_longer_known(cli: CLI) -> None:
    cleared = ("line", "max_input_tokens", "max_tokens", "capabilities", "created_at", "source")
    arguments = [part for name in cleared for part in ("--clear", name)]
    after = cli("catalog", "change", "claude-opus-5", *arguments, "--json").json
    assert after["created_at"] == "1970-01-01T00:00:00Z"
    assert {after[name] for name in cleared if name != "created_at"} == {None}


def test_deprecate_sets_the_dates_and_the_replacement(cli: CLI) -> None:
    arguments = ("claude-opus-4-8", "--retires-at", "2099-01-02", "--replacement", "claude-opus-5")
    result = cli("catalog", "deprecate", *arguments, "--json")
    assert result.json["lifecycle"] == "deprecated"
    assert result.json["deprecated_at"] is not None
    assert result.json["retires_at"] == "2099-01-02T00:00:00Z"
    assert result.json["replacement"] == "claude-opus-5"
    assert result.err.startswith("Deprecated claude-opus-4-8; it retires on 2099-01-02.\n")


def test_deprecate_without_a_date_leaves_it_open(cli: CLI) -> None:
    assert cli("catalog", "deprecate", "claude-opus-4-8").err.startswith("Deprecated claude-opus-4-8.\n")
    assert show(cli, "claude-opus-4-8")["retires_at"] is None


def test_deprecate_again_moves_the_date(cli: CLI) -> None:
    first = cli("catalog", "deprecate", "claude-opus-4-8", "--retires-at", "2099-01-02", "--json").json
    second = cli("catalog", "deprecate", "claude-opus-4-8", "--retires-at", "2099-03-04", "--json").json
    assert second == {**first, "retires_at": "2099-03-04T00:00:00Z"}


def test_change_to_active_takes_a_deprecation_back(cli: CLI) -> None:
    before = show(cli, "claude-opus-4-8")
    cli("catalog", "deprecate", "claude-opus-4-8", "--retires-at", "2099-01-02")
    assert cli("catalog", "change", "claude-opus-4-8", "--lifecycle", "active", "--json").json == before


def test_retire_sets_the_lifecycle_and_its_dates(cli: CLI) -> None:
    result = cli("catalog", "retire", "claude-opus-4-8", "--json")
    assert result.json["lifecycle"] == "retired"
    assert result.json["deprecated_at"] == result.json["retires_at"] is not None
    assert result.err == (
        f"Retired claude-opus-4-8.\n{LISTED - 1} of 34 models are listed; {RETIRED + 1} are retired.\n"
    )


def test_remove_drops_a_model_with_its_aliases(cli: CLI) -> None:
    retired = show(cli, "claude-opus-4-5-20251101")["lifecycle"] == "retired"  # from 2027 on
    result = cli("catalog", "remove", "claude-opus-4-5-20251101")
    meant = "the model that it means, claude-opus-4-5-20251101, goes"
    assert result.code == 0
    assert result.err.splitlines() == [
        f"Warning: The alias claude-opus-4-5 is left pointing nowhere, as {meant}.",
        "Removed claude-opus-4-5-20251101.",
        f"{LISTED - (not retired)} of 33 models are listed; {RETIRED - retired} are retired.",
    ]
    assert cli("catalog", "show", "claude-opus-4-5").code == 1


def test_a_removed_model_may_be_added_again(cli: CLI) -> None:
    cli("catalog", "remove", "claude-opus-5")
    assert cli("catalog", "add", "claude-opus-5").code == 0


def test_hide_and_unhide_change_only_whether_it_is_listed(cli: CLI) -> None:
    before = show(cli, "claude-opus-5")
    assert cli("catalog", "hide", "claude-opus-5", "--json").json == {**before, "hidden": True}
    assert cli("catalog", "unhide", "claude-opus-5", "--json").json == before


def test_alias_and_unalias_name_a_model_and_take_the_name_away(cli: CLI) -> None:
    result = cli("catalog", "alias", "best", "claude-opus-5", "--json")
    assert result.json == {"alias": "best", "model_id": "claude-opus-5"}
    assert result.err == "best means claude-opus-5.\n"
    assert show(cli, "best")["id"] == "claude-opus-5"
    assert cli("catalog", "unalias", "best").err == "Dropped the alias best.\n"
    assert cli("catalog", "show", "best").code == 1


def test_an_id_that_begins_with_a_hyphen_can_be_given_after_two_hyphens(cli: CLI) -> None:
    assert cli("catalog", "add", "--", "-m").code == 0
    assert cli("catalog", "show", "--json", "--", "-m").json["id"] == "-m"


@pytest.mark.parametrize("verb", ["hide", "unhide"])
def test_a_change_that_changes_nothing_leaves_no_record(cli: CLI, verb: str) -> None:
    cli("catalog", verb, "claude-opus-5")
    before = cli("catalog", "history", "--json").out
    assert cli("catalog", verb, "claude-opus-5").code == 0
    assert cli("catalog", "history", "--json").out == before

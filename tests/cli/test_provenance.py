"""Who says what of a model: ``catalog show``, ``release`` and ``list --suppressed``."""

from typing import Any

from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.claims import Claims
from callsheet.domain.claims.manager import Manager, ManagerKind
from tests.cli.conftest import CLI
from tests.installation import Installation, now

VLLM = Manager(ManagerKind.SOURCE, "vllm")


def says(installation: Installation, model_id: str, **fields: Any) -> None:
    """The source vllm lists a model with these fields."""
    with installation.store.write("callsheet:sync", now()) as writing:
        writing.apply(claim(writing, [Claims(model_id, VLLM, True, fields)]))


def table(text: str) -> list[list[str]]:
    """The lines of the table that says who says what, in columns."""
    return [line.split("  ") for line in text.partition("\n\n")[2].splitlines()[2:]]


def test_each_field_is_shown_with_who_says_so_and_what_that_shadows(cli: CLI, empty: Installation) -> None:
    says(empty, "m", display_name="theirs", max_tokens=9000)
    cli("catalog", "change", "m", "--display-name", "Ours")
    cells = [[cell.strip() for cell in row if cell.strip()] for row in table(cli("catalog", "show", "m").out)]
    assert [row[:2] for row in cells] == [
        ["listed", "yes"],
        ["display_name", "Ours"],
        ["(theirs)", "source:vllm"],
        ["max_tokens", "9,000"],
    ]
    assert cells[0][2:4] == cells[2][1:3]  # vllm said both at once
    assert cells[1][2].startswith("person (cli:")
    assert int(cells[1][3]) == int(cells[0][3]) + 1


def test_a_program_reads_the_same_in_json(cli: CLI, empty: Installation) -> None:
    says(empty, "m", display_name="theirs")
    cli("catalog", "change", "m", "--clear", "max_tokens", "--display-name", "Ours")
    said = cli("catalog", "show", "m", "--json").json["provenance"]
    assert [(each["manager"], each["value"]) for each in said["display_name"]] == [
        ("person", "Ours"),
        ("source:vllm", "theirs"),
    ]
    assert said["display_name"][0]["since"] == said["display_name"][1]["since"] + 1
    assert said["display_name"][1]["actor"] == "callsheet:sync"
    assert "max_tokens" not in said  # nobody says anything of it but that it is not known


def test_what_was_typed_before_there_were_claims_is_dated_by_its_change_record(
    cli: CLI, empty: Installation
) -> None:
    cli("catalog", "add", "m", "--line", "opus")
    cli("catalog", "change", "m", "--line", "sonnet")
    with empty.store.write("test", now()) as writing:
        writing._connection.exec_driver_sql("DELETE FROM claims")
    (line,) = cli("catalog", "show", "m", "--json").json["provenance"]["line"]
    record = cli("catalog", "history", "m", "--json").json[0]
    assert (line["manager"], line["value"], line["since"]) == ("person", "sonnet", record["revision"])


def test_what_others_list_is_suppressed_by_a_removal_and_comes_back_by_a_release(
    cli: CLI, empty: Installation
) -> None:
    says(empty, "m", max_tokens=9000)
    cli("catalog", "remove", "m")
    refusal = cli("catalog", "show", "m").refusal
    assert refusal.startswith("m was removed by cli:")
    assert refusal.endswith(", although source:vllm lists it; use `catalog release m` to have it back.")
    (suppressed,) = cli("catalog", "list", "--suppressed", "--json").json
    assert suppressed["id"] == "m"
    assert [each["value"] for each in suppressed["provenance"]["listed"]] == [False, True]
    assert "m  " in cli("catalog", "list", "--suppressed").out
    assert cli("catalog", "release", "m", "--json").json["max_tokens"] == 9000
    assert cli("catalog", "list", "--suppressed", "--json").json == []


def test_an_alias_that_others_give_is_suppressed_by_its_removal_and_comes_back_by_a_release(cli: CLI) -> None:
    cli("catalog", "unalias", "claude-opus-4-5")
    assert cli("catalog", "show", "claude-opus-4-5").refusal.endswith(
        ", although builtin lists it; use `catalog release claude-opus-4-5` to have it back."
    )
    assert "claude-opus-4-5 (alias)  " in cli("catalog", "list", "--suppressed").out
    (suppressed,) = (
        each for each in cli("catalog", "list", "--suppressed", "--json").json if each["id"] == "claude-opus-4-5"
    )
    assert suppressed["kind"] == "alias"
    released = cli("catalog", "release", "claude-opus-4-5")
    assert released.err.endswith("Released claude-opus-4-5, which means claude-opus-4-5-20251101.\n")
    assert cli("catalog", "show", "claude-opus-4-5", "--json").json["id"] == "claude-opus-4-5-20251101"


def test_a_field_that_is_released_shows_what_is_below_it(cli: CLI, empty: Installation) -> None:
    says(empty, "m", display_name="theirs")
    cli("catalog", "change", "m", "--display-name", "Ours", "--line", "opus")
    released = cli("catalog", "release", "m", "display_name")
    assert released.err == "Released display_name of m.\n"
    shown = cli("catalog", "show", "m", "--json").json
    assert (shown["display_name"], shown["line"]) == ("theirs", "opus")


def test_what_cannot_be_released_is_refused_with_what_to_do(cli: CLI, empty: Installation) -> None:
    cli("catalog", "add", "m")
    assert cli("catalog", "release", "m").refusal == (
        "Only people list m, so it would be gone; use `catalog remove m` if that is what you want."
    )
    assert cli("catalog", "release", "m", "line").refusal == "No person set line of m."
    refusal = cli("catalog", "release", "nope").refusal
    assert refusal == "No person has changed or removed 'nope', so there is nothing to release."


def test_a_gateways_own_name_takes_the_facts_of_the_model_that_it_is_the_same_as(cli: CLI) -> None:
    cli("catalog", "add", "team-opus", "--same-as", "claude-opus-5")
    shown, of = (cli("catalog", "show", name, "--json").json for name in ("team-opus", "claude-opus-5"))
    assert (shown["max_input_tokens"], shown["capabilities"]) == (of["max_input_tokens"], of["capabilities"])
    assert shown["provenance"]["line"][0]["of"] == "claude-opus-5"
    assert cli("catalog", "change", "claude-opus-5", "--same-as", "team-opus").refusal == (
        "claude-opus-5 cannot be the same as team-opus, which is the same as claude-opus-5."
    )
    assert cli("catalog", "add", "other", "--same-as", "nope").refusal == (
        "There is no model 'nope' that other could be the same as."
    )

"""Who sees what, all of it: ``callsheet who-sees --matrix``."""

import csv
import json
from collections.abc import Iterator

import pytest

from callsheet.cli.output.matrix import _csv_lines
from callsheet.service.explain.matrix import Seers
from tests.cli.conftest import CLI
from tests.installation import Installation, make_model


@pytest.fixture
def teams(empty: Installation) -> Installation:
    empty.add(make_model("a,b", "2026-01-04"), make_model("=b", "2026-01-03"), make_model("secret"))
    empty.catalog.hide("secret")
    empty.workspace('The "team"', deny=("=*",))
    empty.workspace("again", deny=("=*",))
    empty.key(name="bot", workspace="again")
    return empty


def test_a_line_is_a_workspace_and_a_column_a_model(cli: CLI, teams: Installation) -> None:
    head, *lines = csv.reader(cli("who-sees", "--matrix").out.splitlines())
    assert head == ["workspace_id", "workspace", "a,b", "'=b", "secret"]
    assert {line[1]: line[2:] for line in lines} == {
        "default": ["listed", "listed", "retrievable"],
        "again": ["listed", "", "retrievable"],
        'The "team"': ["listed", "", "retrievable"],
    }


def test_as_json_workspaces_with_the_same_rules_are_one_object(cli: CLI, teams: Installation) -> None:
    found = json.loads(cli("who-sees", "--matrix", "--json").out)
    rooms = [[room["name"] for room in each["workspaces"]] for each in found]
    assert rooms == [['The "team"', "again"], ["default"]]
    assert [(each["keys"], each["listed"], each["retrievable"]) for each in found] == [
        (1, ["a,b"], ["secret"]),
        (0, ["a,b", "=b"], ["secret"]),
    ]


def test_a_model_and_the_matrix_are_not_asked_for_together(cli: CLI, teams: Installation) -> None:
    for arguments in ((), ("a,b", "--matrix"), ("--matrix", "--all")):
        assert cli("who-sees", *arguments).refusal.startswith("Name one model, or use --matrix")


def test_a_row_is_written_before_the_next_is_made() -> None:
    made: list[str] = []

    def rows() -> Iterator[Seers]:
        for name in ("a", "b"):
            made.append(name)
            yield Seers((), 0, (), (), [], [])

    next(lines := _csv_lines(rows(), ["m"]))
    assert made == []
    assert list(lines) == []
    assert made == ["a", "b"]

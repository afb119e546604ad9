"""What retires: the earliest first, with who sees it and who is left without its line."""

from datetime import timedelta
from typing import Any

import pytest

from callsheet.domain.model import Lifecycle
from callsheet.domain.retirement.stage import Stage
from callsheet.domain.times import parse_instant
from callsheet.service.retirements.find import Retirement, find_retirements
from tests.installation import Installation, make_model

NOW = parse_instant("2099-06-01T12:00:00Z")


@pytest.fixture
def dated(empty: Installation) -> Installation:
    """Models of a line, two of which retire; teams that see all, one, or none of them; and keys."""
    empty.add(*(make_model(name, line="opus") for name in ("opus-1", "opus-2", "opus-3")), make_model("other"))
    empty.catalog.deprecate("opus-1", retires_at=parse_instant("2099-07-01"), replacement="opus-2")
    empty.catalog.deprecate("opus-2", retires_at=parse_instant("2099-05-01"), replacement="opus-3")
    empty.catalog.alias("opus", "opus-1")
    empty.workspace("old", allow=("opus-1", "opus-2"))
    empty.workspace("none", deny=("opus-*",))
    empty.key(name="bot", workspace="old")
    return empty


def found(installation: Installation, **options: Any) -> dict[str, Retirement]:
    retirements = find_retirements(installation.live().current, NOW, **options)
    return {each.model.id: each for each in retirements}


def names(workspaces: Any) -> list[str]:
    return [each.name for each in workspaces]


def test_the_earliest_comes_first_with_its_days_and_the_end_of_its_chain(dated: Installation) -> None:
    every = found(dated)
    assert [(each.model.id, each.stage, each.days_left) for each in every.values()] == [
        ("opus-2", Stage.OVERDUE, -31),
        ("opus-1", Stage.UPCOMING, 30),
    ]
    assert (every["opus-1"].replacement.ids, every["opus-1"].aliases) == (("opus-2", "opus-3"), ("opus",))


def test_who_sees_a_model_is_counted_by_rules_with_the_keys_that_work(dated: Installation) -> None:
    opus = found(dated)["opus-1"]
    assert (names(opus.workspaces), opus.keys) == (["default", "old"], 1)


def test_a_workspace_without_another_model_of_the_line_by_that_day_is_named(dated: Installation) -> None:
    every = found(dated)
    assert names(every["opus-1"].left_without_line) == ["old"]  # its other one goes before
    assert names(every["opus-2"].left_without_line) == []
    dated.catalog.hide("opus-3")
    assert names(found(dated)["opus-1"].left_without_line) == ["default", "old"]


def test_only_what_a_workspace_sees_and_only_itself_is_shown_to_it(dated: Installation) -> None:
    ids = {each.name: each.id for each in dated.access.list_workspaces()}
    assert found(dated, workspace_id=ids["none"]) == {}
    assert names(found(dated, workspace_id=ids["old"])["opus-1"].workspaces) == ["old"]


def test_a_period_leaves_out_what_is_later_and_stages_what_stands_otherwise(dated: Installation) -> None:
    assert list(found(dated, within=timedelta(days=20))) == ["opus-2"]
    assert list(found(dated, stages={Stage.UPCOMING})) == ["opus-1"]
    assert found(dated, stages={Stage.RETIRED}) == {}
    dated.catalog.retire("opus-1")
    retired = found(dated, stages={Stage.RETIRED})["opus-1"]
    assert (retired.model.lifecycle, retired.left_without_line) == (Lifecycle.RETIRED, ())


def test_a_record_is_plain_and_complete(dated: Installation) -> None:
    record = found(dated)["opus-1"].record()
    assert record == {
        "id": "opus-1",
        "display_name": "opus-1",
        "line": "opus",
        "state": "upcoming",
        "deprecated_at": record["deprecated_at"],
        "retires_at": "2099-07-01T00:00:00Z",
        "retirement_precision": None,
        "retires_itself": False,
        "days_left": 30,
        "replacement": {
            "ids": ["opus-2", "opus-3"],
            "end": "usable",
            "target": "opus-3",
            "weaker": [],
        },
        "aliases": ["opus"],
        "workspaces": record["workspaces"],
        "keys": 1,
        "left_without_line": [record["workspaces"][1]],
    }

"""``callsheet retirements`` and ``callsheet calendars``."""

import json

import pytest

from callsheet.domain.model import RetirementPrecision
from callsheet.domain.times import parse_instant
from tests.cli.conftest import CLI
from tests.installation import Installation, make_model


@pytest.fixture
def dated(empty: Installation) -> Installation:
    empty.add(make_model("acme/old", line="acme", max_tokens=10), make_model("acme/new", max_tokens=5))
    empty.catalog.deprecate("acme/old", retires_at=parse_instant("2099-11-30"), replacement="acme/new")
    empty.workspace("team", allow=("acme/old",))
    empty.key(name="bot", workspace="team")
    empty.key(name="off", workspace="team")
    empty.access.disable_key("off")
    return empty


def test_a_table_says_what_retires_and_what_is_lost_and_the_exit_code_that_there_is_something(
    cli: CLI, dated: Installation
) -> None:
    result = cli("retirements", "--workspace", "team")
    assert result.code == 2
    assert result.out.splitlines()[2].split()[:2] == ["acme/old", "2099-11-30"]
    assert "1 workspace, 1 key" in result.out
    assert result.err == (
        "Without acme/old, team has no acme model.\n"
        "acme/new, which replaces acme/old, has less: max_tokens.\n"
        "1 retirement.\n"
    )


def test_what_retires_later_is_left_out_and_nothing_ends_with_0(cli: CLI, dated: Installation) -> None:
    result = cli("retirements", "--within", "90d")
    assert (result.code, result.out, result.err) == (0, "", "0 retirements.\n")
    assert cli("retirements", "--overdue", "--json").json == []


def test_an_earliest_date_is_shown_as_one(cli: CLI, dated: Installation) -> None:
    dated.catalog.change("acme/old", {"retirement_precision": RetirementPrecision.EARLIEST})
    assert "2099-11-30 or later" in cli("retirements").out
    said = cli(
        "catalog", "deprecate", "acme/old", "--retires-at", "2099-12-01", "--retirement-precision", "earliest"
    )
    assert said.err.startswith("Deprecated acme/old; it retires on 2099-12-01 or later.\n")


def test_a_key_sees_its_own_and_one_that_is_refused_nothing(cli: CLI, dated: Installation) -> None:
    seen = json.loads(cli("retirements", "--key", "bot", "--json").out)
    assert [each["id"] for each in seen] == ["acme/old"]
    refused = cli("retirements", "--key", "off")
    assert (refused.code, refused.err) == (0, "It sees nothing: it is disabled.\n0 retirements.\n")


@pytest.mark.parametrize("period", ["9xd", "-1", "99999d", ""])
def test_a_period_that_is_not_a_number_of_days_is_refused(cli: CLI, dated: Installation, period: str) -> None:
    result = cli("retirements", f"--within={period}")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("callsheet: --within must be a number of days such as 90d, at most 36,500, not ")


def test_a_precision_without_a_date_is_refused_and_nothing_changes(cli: CLI, empty: Installation) -> None:
    empty.add(make_model("m"))
    result = cli("catalog", "deprecate", "m", "--retirement-precision", "exact")
    assert (result.code, result.err) == (
        1,
        "callsheet: m has no retires_at, so it cannot have a retirement_precision.\n",
    )
    assert empty.catalog.show("m").model.deprecated_at is None


def test_a_date_that_moves_loses_its_precision_unless_that_is_said_again(cli: CLI, dated: Installation) -> None:
    def move(*arguments: str) -> tuple[object, object]:
        record = cli("catalog", "change", "acme/old", *arguments, "--json").json
        return record["retires_at"][:10], record["retirement_precision"]

    assert move("--retirement-precision", "exact") == ("2099-11-30", "exact")
    assert move("--retires-at", "2099-11-30") == ("2099-11-30", "exact")
    assert move("--retires-at", "2099-12-31") == ("2099-12-31", None)
    assert move("--retires-at", "2100-01-31", "--retirement-precision", "earliest") == ("2100-01-31", "earliest")
    cleared = cli("catalog", "change", "acme/old", "--clear", "retires_at", "--json").json
    assert (cleared["retires_at"], cleared["retirement_precision"]) == (None, None)


def test_a_calendar_shows_its_path_once_and_can_be_revoked(cli: CLI, dated: Installation) -> None:
    created = cli("calendars", "create", "dates", "--workspace", "team")
    assert created.out.startswith("/calendars/sk-cs-calendar-")
    [listed] = cli("calendars", "list", "--json").json
    assert (listed["name"], listed["revoked_at"]) == ("dates", None)
    assert created.out.strip().removesuffix(".ics")[-4:] == listed["partial_token_hint"][-4:]
    assert cli("calendars", "create", "dates").code == 1
    assert cli("calendars", "revoke", "dates").err == f"Revoked the calendar dates: {listed['id']}.\n"
    assert f"revoke calendar dates ({listed['id']})" in cli("catalog", "history", "dates").out
    again = cli("calendars", "revoke", listed["id"])
    assert (again.code, "is revoked already" in again.err) == (1, True)

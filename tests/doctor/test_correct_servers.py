"""Nothing is held against a correct server, however it is set up and whatever it lists."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from callsheet.doctor.clients.rules import load_clients
from callsheet.doctor.examine import examine
from callsheet.doctor.probe.target import parse_target
from callsheet.doctor.report import Report, Result
from callsheet.testing import ModelsAPI
from tests.broken.asking import Answered, Ask, Asked
from tests.doctor.conftest import ALIAS, Diagnose, Stocked, broken_rules, client_findings, codes
from tests.program import Server
from tests.tiers import first

RECORDED: Final[list[dict[str, Any]]] = json.loads(
    Path(__file__, "../../fixtures/recorded-lists.json").resolve().read_text(encoding="utf-8")
)["answers"]

#: Settings that take nothing from the contract.
SETTINGS: Final[dict[str, tuple[str, ...]]] = {
    "as it comes": (),
    "classic": ("--shape", "classic"),
    "strict": ("--strict-betas",),
    "limited": ("--rate-limit-key", "60/second", "--rate-limit-address", "90/second"),
    "without the fast path": ("--no-fast",),
}


def examined(api: ModelsAPI, alias: str | None = None, *clients: str) -> Report:
    """What is found on a double."""
    return examine(parse_target(api.url), api.api_key, load_clients(clients), timeout=30, alias=alias)


def a_model(number: int, created_at: str) -> dict[str, str]:
    return {"id": f"claude-opus-{number:05}", "display_name": f"Opus {number}", "created_at": created_at}


@pytest.mark.parametrize("flags", SETTINGS.values(), ids=SETTINGS)
def test_our_own_server_has_no_finding_whatever_its_settings(flags: tuple[str, ...], tmp_path: Path) -> None:
    with Server(tmp_path / "callsheet.db", *flags) as server:
        report = examine(parse_target(server.url), server.key, load_clients(), timeout=30, alias=ALIAS)
    assert (client_findings(report), broken_rules(report)) == (set(), set())
    assert (report.score, report.worst, report.unfinished) == (100, None, "")


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded["recorded_at"])
def test_what_the_real_server_has_listed_is_right(recorded: dict[str, Any]) -> None:
    with ModelsAPI(json.loads(recorded["body"])["data"], shape="classic") as api:
        report = examined(api)
    assert broken_rules(report) == set()
    assert {finding for finding in client_findings(report) if not finding.startswith("claude-desktop")} == set()
    assert report.score == 100


@pytest.mark.parametrize("count", first([1001, 6000, 3001], 2))
def test_a_list_of_many_pages_is_right(count: int) -> None:
    models = [a_model(number, f"2026-{1 + number % 12:02}-01T00:00:00Z") for number in range(count)]
    with ModelsAPI(models) as api:
        report = examined(api)
    assert not broken_rules(report)
    assert (len(report.models), report.is_whole) == (min(count, 5000), count <= 5000)
    assert {finding.partition(":")[2] for finding in client_findings(report)} == {
        "cut",  # whoever does not page
        "gives-up",  # and LiteLLM after 20 pages
    }
    unsure = {"has-more-is-false", "nothing-after-the-oldest", "empty-pages-have-null-cursors"}
    assert codes(report, Result.NOT_APPLICABLE) >= (set() if report.is_whole else unsure)


@pytest.mark.parametrize("count", first([1500, 6000]))
def test_a_page_of_one_lifecycle_may_reach_further_than_the_pages_without_a_filter(count: int) -> None:
    deprecated = {"lifecycle": "deprecated", "deprecated_at": "2026-06-01T00:00:00Z"}
    models = [
        a_model(number, f"2026-{1 + number % 5:02}-01T00:00:00Z") | ({} if number % 7 else deprecated)
        for number in range(count)
    ]
    with ModelsAPI(models) as api:
        report = examined(api)
    assert not broken_rules(report)
    assert "cursors-ignore-lifecycles" in codes(report, Result.PASSED)


async def last_lifecycle_counts(asked: Asked, ask: Ask) -> Answered:
    """As most servers read a parameter that is repeated."""
    value = asked.value("lifecycle")
    return await ask(asked if value is None else asked.having(lifecycle=value))


def test_the_last_of_several_lifecycles_without_brackets_may_count(diagnose: Diagnose) -> None:
    assert broken_rules(diagnose(last_lifecycle_counts)) == set()


@pytest.mark.parametrize(
    ("count", "created_at", "codes_found"),
    [
        (20, "1970-01-01T00:00:00Z", set()),  # how the contract writes that it is not known
        (8, "2025-04-28T00:00:00Z", set()),  # a family of open models
        (20, "2025-04-28T00:00:00Z", {"created-at-differs", "openai-created-differs"}),
        (3, "2021-07-18T20:00:00Z", {"created-at-differs", "openai-created-differs"}),
    ],
)
def test_one_time_for_all_models_is_only_a_fault_if_it_cannot_be_true(
    count: int, created_at: str, codes_found: set[str]
) -> None:
    with ModelsAPI([a_model(number, created_at) for number in range(count)], default_limit=1000) as api:
        assert broken_rules(examined(api, None, "librechat")) == codes_found


def test_a_key_that_is_a_word_of_an_id_does_not_change_the_id(stocked: Stocked, diagnose: Diagnose) -> None:
    async def any_key(asked: Asked, ask: Ask) -> Answered:
        if asked.is_openai:
            return await ask(asked.headed(authorization=f"Bearer {stocked.key}"))
        return await ask(asked.headed(x_api_key=stocked.key))

    for key in ("opus-5", "anthropic", "claude"):
        report = diagnose(any_key, key=key, alias=None)
        assert client_findings(report) == set()
        assert broken_rules(report) <= {
            "no-key-is-refused", "unknown-key-is-refused", "credential-comes-second",
            "openai-errors-are-in-the-envelope", "path-comes-first",
        }  # fmt: skip


def test_a_model_that_reports_its_load_has_not_changed(diagnose: Diagnose) -> None:
    loads = iter(range(1_000_000))

    async def loaded(asked: Asked, ask: Ask) -> Answered:
        return (await ask(asked)).each_model(lambda model: {**model, "load": next(loads)})

    assert broken_rules(diagnose(loaded)) == set()


def test_a_model_that_is_added_or_removed_meanwhile_does_not_change_the_order(
    stocked: Stocked, diagnose: Diagnose
) -> None:
    async def growing(asked: Asked, ask: Ask) -> Answered:
        answered = await ask(asked)
        if not asked.is_list or answered.status != 200 or not answered.json["data"]:
            return answered
        return answered.changed(data=answered.json["data"][next(turns) % 2 :])

    turns = iter(range(1_000_000))
    assert "order-is-stable" not in broken_rules(diagnose(growing))

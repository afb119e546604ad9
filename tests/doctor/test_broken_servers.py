"""Each bug is named, by the clients it hurts and the rules it breaks, and nothing else is."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import pytest

from callsheet.doctor.report import Level, Result
from tests.broken import bugs
from tests.broken.asking import Bug
from tests.doctor.conftest import Diagnose, Stocked, broken_rules, client_findings, codes

SDKS: Final = ("go-sdk", "java-sdk", "python-sdk", "typescript-sdk")
#: They never get a second page, and ask without a limit.
FIRST_PAGE: Final = ("n8n", "php-sdk", "ruby-sdk")
NAMING: Final = ("claude-code", "claude-desktop", *SDKS, *FIRST_PAGE)
ANTHROPIC: Final = (*NAMING, "any-llm", "litellm", "oterm")
EVERYBODY: Final = (*ANTHROPIC, "librechat", "open-webui", "openai-sdk")
#: Clients each of whose ways sends the key as one of the two.
X_API_KEY: Final = ("litellm", *FIRST_PAGE)
BEARER: Final = ("any-llm", "go-sdk", "oterm")


class Expected(NamedTuple):
    """What is to be found on a server with one bug."""

    clients: set[str]
    rules: set[str]
    worst: Level = Level.ERROR


def all_of(clients: Iterable[str], code: str) -> set[str]:
    return {f"{client}:{code}" for client in clients}


NOBODY: Final[set[str]] = set()

EXPECTED: Final[dict[Bug, Expected]] = {
    bugs.endless_pager: Expected(
        all_of(SDKS, "loops"),
        {
            "after-id-continues",
            "before-id-is-adjacent",
            "both-cursors-are-taken",
            "nothing-after-the-oldest",
            "nothing-before-the-newest",
            "unknown-cursor-is-refused",
        },
    ),
    bugs.looping_cursor: Expected(
        all_of((*SDKS, "litellm"), "loops"),
        {"has-more-is-false", "has-more-looks-backwards", "nothing-after-the-oldest"},
    ),
    bugs.null_cursors: Expected(all_of(SDKS, "stops"), {"cursors-name-the-ends"}),
    bugs.has_more_always: Expected(NOBODY, {"has-more-is-false", "has-more-looks-backwards"}),
    bugs.has_more_never: Expected(all_of(SDKS, "cut"), {"has-more-is-true", "has-more-looks-backwards"}),
    bugs.ignored_limit: Expected(
        {"java-sdk:loops", "python-sdk:loops"},
        {
            "limit-is-honoured",
            "after-id-continues",
            "both-cursors-are-taken",
            "nothing-after-the-oldest",
            "nothing-before-the-newest",
            "unknown-cursor-is-refused",
            "wrong-limit-is-refused",
        },
    ),
    bugs.cursor_included: Expected(
        all_of(SDKS, "repeated"), {"after-id-continues", "both-cursors-are-taken", "nothing-after-the-oldest"}
    ),
    bugs.before_id_from_the_top: Expected(NOBODY, {"before-id-is-adjacent"}, Level.WARNING),
    bugs.both_cursors_refused: Expected(NOBODY, {"both-cursors-are-taken"}, Level.WARNING),
    bugs.cursors_missing_when_empty: Expected(NOBODY, {"empty-pages-have-null-cursors"}, Level.WARNING),
    bugs.fails_after_the_oldest: Expected({"java-sdk:failed", "python-sdk:failed"}, {"nothing-after-the-oldest"}),
    bugs.any_limit: Expected(NOBODY, {"wrong-limit-is-refused"}, Level.WARNING),
    bugs.any_cursor: Expected(NOBODY, {"unknown-cursor-is-refused"}, Level.WARNING),
    bugs.map_order: Expected(all_of(SDKS, "repeated"), {"order-is-stable"}),
    bugs.oldest_first: Expected(
        {"java-sdk:loops", "python-sdk:loops"},
        {
            "newest-come-first",
            "limit-is-honoured",
            "after-id-continues",
            "both-cursors-are-taken",
            "nothing-after-the-oldest",
            "nothing-before-the-newest",
            "unknown-cursor-is-refused",
            "wrong-limit-is-refused",
        },
    ),
    bugs.constant_created_at: Expected(NOBODY, {"created-at-differs", "openai-created-differs"}, Level.WARNING),
    bugs.created_at_as_a_number: Expected(NOBODY, {"created-at-is-a-time"}),
    bugs.no_display_name: Expected(all_of(NAMING, "no-names"), {"models-are-complete"}),
    bugs.listed_twice: Expected(
        all_of(EVERYBODY, "repeated") - {"claude-code:repeated"},
        {"models-are-listed-once", "walk-meets-every-model"},
    ),
    bugs.retired_are_listed: Expected(
        {"librechat:cut", "open-webui:cut", "openai-sdk:cut"},
        {"lifecycle-filters", "retired-are-left-out", "openai-list-is-whole"},
    ),
    bugs.missing_is_200: Expected(NOBODY, {"missing-model-is-404", "openai-errors-are-in-the-envelope"}),
    bugs.list_for_retrieve: Expected(
        NOBODY,
        {
            "listed-is-retrieved",
            "missing-model-is-404",
            "broken-escape-is-refused",
            "openai-listed-is-retrieved",
            "openai-errors-are-in-the-envelope",
        },
    ),
    bugs.no_slashes: Expected(NOBODY, {"slashes-are-retrieved"}),
    bugs.no_retrieve: Expected(
        NOBODY, {"listed-is-retrieved", "broken-escape-is-refused", "openai-listed-is-retrieved"}
    ),
    bugs.alias_keeps_its_name: Expected(NOBODY, {"alias-is-resolved"}, Level.WARNING),
    bugs.redirect_of_the_slash: Expected(NOBODY, {"trailing-slash-is-served"}, Level.WARNING),
    bugs.redirect_to_the_slash: Expected(all_of(EVERYBODY, "redirected"), {"list-is-served"}),
    bugs.only_bearer: Expected(
        all_of(EVERYBODY, "refused") - all_of((*BEARER, "open-webui", "openai-sdk"), "refused"),
        {"x-api-key-is-accepted", "messages-are-as-recorded"},
    ),
    bugs.only_x_api_key: Expected(
        all_of(EVERYBODY, "refused") - all_of(X_API_KEY, "refused"),
        {"bearer-is-accepted", "messages-are-as-recorded"},
    ),
    bugs.old_versions_only: Expected(all_of({*SDKS, *BEARER}, "refused"), {"versions-are-accepted"}),
    bugs.known_betas_only: Expected(NOBODY, {"betas-are-accepted"}, Level.WARNING),
    bugs.openai_only: Expected(
        all_of(NAMING, "no-names"),
        {"page-is-served", "one-valid-is-enough", "errors-are-in-the-envelope"},
    ),
    bugs.plain_text_errors: Expected(
        NOBODY, {"errors-are-in-the-envelope", "openai-errors-are-in-the-envelope"}, Level.WARNING
    ),
    bugs.wrong_key_is_403: Expected(
        NOBODY, {"no-key-is-refused", "unknown-key-is-refused", "openai-errors-are-in-the-envelope"}, Level.WARNING
    ),
    bugs.no_request_id: Expected(NOBODY, {"request-id-is-given", "request-ids-agree"}, Level.NOTE),
}


@pytest.mark.parametrize("bug", EXPECTED, ids=lambda bug: bug.__name__)
def test_exactly_the_bug_is_found(bug: Bug, diagnose: Diagnose) -> None:
    report, expected = diagnose(bug), EXPECTED[bug]
    assert client_findings(report) == expected.clients
    assert broken_rules(report) == expected.rules
    assert report.worst is expected.worst
    assert report.score < 100


def test_a_correct_server_has_no_finding_and_keeps_every_rule(diagnose: Diagnose) -> None:
    report = diagnose()
    assert client_findings(report) == set()
    assert codes(report, Result.PASSED) == {check.code for section in report.sections for check in section.checks}
    assert (report.score, report.worst) == (100, None)


def test_a_server_that_asks_for_no_key_is_found_out(stocked: Stocked, diagnose: Diagnose) -> None:
    report = diagnose(bugs.no_key_needed(stocked.key))
    assert client_findings(report) == set()
    assert {"no-key-is-refused", "unknown-key-is-refused"} <= broken_rules(report)


def test_two_bugs_are_both_found(diagnose: Diagnose) -> None:
    report = diagnose(bugs.null_cursors, bugs.constant_created_at)
    assert broken_rules(report) == {"cursors-name-the-ends", "created-at-differs", "openai-created-differs"}


def test_a_rule_that_rests_on_a_broken_one_is_not_a_finding_but_costs_points(diagnose: Diagnose) -> None:
    report = diagnose(bugs.map_order)
    blocked = codes(report, Result.BLOCKED)
    assert {"newest-come-first", "walk-meets-every-model"} <= blocked
    assert report.score < 90


def test_the_classic_shape_is_as_good(diagnose: Diagnose) -> None:
    report = diagnose(shape="classic")
    assert (report.score, report.worst) == (100, None)
    assert codes(report, Result.NOT_APPLICABLE) >= {"lifecycle-filters", "capabilities-have-leaves"}


def test_without_openais_dialect_only_its_clients_miss_anything(diagnose: Diagnose) -> None:
    report = diagnose(openai_dialect=False)
    assert client_findings(report) == {"librechat:refused", "open-webui:refused", "openai-sdk:refused"}
    assert report.score == 100
    section = report.sections[-1]
    assert (section.number, section.applicable) == (7, 0)


def test_an_empty_list_is_reported_and_nothing_else(stocked: Stocked, diagnose: Diagnose) -> None:
    stocked.installation.clear_catalog()
    report = diagnose(alias=None)
    assert client_findings(report) == all_of(EVERYBODY, "empty")
    assert broken_rules(report) == set()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_short_list_is_not_a_fault(count: int, stocked: Stocked, diagnose: Diagnose) -> None:
    ids = diagnose(clients=("open-webui",)).models
    for model_id in ids[count:]:
        stocked.installation.catalog.remove(model_id)
    report = diagnose(alias=None)
    assert len(report.models) == count
    assert (client_findings(report), broken_rules(report)) == (set(), set())


def test_more_models_than_a_page_holds_are_all_known(stocked: Stocked, diagnose: Diagnose) -> None:
    from tests.installation import make_model

    stocked.installation.add(*(make_model(f"claude-opus-test-{number}", "2026-11-01") for number in range(40)))
    report = diagnose(clients=("librechat", "python-sdk"), default_limit=20)
    assert len(report.models) == 56
    assert client_findings(report) == {"librechat:cut"}
    missing = report.clients[0].plays[0].findings[0].models
    assert missing == report.models[20:]

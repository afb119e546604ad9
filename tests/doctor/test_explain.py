"""`callsheet doctor --explain`: what the contract requires, without a server."""

import pytest

from callsheet.cli.output.diagnosis.explain import explain, rule_codes
from callsheet.doctor.contract.page import PAGE, find_rule, find_section, section_link
from callsheet.doctor.contract.sections import BOOKS
from tests.cli.conftest import CLI, call
from tests.docs.pages import ROOT, anchors

__all__ = ["call"]  # the fixture


@pytest.mark.parametrize("number", range(1, 9))
def test_every_section_links_to_its_heading_on_the_page(number: int) -> None:
    page, _, anchor = section_link(number).partition("#")
    assert page == PAGE
    assert anchor in anchors(ROOT / page)


def test_a_section_ends_where_the_next_heading_begins() -> None:
    assert find_section(8).text.startswith("## 8. Who asks")
    assert "\n## " not in find_section(8).text


@pytest.mark.parametrize("code", rule_codes())
def test_every_rule_is_explained_with_its_reason_and_its_part_of_the_page(code: str) -> None:
    book, rule = next((book, rule) for book in BOOKS for rule in book.rules if rule.code == code)
    text = explain(code)
    assert text.startswith(f"# {code}\n\n{rule.title}. {rule.why}\n\nLevel: {rule.level.value}. ")
    passage = find_rule(code, book.number)
    assert passage.text.startswith("### ")
    assert passage.text in text
    assert passage.link.partition("#")[2] in anchors(ROOT / PAGE)
    assert "Decided in" not in text
    assert all(f"`{needed}`" in text for needed in rule.needs)


def test_a_rule_is_explained_without_a_server_or_a_key(call: CLI) -> None:
    done = call("doctor", "--explain", "limit-is-honoured")
    assert (done.code, done.err) == (0, "")
    link = "docs/reference/contract.md#pages-and-cursors"
    assert f"\nLevel: error. Section 3, Order and paging: {link}\n" in done.out
    assert "\n### Pages and cursors\n" in done.out
    assert "REC recorded answer" in done.out


def test_a_section_is_explained_with_its_rules(call: CLI) -> None:
    done = call("doctor", "--explain", "6")
    assert done.code == 0
    assert done.out.startswith("Page: docs/reference/contract.md#6-response-headers\n\n## 6. Response headers\n")
    assert (
        "\n* `etag-is-honoured` (note): The list has an etag, and `If-None-Match` is answered with 304.\n"
        in done.out
    )


def test_a_section_without_rules_is_explained_too(call: CLI) -> None:
    done = call("doctor", "--explain", "8")
    assert "\n## 8. " in done.out
    assert "What the doctor checks" not in done.out


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("limit-is-honored", "did you mean limit-is-honoured?"),
        ("9", "--verbose lists the rules that the doctor checks."),
        ("", "--verbose lists the rules that the doctor checks."),
    ],
)
def test_what_the_contract_does_not_have_is_refused(name: str, advice: str, call: CLI) -> None:
    assert call("doctor", "--explain", name).refusal == f"The contract has no rule or section {name!r}; {advice}"


def test_without_an_address_the_command_was_called_wrongly(call: CLI) -> None:
    done = call("doctor")
    assert done.code == 2
    assert "Missing argument 'URL': the base URL of the API." in done.err

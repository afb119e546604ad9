"""``callsheet doctor --explain``: a rule of the contract, or a whole section with its rules."""

from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches

from callsheet.doctor.contract.page import find_rule, find_section, legend
from callsheet.doctor.contract.rule import Rule, RuleBook
from callsheet.doctor.contract.sections import BOOKS
from callsheet.domain.errors import DoctorError


def explain(name: str) -> str:
    """Return as Markdown what a rule, by its code, or a section, by its number, requires.

    Raises
    ------
    DoctorError
        There is no such rule or section.
    """
    rules = {rule.code: (book, rule) for book in BOOKS for rule in book.rules}
    if name in rules:
        return "\n".join([*_rule_lines(*rules[name]), "", legend(), ""])
    if name.isdecimal():
        with suppress(KeyError):
            return "\n".join([*_section_lines(int(name)), "", legend(), ""])
    close = get_close_matches(name, rules, 1)
    guess = f"did you mean {close[0]}?" if close else "--verbose lists the rules that the doctor checks."
    raise DoctorError(f"The contract has no rule or section {name!r}; {guess}")


def rule_codes() -> list[str]:
    """Return the code of every rule."""
    return [rule.code for book in BOOKS for rule in book.rules]


def _rule_lines(book: RuleBook, rule: Rule) -> Iterator[str]:
    yield from (f"# {rule.code}", "", f"{rule.title}. {rule.why}", "")
    passage = find_rule(rule.code, book.number)
    yield f"Level: {rule.level.value}. Section {book.number}, {book.title}: {passage.link}"
    if rule.needs:
        yield from ("", f"Tested only if these rules are kept: {', '.join(f'`{code}`' for code in rule.needs)}.")
    yield from ("", passage.text)


def _section_lines(number: int) -> Iterator[str]:
    section = find_section(number)
    yield from (f"Page: {section.link}", "", section.text)
    rules = [rule for book in BOOKS if book.number == number for rule in book.rules]
    if rules:
        yield from ("", "### What the doctor checks", "")
        yield from (f"* `{rule.code}` ({rule.level.value}): {rule.title}." for rule in rules)

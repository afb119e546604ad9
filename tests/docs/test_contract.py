"""The contract page holds what is cited of it, and leads from each rule to where it is decided and checked."""

import re
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from callsheet.doctor.contract.sections import BOOKS
from tests.docs.pages import ROOT, name

_PAGE: Final = ROOT / "docs" / "reference" / "contract.md"
_SECTION: Final = re.compile(r"^## (\d+)\. ", re.MULTILINE)
_HEADING: Final = re.compile(r"^##+ (.+)$", re.MULTILINE)
_DECIDED: Final = re.compile(r"`([^`]+\.py)`\s+\(([^)]+)\)")
_CODE: Final = re.compile(r"`([^`]+)`")
_UNCHECKED: Final = "ot checked"  # begins what a line "Doctor" says of the rules that no check has
_SHORTEST_REASON: Final = 20

#: "section 3", "sections 1, 3 and 4", "Section 4 of the contract", "§5" and "(contract, section 2)".
_CITATION: Final = re.compile(r"(?:\bsections?\s+|§ ?)(\d+(?:(?:,| and|, and) \d+)*)", re.IGNORECASE)


class Group(NamedTuple):
    """One group of rules: from its heading to its last line."""

    section: int
    heading: str
    line: int
    text: str

    def paragraph(self, begin: str) -> str:
        """The paragraph that begins so, on one line; empty if there is none."""
        found = re.search(rf"^{begin}: .+?(?=\n\n|\Z)", self.text, re.MULTILINE | re.DOTALL)
        return " ".join(found[0].split()) if found else ""


class Decision(NamedTuple):
    """A name that a line "Decided in", or the table at the end of the page, gives."""

    line: int
    path: str
    name: str


def _groups() -> Iterator[Group]:
    """The groups of the page: each section of the third level, or one of the second that has none."""
    text = _PAGE.read_text(encoding="utf-8")
    starts = [*(match.start() for match in _HEADING.finditer(text)), len(text)]
    section = 0
    for start, end in pairwise(starts):
        part = text[start:end]
        if part.startswith("## "):
            numbered = _SECTION.match(part)
            section = int(numbered[1]) if numbered else 0  # what stands beside the contract is in no section
            if text.startswith("### ", end):
                continue  # an introduction to the groups that follow
        if section:
            heading = part.partition("\n")[0].lstrip("# ")
            yield Group(section, heading, text[:start].count("\n") + 1, part)


GROUPS: Final = list(_groups())
SECTIONS: Final = sorted({group.section for group in GROUPS})


def _decisions() -> list[Decision]:
    text = _PAGE.read_text(encoding="utf-8")
    return [
        Decision(text[: found.start()].count("\n") + 1, found[1], decided)
        for found in _DECIDED.finditer(text)
        for decided in _names(found[2])
    ]


def _names(text: str) -> list[str]:
    """The names in the brackets behind a path; what follows the colon behind one is a remark."""
    return [code for part in text.split(";") for code in _CODE.findall(part.partition(":")[0])]


def test_the_sections_are_numbered_from_one_to_eight() -> None:
    numbers = [int(number) for number in _SECTION.findall(_PAGE.read_text(encoding="utf-8"))]
    assert numbers == SECTIONS == list(range(1, 9))


def test_every_line_of_the_page_that_decides_belongs_to_a_group() -> None:
    text = _PAGE.read_text(encoding="utf-8")
    for begin in ("Decided in", "Doctor"):
        assert len(re.findall(rf"^{begin}: ", text, re.MULTILINE)) == len(GROUPS), begin


@pytest.mark.parametrize("folder", ["src", "tests", "docs", "benchmarks"])
def test_every_section_that_is_cited_exists(folder: str) -> None:
    files = [file for end in ("py", "toml", "md") for file in (ROOT / folder).rglob(f"*.{end}") if file != _PAGE]
    for file in sorted(files):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            for cited in _CITATION.findall(line):
                missing = {int(each) for each in re.findall(r"\d+", cited)} - set(SECTIONS)
                assert not missing, f"{name(file)}:{number} cites a section that the contract does not have: {line}"


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: f"{group.section} {group.heading}")
def test_every_group_of_rules_says_where_it_is_decided_and_checked(group: Group) -> None:
    where = f"{name(_PAGE)}:{group.line} ({group.heading})"
    assert _DECIDED.search(group.paragraph("Decided in")), f'{where} needs a line "Decided in: `src/…py` (`name`)"'
    doctor = group.paragraph("Doctor")
    assert doctor, f'{where} needs a line "Doctor: `check`, …" or "Doctor: not checked; why"'
    checked, unchecked, why = doctor.partition(_UNCHECKED)
    assert _CODE.search(checked) or unchecked, f"{where} names no check of the doctor, and does not say why"
    assert not unchecked or len(why) > _SHORTEST_REASON, f"{where} does not say why it is not checked"


@pytest.mark.parametrize(
    "decision", _decisions(), ids=lambda decision: f"{Path(decision.path).stem}.{decision.name}"
)
def test_every_name_that_decides_a_rule_is_in_its_file(decision: Decision) -> None:
    where = f"{name(_PAGE)}:{decision.line}"
    assert (ROOT / decision.path).is_file(), f"{where} names {decision.path}, which does not exist"
    module = ".".join(Path(decision.path).relative_to("src").with_suffix("").parts)
    found: object = import_module(module)
    for part in decision.name.split("."):
        assert hasattr(found, part), f"{where} names `{decision.name}`, which {decision.path} does not have"
        found = getattr(found, part)
    defined_in = getattr(found, "__module__", module)
    assert defined_in in (module, "builtins", "typing"), (
        f"{where} names `{decision.name}` of {decision.path}, which only imports it from {defined_in}"
    )


@pytest.mark.parametrize("number", sorted({book.number for book in BOOKS}))
def test_every_check_of_the_doctor_is_named_in_its_section_and_no_other(number: int) -> None:
    lines = [group.paragraph("Doctor") for group in GROUPS if group.section == number]
    named = {code for line in lines for code in _CODE.findall(line.partition(_UNCHECKED)[0])}
    rules = {rule.code for book in BOOKS if book.number == number for rule in book.rules}
    assert rules <= named, f'{name(_PAGE)}, section {number}: no line "Doctor" names {sorted(rules - named)}'
    assert named <= rules, f"{name(_PAGE)}, section {number}: the doctor has no check {sorted(named - rules)}"

"""The page of the contract, of which the package has a copy: its sections, and the part that is about a rule."""

import re
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

#: Where the page is in Callsheet's repository.
PAGE: Final = "docs/reference/contract.md"

_SECTION: Final = re.compile(r"^## (?:(?P<number>\d+)\. )?.+$", re.MULTILINE)
_PART: Final = re.compile(r"^### .+$", re.MULTILINE)

#: A paragraph on Callsheet's own files, which is of no use to those who run another server.
_DECIDED: Final = re.compile(r"\n\nDecided in: .+?(?=\n\n|\Z)", re.DOTALL)


class Passage(NamedTuple):
    """A section, or a part of one.

    Parameters
    ----------
    link
        The page in Callsheet's repository, and the anchor of the heading.
    text
        As Markdown, with the heading.
    """

    link: str
    text: str


def section_link(number: int) -> str:
    """Return the link to a section."""
    return find_section(number).link


def find_section(number: int) -> Passage:
    """Return a section by its number.

    Raises
    ------
    KeyError
        The contract has no such section.
    """
    return _sections()[number]


def find_rule(code: str, number: int) -> Passage:
    """Return the part of a section that names the check of a rule; the whole section, if no part does."""
    section = find_section(number)
    starts = [found.start() for found in _PART.finditer(section.text)]
    for start, end in zip(starts, [*starts[1:], len(section.text)], strict=True):
        part = section.text[start:end]
        if f"`{code}`" in part.partition("\n\nDoctor: ")[2]:
            return _passage(part)
    return section


def legend() -> str:
    """Return the paragraph that explains the marks after rules, which say where a rule comes from."""
    return next(paragraph for paragraph in _page().split("\n\n") if "REC recorded" in paragraph)


@cache
def _page() -> str:
    return _DECIDED.sub("", (files("callsheet.doctor.contract") / "contract.md").read_text("utf-8"))


@cache
def _sections() -> dict[int, Passage]:
    page = _page()
    found = list(_SECTION.finditer(page))
    ends = [*(each.start() for each in found[1:]), len(page)]
    return {
        int(each["number"]): _passage(page[each.start() : end])
        for each, end in zip(found, ends, strict=True)
        if each["number"]
    }


def _passage(text: str) -> Passage:
    heading = text.partition("\n")[0].lstrip("#").strip()
    anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
    return Passage(f"{PAGE}#{anchor}", text.strip())

"""The page of the contract, of which the package has a copy: where a section is, and its text."""

import re
from functools import cache
from importlib.resources import files
from typing import Final

#: Where the page is in Callsheet's repository.
PAGE: Final = "docs/reference/contract.md"

_HEADING: Final = re.compile(r"^## (?P<number>\d+)\. (?P<title>.+)$", re.MULTILINE)


@cache
def contract_sections() -> dict[int, str]:
    """Return the text of every section by its number, each with its heading."""
    page = (files("callsheet.doctor.contract") / "contract.md").read_text("utf-8")
    found = list(_HEADING.finditer(page))
    ends = [each.start() for each in found[1:]] + [len(page)]
    return {int(each["number"]): page[each.start() : end].strip() for each, end in zip(found, ends, strict=True)}


def section_link(number: int) -> str:
    """Return the link to a section: the page in Callsheet's repository, and the anchor of the heading."""
    heading = contract_sections()[number].partition("\n")[0].removeprefix("## ")
    anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
    return f"{PAGE}#{anchor}"

"""Every link within the project leads somewhere."""

from pathlib import Path

import pytest

import callsheet
from tests.docs.pages import PAGES, ROOT, anchors, links, name

SOURCE = ROOT / "src/callsheet"
PACKAGE = Path(callsheet.__file__).parent  # elsewhere than its source with scripts/test-wheel


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for link in links(page):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), link
        if target.is_relative_to(SOURCE):
            target = PACKAGE / target.relative_to(SOURCE)
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_the_map_leads_to_every_page() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}
    assert {page for page in PAGES if page.is_relative_to(index.parent)} - {index} <= linked

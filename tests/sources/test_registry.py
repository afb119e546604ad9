"""Every kind of upstream has its module, and a row in the reference."""

import re

import pytest

from callsheet.domain.errors import SourceError
from callsheet.sources.registry import ENRICHMENTS, KINDS, upstream_of
from callsheet.sources.upstream import SourceKind
from tests.docs.pages import ROOT


def test_every_kind_has_a_module() -> None:
    assert tuple(SourceKind) == KINDS
    assert set(KINDS) > ENRICHMENTS


def test_every_kind_has_a_row_in_the_reference_in_order() -> None:
    page = (ROOT / "docs/reference/sources.md").read_text()
    rows = re.findall(r"^\| \[`([a-z-]+)`\]\(#[a-z-]+\) \|", page, re.MULTILINE)
    assert sorted(rows) == sorted(SourceKind)


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(SourceError, match=r"no kind of source 'bard'; the kinds are anthropic, .*\."):
        upstream_of("bard")

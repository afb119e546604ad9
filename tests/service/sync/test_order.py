"""The order of sources: whose claims count where two say different things of one model."""

from collections.abc import Iterator

import pytest

from callsheet.domain.errors import DoesNotExistError, InvalidError, RefusedError
from callsheet.sources.upstream import SourceKind
from tests.installation import Installation
from tests.service.sync.site import Site
from tests.service.sync.upstream import serve_upstream


def one_model(created: int) -> bytes:
    return b'{"object": "list", "data": [{"id": "alpha", "created": %d}]}' % created


@pytest.fixture
def site(empty: Installation) -> Iterator[Site]:
    """The model alpha, of 2024 as the source gateway says, and of 2025 as the source second says."""
    with serve_upstream() as first, serve_upstream() as second:
        first.body, second.body = one_model(1_714_521_600), one_model(1_746_057_600)
        site = Site(empty, first)
        site.run()
        site.add("second", url=second.url)
        site.run("second")
        yield site


def year(site: Site) -> int:
    return site.models()["alpha"].created_at.year


def test_the_source_that_was_added_first_counts(site: Site) -> None:
    assert [each.name for each in site.sources.list()] == ["gateway", "second"]
    assert year(site) == 2024


def test_a_source_that_is_put_before_another_outranks_it_at_once(site: Site) -> None:
    revision = site.revision
    site.sources.change("second", {}, before="gateway")
    assert [each.name for each in site.sources.list()] == ["second", "gateway"]
    assert year(site) == 2025
    assert site.revision == revision + 1
    site.sources.change("gateway", {"every": "10m"}, before="second")
    assert year(site) == 2024
    assert site.source.config.record()["every"] == "10m"


def test_putting_a_source_where_it_is_changes_nothing(site: Site) -> None:
    revision = site.revision
    site.sources.change("gateway", {}, before="second")
    assert site.revision == revision


@pytest.mark.parametrize(
    ("other", "kind", "sentence"),
    [
        ("third", DoesNotExistError, r"^There is no source 'third' to put gateway before\.$"),
        ("gateway", InvalidError, r"^gateway cannot be put before itself\.$"),
        ("facts", InvalidError, r"^A source outranks every enrichment, so one cannot be put before the other\.$"),
    ],
)
def test_what_cannot_be_put_before_is_refused(
    site: Site, other: str, kind: type[RefusedError], sentence: str
) -> None:
    site.add("facts", kind=SourceKind.MODELS_DEV, provider="acme")
    before = site.rows()
    with pytest.raises(kind, match=sentence):
        site.sources.change("gateway", {"every": "10m"}, before=other)
    assert site.rows() == before

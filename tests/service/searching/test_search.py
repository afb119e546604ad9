"""A search finds what looking at every model would find, and its pages have each of them once, either way."""

from collections import Counter
from collections.abc import Mapping
from weakref import ref

from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.catalog import MAX_BLOCK_MODELS, Catalog
from callsheet.domain.model import Lifecycle, Model
from callsheet.service.searching.block_text import read_block
from callsheet.service.searching.search import MAX_WAITED_BLOCKS, count_facets, search
from callsheet.service.searching.texts import Texts
from callsheet.service.searching.wanted import Wanted, facets_of, words_of
from tests.installation import make_model
from tests.strategies import models, texts
from tests.tiers import examples

#: Few letters and numbers, so that words are often found, and often in two texts only together.
_PIECES = st.sampled_from(
    ["opus", "Opus", "4", "45", "5", "-", "4-5", "ß", "STRASSE", "İ", "模型", "a", "A b", "\x1f"]
)
_NAMES = st.lists(_PIECES, min_size=1, max_size=4).map("".join)
_IDS = _NAMES.map(lambda name: name.replace("\x1f", "") or "x")


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    """Catalogues of some models, alike but for a few characters, some with aliases."""
    ids = draw(st.lists(_IDS, max_size=12, unique=True))
    made = [
        make_model(
            each,
            f"202{number % 3}-01-01",
            display_name=draw(_IDS),
            line=draw(st.sampled_from([None, "opus", "haiku"])),
            source=draw(st.sampled_from([None, "gateway"])),
            hidden=draw(st.booleans()),
        )
        for number, each in enumerate(ids)
    ]
    free = [each for each in draw(st.lists(_IDS, max_size=6, unique=True)) if each not in ids]
    return Catalog(made, {alias: draw(st.sampled_from(ids)) for alias in free} if ids else {})


wanteds = st.builds(
    Wanted,
    words=st.lists(_NAMES, max_size=3).map(lambda names: words_of(" ".join(names))),
    lifecycle=st.sampled_from([None, Lifecycle.ACTIVE, Lifecycle.RETIRED]),
    line=st.sampled_from([None, "opus"]),
    source=st.sampled_from([None, "gateway"]),
    hidden=st.sampled_from([None, True, False]),
    listed=st.sampled_from([None, True, False]),
)


def naive(catalog: Catalog, wanted: Wanted) -> list[Model]:
    """What fits, by looking at every model."""
    by_model: dict[str, list[str]] = {}
    for alias, model_id in catalog.aliases().items():
        by_model.setdefault(model_id, []).append(alias)
    return [model for model in catalog if wanted.fits(model, by_model.get(model.id, ()))]


def walk(catalog: Catalog, wanted: Wanted, limit: int, *, backwards: bool, kept: Texts) -> list[Model]:
    """Every model of a search, page by page, in the order of the API."""
    found: list[Model] = []
    after: str | None = None
    before = "~" if backwards else None
    while True:
        page = search(catalog, wanted, limit, after, before, kept)
        some = [model for model, _ in page.models]
        found = [*some, *found] if backwards else [*found, *some]
        if not page.has_more:
            return found
        after, before = (None, some[0].sort_key) if backwards else (some[-1].sort_key, None)


@examples(8)
@given(catalogs(), wanteds, st.integers(1, 5), st.booleans())
def test_pages_have_each_model_that_fits_once_and_no_other(
    catalog: Catalog, wanted: Wanted, limit: int, backwards: bool
) -> None:
    assert walk(catalog, wanted, limit, backwards=backwards, kept=Texts()) == naive(catalog, wanted)


@given(st.lists(models(), max_size=8, unique_by=lambda model: model.id), st.lists(texts, max_size=2))
def test_any_models_are_found_as_by_looking_at_each(some: list[Model], typed: list[str]) -> None:
    catalog = Catalog(some)
    parts = [model.display_name[1:5] for model in some[:1]]
    for text in ("", *typed, *parts):
        wanted = Wanted(words=words_of(text))
        assert walk(catalog, wanted, 3, backwards=False, kept=Texts()) == naive(catalog, wanted)


def test_a_model_with_an_alias_comes_with_it() -> None:
    catalog = Catalog([make_model("one"), make_model("two")], {"b": "two", "a": "two"})
    ((model, aliases),) = search(catalog, Wanted(words=("b",)), 5, texts=Texts()).models
    assert (model.id, list(aliases)) == ("two", ["a", "b"])


def test_a_word_may_be_in_the_alias_and_another_in_the_name() -> None:
    catalog = Catalog([make_model("one", display_name="First"), make_model("two")], {"best": "one", "worst": "two"})
    found = search(catalog, Wanted(words=words_of("BEST first")), 5, texts=Texts()).models
    assert [model.id for model, _ in found] == ["one"]


def test_many_blocks_are_walked_in_order_in_both_directions() -> None:
    catalog = Catalog([make_model(f"m-{number:05d}", hidden=number % 7 == 0) for number in range(2000)])
    assert len(catalog.blocks) > 3
    for wanted in (Wanted(words=("9",)), Wanted(hidden=True), Wanted(words=("m-0", "7"), hidden=False)):
        expected = naive(catalog, wanted)
        assert expected
        for backwards in (False, True):
            assert walk(catalog, wanted, 100, backwards=backwards, kept=Texts()) == expected


def test_a_search_of_an_empty_catalogue_finds_nothing_wherever_it_begins() -> None:
    for after, before in ((None, None), ("x", None), (None, "x"), ("a", "x")):
        assert search(Catalog(), Wanted(words=("a",)), 5, after, before, Texts()) == ([], False)


def test_a_change_keeps_what_is_known_of_other_blocks_and_drops_what_is_gone() -> None:
    catalog = Catalog([make_model(f"m-{number:05d}") for number in range(1000)])
    kept = Texts()
    count_facets(catalog, kept)
    changed = catalog.changed({"m-00001": make_model("m-00001", display_name="Something else")})
    (fresh,) = [block for block in changed.blocks if not kept.has(block)]
    (gone,) = [ref(block) for block in catalog.blocks if block not in changed.blocks]
    assert [m.id for m, _ in search(changed, Wanted(words=("else",)), 5, texts=kept).models] == ["m-00001"]
    assert kept.has(fresh)
    del catalog
    assert gone() is None
    assert kept.size_bytes == sum(read_block(block).size_bytes for block in changed.blocks)


def test_a_new_alias_is_found_although_its_block_is_the_same() -> None:
    catalog = Catalog([make_model("one")])
    kept, wanted = Texts(), Wanted(words=("neu",))
    assert not search(catalog, wanted, 5, texts=kept).models
    assert search(catalog.changed(aliases={"neu": "one"}), wanted, 5, texts=kept).models


def test_texts_take_no_more_than_they_may_and_searches_find_the_same() -> None:
    catalog = Catalog([make_model(f"m-{number:05d}") for number in range(1000)])
    kept = Texts(max_bytes=40_000)
    kept.warm(catalog).join()
    assert 0 < kept.size_bytes <= 40_000
    wanted = Wanted(words=("99",))
    assert walk(catalog, wanted, 7, backwards=False, kept=kept) == naive(catalog, wanted)
    assert kept.size_bytes <= 40_000


@given(catalogs())
def test_counts_are_those_of_all_models(catalog: Catalog) -> None:
    expected: Mapping[object, int] = Counter(map(facets_of, catalog))
    assert count_facets(catalog, Texts()) == expected
    assert count_facets(catalog, Texts(), waits=False) == expected


def test_one_who_does_not_wait_gets_the_counts_once_they_were_made_in_the_background() -> None:
    many = (MAX_WAITED_BLOCKS + 2) * MAX_BLOCK_MODELS // 2
    catalog = Catalog([make_model(f"m-{number:05d}") for number in range(many)])
    kept = Texts()
    assert count_facets(catalog, kept, waits=False) is None
    kept.warm(catalog).join()
    counts = count_facets(catalog, kept, waits=False)
    assert counts is not None
    assert sum(counts.values()) == many


def test_a_rare_word_is_looked_for_without_reading_all_of_each_block() -> None:
    catalog = Catalog(
        [make_model(f"m-{number:05d}", source="s" if number == 999 else None) for number in range(1000)]
    )
    for wanted in (Wanted(words=("m-00700",)), Wanted(source="s"), Wanted(words=("m-00999",), source="s")):
        kept = Texts()
        (found,) = search(catalog, wanted, 5, texts=kept).models
        assert [block for block in catalog.blocks if kept.has(block)] == [
            block for block in catalog.blocks if found[0] in block.models
        ]

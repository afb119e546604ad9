"""Section 3: the filter `lifecycle[]`."""

import pytest

from tests.doors import Door
from tests.installation import Installation

LISTED = {
    "": "abcd",
    "lifecycle[]=active": "ab",
    "lifecycle[]=deprecated": "cd",
    "lifecycle[]=retired": "e",
    "lifecycle[]=active&lifecycle[]=deprecated": "abcd",
    "lifecycle[]=retired&lifecycle[]=active": "abe",
    "lifecycle[]=active&lifecycle[]=deprecated&lifecycle[]=retired": "abcde",
    "lifecycle%5B%5D=active&lifecycle%5B%5D=retired": "abe",
    "lifecycle%5b%5d=retired": "e",
    "lifecycle=active": "ab",
    "lifecycle=active&lifecycle=retired": "abe",
    "lifecycle=active,retired": "abe",
    "lifecycle=active%2Cretired": "abe",
    "lifecycle=deprecated,retired&lifecycle[]=active": "abcde",
    "lifecycle[]=active&beta=true&lifecycle[]=active": "ab",
    "lifecycle[]=%61ctive": "ab",
}


@pytest.fixture
def lifecycles(letters: Installation) -> Installation:
    """Five models: two active, two deprecated, one retired."""
    letters.catalog.deprecate("c")
    letters.catalog.deprecate("d")
    letters.catalog.retire("e")
    return letters


def test_every_spelling_filters(door: Door, lifecycles: Installation) -> None:
    assert {query: "".join(door.get(f"/v1/models?{query}").ids) for query in LISTED} == LISTED


def test_has_more_counts_only_what_the_filter_leaves(door: Door, lifecycles: Installation) -> None:
    for query, has_more in (("active&limit=1", True), ("active&limit=2", False), ("retired&limit=1", False)):
        assert door.get(f"/v1/models?lifecycle={query}").json["has_more"] is has_more, query
    assert door.get("/v1/models?limit=4").json["has_more"] is False


def test_a_retired_model_can_be_retrieved(door: Door, lifecycles: Installation) -> None:
    model = door.get("/v1/models/e").json
    assert model["lifecycle"] == "retired"
    assert model["deprecated_at"] is not None
    assert model["retires_at"] is not None


def test_the_filter_works_in_the_classic_shape(door: Door, lifecycles: Installation) -> None:
    door.set_up(shape="classic")
    assert door.get("/v1/models?lifecycle=retired").ids == ["e"]

"""A gateway that is observed is shown as it is; in what the catalogue differs is logged once, and counted."""

import logging
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.grant import GrantedModels
from callsheet.domain.access.visibility import SEES_ALL, Visibility
from callsheet.domain.catalog import Catalog
from callsheet.service.delegation.comparing import Difference, compare, describe
from tests.api.states import make_state
from tests.installation import make_model
from tests.service.delegation.asking import Site, said
from tests.service.delegation.test_verdicts import KEY, OTHER, talk

CATALOG = Catalog(
    [
        make_model("alpha", max_input_tokens=1000),
        make_model("beta", hidden=True),
        make_model("gamma"),
        make_model("delta"),
    ],
    {},
    {"gone": "key"},
)
STATED = GrantedModels(
    [
        make_model("alpha", "1970-01-01", max_input_tokens=2000),
        make_model("beta", "1970-01-01"),
        make_model("gamma", "1970-01-01"),
        make_model("delta", "1970-01-01"),
        make_model("gone"),
        make_model("new"),
    ]
)


def test_each_kind_of_difference_is_found() -> None:
    assert compare(STATED, CATALOG, Visibility(deny=("gamma",))) == {
        Difference.FACTS: ("alpha",),
        Difference.HIDDEN: ("beta",),
        Difference.NOT_ALLOWED: ("gamma",),
        Difference.REMOVED: ("gone",),
        Difference.UNKNOWN: ("new",),
    }


@given(st.sets(st.sampled_from(STATED.ids)), st.sampled_from([SEES_ALL, Visibility(deny=("gamma",))]))
def test_the_differences_of_a_list_are_those_of_its_models(ids: set[str], rules: Visibility) -> None:
    whole = compare(STATED, CATALOG, rules)
    some = compare(GrantedModels(STATED.stated[each] for each in sorted(ids)), CATALOG, rules)
    for difference in Difference:
        assert set(some.get(difference, ())) == set(whole.get(difference, ())) & ids


def test_many_ids_are_counted_and_not_all_named() -> None:
    sentence = describe({Difference.UNKNOWN: tuple(f"m{number}" for number in range(1005))})
    assert sentence == "not in the catalogue, so govern leaves them out: m0, m1, m2, m3, m4 and 1,000 more"


def test_a_difference_is_logged_once_and_counted_each_time(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "callsheet")

    async def what(here: Site) -> None:
        here.state = replace(here.state, catalog=make_state([make_model("alpha")]).catalog)
        here.gateway.keys[OTHER] = ["alpha", "beta"]
        for _ in range(3):
            assert await here.ids(KEY) == ("alpha", "beta")
            assert await here.ids(OTHER) == ("alpha", "beta")
            here.clock.now += 60
        assert here.checks.counts.differences == {"unknown": 6, "facts": 6}
        here.gateway.keys[OTHER] = ["alpha", "gamma"]
        await here.ids(OTHER)

    talk(what, key_mode="observe")
    first, second = said(caplog)
    assert first.startswith("INFO The list of source gateway for a key differs from ours: ")
    assert "not in the catalogue, so govern leaves them out: beta" in first
    assert "not in the catalogue, so govern leaves them out: gamma" in second
    assert KEY not in caplog.text


def test_otherwise_nothing_is_compared() -> None:
    async def what(here: Site) -> None:
        await here.ids(KEY)
        assert not here.checks.counts.differences

    talk(what)

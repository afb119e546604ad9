"""Chains of replacements end in any case, and say how."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.retirement.chain import Chain, End, chain_of
from callsheet.domain.times import parse_instant

SINCE = parse_instant("2026-01-01")
ON = {"supported": True}
OFF = {"supported": False}


def model(
    model_id: str, replacement: str | None = None, lifecycle: Lifecycle | None = None, **fields: Any
) -> Model:
    stage = lifecycle or (Lifecycle.DEPRECATED if replacement else Lifecycle.ACTIVE)
    since = None if stage is Lifecycle.ACTIVE else SINCE
    return Model(
        id=model_id, display_name=model_id, lifecycle=stage, deprecated_at=since, replacement=replacement, **fields
    )


def chain(*every: Model) -> Chain:
    """The chain of the first of these models."""
    return chain_of(every[0], {each.id: each for each in every}.get)


@pytest.mark.parametrize(
    ("every", "ids", "end"),
    [
        pytest.param([model("a", lifecycle=Lifecycle.DEPRECATED)], (), End.NONE, id="no replacement"),
        pytest.param([model("a", "b"), model("b")], ("b",), End.USABLE, id="one step"),
        pytest.param([model("a", "b"), model("b", "c"), model("c")], ("b", "c"), End.USABLE, id="two steps"),
        pytest.param([model("a", "b")], ("b",), End.MISSING, id="a missing end"),
        pytest.param([model("a", "b"), model("b", "a")], ("b", "a"), End.LOOP, id="a circle"),
        pytest.param(
            [model("a", "b"), model("b", "c"), model("c", "b")], ("b", "c", "b"), End.LOOP, id="a circle behind"
        ),
        pytest.param([model("a", "b"), model("b", lifecycle=Lifecycle.RETIRED)], ("b",), End.RETIRED, id="retired"),
        pytest.param(
            [model("a", "b"), model("b", "c", Lifecycle.RETIRED), model("c")], ("b", "c"), End.USABLE, id="over it"
        ),
        pytest.param([model("a", "b"), model("b", hidden=True)], ("b",), End.HIDDEN, id="hidden"),
        pytest.param(
            [model("a", "b"), model("b", lifecycle=Lifecycle.DEPRECATED)], ("b",), End.DEPRECATED, id="deprecated"
        ),
        pytest.param(
            [model("a", "b"), model("b", "c", Lifecycle.ACTIVE), model("c")], ("b",), End.USABLE, id="active stays"
        ),
    ],
)
def test_a_chain_leads_to_the_first_model_to_stay_with(every: list[Model], ids: tuple[str, ...], end: End) -> None:
    found = chain(*every)
    assert (found.ids, found.end) == (ids, end)
    assert found.target == (ids[-1] if end is End.USABLE else None)


def test_what_the_last_model_has_less_of_is_said() -> None:
    first = model(
        "a",
        "b",
        max_input_tokens=1_000_000,
        max_tokens=64_000,
        capabilities={"batch": ON, "effort": {**ON, "max": ON, "low": ON}, "thinking": ON},
    )
    last = model(
        "b",
        max_input_tokens=200_000,
        max_tokens=64_000,
        capabilities={"batch": OFF, "effort": {**ON, "max": OFF, "low": ON}},
    )
    assert chain(first, last).weaker == ("max_input_tokens", "capabilities.batch", "capabilities.effort.max")


def test_what_is_not_known_of_both_is_not_less() -> None:
    first = model("a", "b", max_input_tokens=1_000_000, capabilities={"batch": ON})
    assert chain(first, model("b")).weaker == ()
    assert chain(replace(first, capabilities=None), model("b", capabilities={"batch": OFF})).weaker == ()


names = st.sampled_from("abcdefg")


@given(
    st.dictionaries(
        names, st.tuples(st.none() | names, st.sampled_from(Lifecycle), st.booleans()), min_size=1, max_size=7
    )
)
def test_any_chain_ends_and_names_no_model_twice_but_in_a_circle(
    drawn: dict[str, tuple[str | None, Lifecycle, bool]],
) -> None:
    every = {
        name: model(name, None if replacement == name else replacement, lifecycle, hidden=hidden)
        for name, (replacement, lifecycle, hidden) in drawn.items()
    }
    for each in every.values():
        found = chain_of(each, every.get)
        steps = [each.id, *found.ids]
        assert (len(set(steps)) < len(steps)) is (found.end is End.LOOP)
        assert [every[name].replacement for name in steps[:-1]] == list(found.ids)
        if found.end is End.USABLE:
            assert every[found.ids[-1]].lifecycle is Lifecycle.ACTIVE
        assert (found.end is End.MISSING) is (steps[-1] not in every)

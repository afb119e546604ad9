from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.capabilities import parse_capabilities
from callsheet.domain.errors import InvalidError
from tests.strategies import capabilities

YES = {"supported": True}
NO = {"supported": False}

#: The order of the wire, as the contract lists it.
WIRE: dict[str, Any] = {
    "batch": YES,
    "citations": YES,
    "code_execution": NO,
    "context_management": {
        "supported": True,
        "clear_tool_uses_20250919": YES,
        "clear_thinking_20251015": YES,
        "compact_20260112": NO,
    },
    "effort": {"supported": True, "low": YES, "medium": YES, "high": YES, "xhigh": NO, "max": NO},
    "image_input": YES,
    "pdf_input": YES,
    "server_tools": {"supported": True, "code_execution": NO, "web_search": YES},
    "structured_outputs": YES,
    "thinking": {
        "supported": True,
        "types": {"enabled": YES, "adaptive": NO, "disabled": YES, "between_tools": NO},
    },
}


def _ordered(node: object) -> object:
    """The same with every object as a list of pairs, so that order counts when compared."""
    return [(key, _ordered(value)) for key, value in node.items()] if isinstance(node, Mapping) else node


def _shuffled(node: object, random: Any) -> object:
    if not isinstance(node, Mapping):
        return node
    keys = list(node)
    random.shuffle(keys)
    return {key: _shuffled(node[key], random) for key in keys}


@given(st.randoms(use_true_random=False))
def test_known_keys_come_out_in_the_order_of_the_wire_however_they_came_in(random: Any) -> None:
    assert _ordered(parse_capabilities(_shuffled(WIRE, random))) == _ordered(WIRE)


@given(capabilities)
def test_nothing_is_lost_or_added(given_: dict[str, object]) -> None:
    assert parse_capabilities(given_) == given_


@given(capabilities)
def test_parsing_twice_changes_nothing_more(given_: dict[str, object]) -> None:
    once = parse_capabilities(given_)
    assert _ordered(parse_capabilities(once)) == _ordered(once)


def test_unknown_keys_are_kept_as_given_behind_the_known_ones() -> None:
    given_ = {
        "zeta": YES,
        "alpha": {"beta": NO, "supported": True},
        "thinking": {"types": {"dreaming": YES, "enabled": YES}, "supported": True},
        "batch": YES,
    }
    assert _ordered(parse_capabilities(given_)) == _ordered(
        {
            "batch": YES,
            "thinking": {"supported": True, "types": {"enabled": YES, "dreaming": YES}},
            "zeta": YES,
            "alpha": {"supported": True, "beta": NO},
        }
    )


def test_no_capabilities_at_all_can_be_said() -> None:
    assert parse_capabilities({}) == {}


@pytest.mark.parametrize("value", [None, True, "batch", ["batch"], 7])
def test_capabilities_that_are_no_object_are_refused(value: object) -> None:
    with pytest.raises(InvalidError, match=r"^Capabilities must be a JSON object such as"):
        parse_capabilities(value)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"batch": True}, "batch"),
        ({"batch": {}}, "batch"),
        ({"batch": None}, "batch"),
        ({"batch": {"supported": 1}}, "batch.supported"),
        ({"batch": {"supported": "yes"}}, "batch.supported"),
        ({"batch": {"supported": None}}, "batch.supported"),
        ({"effort": {"low": False}}, "effort.low"),
        ({"thinking": {"types": {"enabled": {"supported": 0}}}}, "thinking.types.enabled.supported"),
        ({"new": {"group": {"leaf": []}}}, "new.group.leaf"),
    ],
)
def test_what_is_neither_leaf_nor_group_is_refused_by_its_place(value: object, place: str) -> None:
    with pytest.raises(InvalidError, match=rf"^Capability {place} must be "):
        parse_capabilities(value)


@pytest.mark.parametrize("key", ["", "a\nb", "x" * 101, 7, "\ud800"])
def test_a_key_that_is_not_a_printable_name_is_refused(key: object) -> None:
    with pytest.raises(InvalidError, match="is not a printable name of at most 100 characters"):
        parse_capabilities({key: YES})


def test_endless_nesting_and_endless_keys_are_refused() -> None:
    deep: dict[str, object] = {"supported": True}
    for _ in range(5000):
        deep = {"a": deep}
    with pytest.raises(InvalidError, match="is nested deeper than"):
        parse_capabilities(deep)
    with pytest.raises(InvalidError, match="has more than 200 keys"):
        parse_capabilities({f"k{number}": YES for number in range(201)})

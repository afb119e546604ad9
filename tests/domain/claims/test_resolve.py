"""What claims come to: by rank, whatever the order, and always something valid."""

import json
from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import callsheet
from callsheet.domain.capabilities import completed, is_complete
from callsheet.domain.claims.claims import CLAIMABLE, SAME_AS, Claims
from callsheet.domain.claims.manager import BUILTIN, PERSON, Manager, ManagerKind, parse_manager
from callsheet.domain.claims.resolve import (
    in_order,
    inheritable,
    inherited_from,
    is_listed,
    merged,
    model_of,
    provenance,
    resolve,
)
from callsheet.domain.claims.values import checked_fields, claimed_by
from callsheet.domain.errors import InvalidError
from callsheet.domain.model import Model
from tests.strategies import models

BUILT_IN = Path(callsheet.__file__).parent / "data" / "models.json"

VLLM = Manager(ManagerKind.SOURCE, "vllm")
OLLAMA = Manager(ManagerKind.SOURCE, "ollama")
PRICES = Manager(ManagerKind.ENRICHMENT, "prices")
TEAM = Manager(ManagerKind.FILE, "team")
MANAGERS = [BUILTIN, PRICES, VLLM, OLLAMA, TEAM, PERSON]
POSITIONS = {"vllm": 1, "ollama": 2, "prices": 3}

UPSTREAMS = [ManagerKind.SOURCE, ManagerKind.ENRICHMENT]

#: Capabilities of which every one is known.
WHOLE: Mapping[str, Any] = next(
    each["capabilities"] for each in json.loads(BUILT_IN.read_text())["models"] if each.get("capabilities")
)

LISTED = [
    pytest.param({BUILTIN: True}, True, id="built-in"),
    pytest.param({BUILTIN: None, VLLM: None}, False, id="nobody lists"),
    pytest.param({VLLM: True, PERSON: False}, False, id="suppressed"),
    pytest.param({VLLM: True, TEAM: False, PERSON: None}, False, id="suppressed by a file"),
    pytest.param({VLLM: False, TEAM: True}, True, id="a file outranks a source"),
    pytest.param({}, False, id="no claims"),
]


@st.composite
def claims_on(draw: st.DrawFn, model_id: str = "m") -> list[Claims]:
    """Claims of some managers on one model."""
    found = []
    for manager in draw(st.lists(st.sampled_from(MANAGERS), unique=True)):
        said = claimed_by(draw(models()))
        names = draw(st.sets(st.sampled_from(sorted(said)))) if said else set()
        unknown = dict.fromkeys(draw(st.sets(st.sampled_from(sorted(CLAIMABLE - {SAME_AS})), max_size=3)))
        fields = {**{name: said[name] for name in names}, **unknown}
        found.append(Claims(model_id, manager, draw(st.sampled_from([None, True, False])), fields))
    return found


@pytest.mark.parametrize(("lists", "expected"), LISTED)
def test_the_highest_manager_that_says_so_decides_whether_a_model_exists(
    lists: Mapping[Manager, bool | None], expected: bool
) -> None:
    claims = [Claims("m", manager, says) for manager, says in lists.items()]
    assert is_listed(in_order(claims, POSITIONS)) is expected


@given(claims_on(), st.randoms())
def test_what_claims_come_to_does_not_depend_on_their_order(claims: list[Claims], random: Any) -> None:
    shuffled = claims.copy()
    random.shuffle(shuffled)
    assert in_order(shuffled, POSITIONS) == in_order(claims, POSITIONS)


@given(claims_on())
def test_any_valid_claims_come_to_a_valid_model_or_to_none(claims: list[Claims]) -> None:
    ordered = in_order(claims, POSITIONS)
    assert (resolve("m", ordered) is not None) is is_listed(ordered)
    model_of("m", merged(ordered))


@given(claims_on())
def test_each_field_is_that_of_the_highest_manager_that_claims_it(claims: list[Claims]) -> None:
    ordered = in_order(claims, POSITIONS)
    found, fields = provenance(ordered), merged(ordered)
    assert found.keys() == fields.keys()
    for name, held in found.items():
        if name != "capabilities":  # upstreams state them in part
            assert held[0].value == fields[name]
        if name != "retirement_precision":  # it is of one date; see the tests of that
            assert [each.manager for each in held] == [
                each.manager for each in reversed(ordered) if name in each.fields
            ]


def dated(manager: Manager, day: str | None, **fields: Any) -> Claims:
    retires_at = None if day is None else f"2027-01-{day}T00:00:00Z"
    return Claims("m", manager, fields={"lifecycle": "deprecated", "retires_at": retires_at, **fields})


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        pytest.param(dated(VLLM, "02"), None, id="another date"),
        pytest.param(dated(VLLM, "01"), "exact", id="the same date"),
        pytest.param(dated(VLLM, None), None, id="no date"),
        pytest.param(dated(VLLM, "02", retirement_precision="earliest"), "earliest", id="another, with precision"),
        pytest.param(
            Claims("m", VLLM, fields={"retirement_precision": "earliest"}), "earliest", id="only the precision"
        ),
        pytest.param(Claims("m", VLLM, fields={"line": "opus"}), "exact", id="nothing of dates"),
    ],
)
def test_how_precise_a_date_is_holds_for_that_date_only(above: Claims, expected: str | None) -> None:
    below = dated(BUILTIN, "01", retirement_precision="exact")
    ordered = in_order([below, above], POSITIONS)
    assert merged(ordered)["retirement_precision"] == expected
    held = provenance(ordered)["retirement_precision"]
    assert held[0].value == expected
    assert held[-1].manager == BUILTIN
    assert held[0].manager == (BUILTIN if expected == "exact" else VLLM)


def test_the_precision_of_another_models_date_is_that_of_its_date() -> None:
    other = [dated(BUILTIN, "01", retirement_precision="exact")]
    inherited, found = inheritable(merged(other)), inherited_from("other", provenance(other))
    same, moved = [Claims("m", VLLM, lists=True)], [dated(VLLM, "02")]
    assert merged(same, inherited)["retirement_precision"] == "exact"
    assert [each.of for each in provenance(same, found)["retirement_precision"]] == ["other"]
    assert merged(moved, inherited)["retirement_precision"] is None
    assert [each.value for each in provenance(moved, found)["retirement_precision"]] == [None, "exact"]


def test_whether_a_model_retires_itself_is_said_of_one_id_not_of_those_that_are_the_same() -> None:
    assert inheritable({"retires_itself": True, "line": "opus"}) == {"line": "opus"}


@given(models())
def test_what_is_claimed_of_a_model_alone_comes_to_that_model(model: Model) -> None:
    claims = Claims(model.id, PERSON, lists=True, fields=claimed_by(model))
    assert resolve(model.id, [claims]) == model
    assert checked_fields(model.id, claims.fields) == claims.fields


def test_managers_are_ranked_by_kind_then_by_position_then_by_name() -> None:
    unplaced = [Manager(ManagerKind.FILE, name) for name in ("b", "a")]
    expected = [BUILTIN, PRICES, OLLAMA, VLLM, *unplaced, PERSON]
    for drawn in list(permutations(expected))[::97]:
        assert [each.manager for each in in_order([Claims("m", it) for it in drawn], POSITIONS)] == expected


def test_a_file_with_the_name_of_a_source_has_the_rank_of_a_file_without() -> None:
    files = [Manager(ManagerKind.FILE, name) for name in ("vllm", "team")]
    claims = [Claims("m", it) for it in files]
    assert [each.manager.name for each in in_order(claims, {})] == ["vllm", "team"]
    assert in_order(claims, {"team": 2}) == in_order(claims, {"vllm": 1}) == in_order(claims, {})


def leaves_of(tree: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], bool]:
    """The flags of capabilities, by where they are."""
    if isinstance(tree, Mapping):
        return {
            place: flag for name, each in tree.items() for place, flag in leaves_of(each, (*path, name)).items()
        }
    return {} if tree is None else {path: tree}


@given(claims_on())
def test_of_capabilities_what_the_highest_manager_states_counts(claims: list[Claims]) -> None:
    ordered = in_order(claims, POSITIONS)
    stated = [each for each in ordered if "capabilities" in each.fields]
    found = leaves_of(merged(ordered).get("capabilities"))
    if not stated:
        assert found == {}
    elif stated[-1].manager.kind in UPSTREAMS:
        said = leaves_of(stated[-1].fields["capabilities"])
        assert found == {} or found.items() >= said.items()
        assert found == {} or is_complete(merged(ordered)["capabilities"])
    else:
        assert found == leaves_of(stated[-1].fields["capabilities"])


@pytest.mark.parametrize("kind", UPSTREAMS)
def test_capabilities_that_an_upstream_does_not_state_are_those_that_are_known_below(kind: ManagerKind) -> None:
    stated = {"image_input": {"supported": False}, "thinking": {"supported": True}, "video": {"supported": True}}
    claims = [Claims("m", Manager(kind, "gateway"), True, {"capabilities": stated})]
    assert merged(claims, {"capabilities": WHOLE})["capabilities"] == {
        **WHOLE,
        "image_input": {"supported": False},
        "video": {"supported": True},
    }


def test_nothing_of_a_group_is_supported_that_an_upstream_states_not_to_be() -> None:
    claims = [Claims("m", VLLM, True, {"capabilities": {"effort": {"supported": False}}})]
    found = leaves_of(merged(claims, {"capabilities": WHOLE})["capabilities"])
    assert found.keys() == leaves_of(WHOLE).keys()
    assert {path[0] for path, flag in found.items() if flag != leaves_of(WHOLE)[path]} == {"effort"}
    assert not any(flag for path, flag in found.items() if path[0] == "effort")


def test_what_an_upstream_denies_and_below_it_is_denied_in_detail_stays_in_detail() -> None:
    detail = {**WHOLE, "thinking": {"supported": False, "types": {"disabled": {"supported": True}}}}
    claims = [Claims("m", VLLM, True, {"capabilities": {"thinking": {"supported": False}}})]
    fields = {"capabilities": {**detail["thinking"]}}
    assert completed(claims[0].fields["capabilities"], detail)["thinking"] == fields["capabilities"]


def test_capabilities_that_all_upstreams_together_know_only_in_part_count_as_unknown() -> None:
    """Clients read model.capabilities.batch.supported without looking whether batch is there."""
    claims = [
        Claims("m", PRICES, fields={"capabilities": {"batch": {"supported": True}}}),
        Claims("m", VLLM, True, {"capabilities": {"image_input": {"supported": True}}}),
    ]
    model = resolve("m", in_order(claims, POSITIONS))
    assert model is not None
    assert model.capabilities is None
    assert provenance(claims)["capabilities"][0].value == {"image_input": {"supported": True}}


def test_upstreams_that_know_everything_together_are_believed() -> None:
    one = {name: each for name, each in WHOLE.items() if name < "e"}
    other = {name: each for name, each in WHOLE.items() if name >= "e"}
    claims = [Claims("m", PRICES, fields={"capabilities": one}), Claims("m", VLLM, True, {"capabilities": other})]
    model = resolve("m", in_order(claims, POSITIONS))
    assert model is not None
    assert model.capabilities == WHOLE


@pytest.mark.parametrize("manager", [TEAM, PERSON])
def test_capabilities_of_people_and_files_are_the_whole_tree(manager: Manager) -> None:
    claims = [Claims("m", manager, True, {"capabilities": {"pdf_input": {"supported": True}}})]
    assert merged(claims, {"capabilities": WHOLE})["capabilities"] == {"pdf_input": {"supported": True}}


def test_a_tree_that_completed_would_be_too_large_stays_as_it_is_stated() -> None:
    stated, known = ({f"{kind}{number}": {"supported": True} for number in range(150)} for kind in "ab")
    claims = [Claims("m", VLLM, True, {"capabilities": {**WHOLE, **stated}})]
    model = resolve("m", claims, {"capabilities": known})
    assert model is not None
    assert model.capabilities == {**WHOLE, **stated}


def test_unknown_outranks_a_guess_below_it() -> None:
    claims = [Claims("m", VLLM, True, {"max_tokens": 5}), Claims("m", PERSON, fields={"max_tokens": None})]
    model = resolve("m", in_order(claims, {}))
    assert model is not None
    assert model.max_tokens is None


def test_an_active_model_has_no_dates_whoever_claims_them() -> None:
    day = "2027-01-01T00:00:00Z"
    claims = [Claims("m", VLLM, True, {"lifecycle": "active"}), Claims("m", PERSON, fields={"retires_at": day})]
    model = resolve("m", in_order(claims, {}))
    assert model is not None
    assert model.retires_at is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("source:", "The name of a source must be 1 to 63"),
        ("source:Ä", "The name of a source must be 1 to 63"),
        ("person:ada", "The manager person takes no name."),
        ("nobody", "'nobody' is not a manager such as"),
    ],
)
def test_what_is_no_manager_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(InvalidError, match=sentence):
        parse_manager(text)


@pytest.mark.parametrize("manager", MANAGERS)
def test_a_manager_is_read_from_its_text(manager: Manager) -> None:
    assert parse_manager(str(manager)) == manager


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"colour": "red"}, "colour is not a field of a model that can be set."),
        ({"max_tokens": 0}, "max_tokens must be a whole number of tokens, at least 1."),
        ({"created_at": "soon"}, "created_at must be a day such as 2026-02-04"),
        ({"lifecycle": ["active"]}, "lifecycle must be active, deprecated or retired, not \\['active'\\]"),
        ({"same_as": "m"}, "m cannot be the same as itself."),
        ({"hidden": "no"}, "hidden must be true or false."),
    ],
)
def test_a_value_that_cannot_be_claimed_is_refused(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidError, match=f"^{sentence}"):
        checked_fields("m", fields)


@pytest.mark.parametrize("fields", [{"lifecycle": each} for each in ("active", "deprecated", "retired")])
def test_each_lifecycle_can_be_claimed_without_its_dates(fields: dict[str, Any]) -> None:
    assert checked_fields("m", fields) == fields


def test_a_claimed_time_takes_the_form_of_the_wire() -> None:
    assert checked_fields("m", {"retires_at": "2027-01-01"}) == {"retires_at": "2027-01-01T00:00:00Z"}

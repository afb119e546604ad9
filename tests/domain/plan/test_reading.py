"""A plan that was kept is read strictly: what it says will be done."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.changes.change import Action, Subject
from callsheet.domain.claims.manager import PERSON
from callsheet.domain.errors import ConflictError, InvalidError
from callsheet.domain.plan.impact import AliasMove, Audience, Impact, LostReplacement, WorkspaceName
from callsheet.domain.plan.plan import FORMAT_VERSION, Plan, check_installation
from callsheet.domain.plan.reading import read_plan
from callsheet.domain.plan.step import ClaimsChange, Step
from callsheet.domain.plan.warnings import PlanWarning
from tests.domain.plan.plans import plans

SAID = {"lists": True, "fields": {}}
PLAN = Plan(
    installation="00000000-0000-4000-8000-000000000000",
    base_revision=7,
    manager=PERSON,
    steps=(
        Step(
            Action.ADD,
            Subject.MODEL,
            "m",
            PERSON,
            ClaimsChange(None, {"lists": True, "fields": {}}),
            None,
            {"id": "m"},
        ),
    ),
    impact=Impact(
        (Audience(workspaces=(WorkspaceName("wrkspc_1", "lab"),), keys=1, gains=("m",)),),
        (AliasMove("latest", None, "m"),),
        (LostReplacement("old", "gone"),),
    ),
    warnings=(PlanWarning("a-code", "A sentence.", ("m",)),),
)


@given(plans)
def test_what_is_kept_is_what_is_read(plan: Plan) -> None:
    assert read_plan(json.dumps(plan.record())) == plan


def places(node: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a plan there is a value whose form is known."""
    yield place
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        if place[-1:] not in (("before",), ("after",), ("fields",)) or place[-2:-1] == ("claims",):
            yield from places(child, (*place, name))


RECORD = json.loads(json.dumps(PLAN.record()))


@pytest.mark.parametrize("place", list(places(RECORD))[1:], ids=lambda place: ".".join(map(str, place)))
def test_a_value_of_another_type_is_a_damaged_plan(place: tuple[Any, ...]) -> None:
    content: Any = json.loads(json.dumps(RECORD))
    *way, last = place
    inner = content
    for name in way:
        inner = inner[name]
    inner[last] = 1.5
    with pytest.raises(InvalidError, match=r"^The plan is damaged: .+\. Nothing was applied; make it again\.$"):
        read_plan(json.dumps(content))


@pytest.mark.parametrize(
    ("place", "known"),
    [((), "steps"), (("steps", 0), "claims"), (("impact",), "aliases"), (("warnings", 0), "code")],
)
def test_a_field_too_many_or_too_few_is_a_damaged_plan(place: tuple[Any, ...], known: str) -> None:
    for is_missing in (True, False):
        content: Any = json.loads(json.dumps(RECORD))
        inner = content
        for name in place:
            inner = inner[name]
        if is_missing:
            del inner[known]
        else:
            inner["more"] = 1
        verb = f"must have the field '{known}'" if is_missing else "must not have the field 'more'"
        with pytest.raises(InvalidError, match=verb):
            read_plan(json.dumps(content))


@given(st.data())
def test_a_plan_that_was_cut_short_is_not_read(data: st.DataObject) -> None:
    text = json.dumps(RECORD)
    with pytest.raises(InvalidError, match=r"^The plan is not valid JSON, or not all of it is there; make"):
        read_plan(text[: data.draw(st.integers(0, len(text) - 1))])


@given(st.binary(max_size=20) | st.text(max_size=20))
def test_any_bytes_are_refused_with_a_sentence(content: str | bytes) -> None:
    with pytest.raises(InvalidError, match=r"^The (plan|file) is .+; .+\.$"):
        read_plan(content)


def test_claims_on_what_cannot_be_claimed_and_aliases_of_nothing_are_a_damaged_plan() -> None:
    content: Any = json.loads(json.dumps(RECORD))
    content["steps"][0]["kind"] = "installation"
    with pytest.raises(InvalidError, match=r"claims must be null, as nothing is claimed of the installation"):
        read_plan(json.dumps(content))
    content["steps"][0]["kind"] = "alias"
    with pytest.raises(InvalidError, match=r"steps\[0\]\.after must have the field 'alias'"):
        read_plan(json.dumps(content))


def test_a_plan_of_a_later_release_says_which_version_it_has() -> None:
    content = {**RECORD, "format_version": FORMAT_VERSION + 1, "invented": True}
    with pytest.raises(InvalidError) as refusal:
        read_plan(json.dumps(content))
    assert str(refusal.value) == (
        f"The plan has the format version {FORMAT_VERSION + 1}, and this release reads up to {FORMAT_VERSION}; "
        "apply it with the release that made it, or make the plan again."
    )


def test_a_plan_of_another_installation_is_refused_by_name() -> None:
    check_installation(PLAN, PLAN.installation)
    with pytest.raises(ConflictError, match=f"made for the installation {PLAN.installation}, and this is another"):
        check_installation(PLAN, "another")


def test_harms_that_do_not_follow_from_the_impact_are_a_damaged_plan() -> None:
    content: Any = json.loads(json.dumps(RECORD))
    content["impact"]["harms"] = []
    with pytest.raises(InvalidError, match=r"impact\.harms must be what the rest of the impact comes to"):
        read_plan(json.dumps(content))

"""A plan is what applying it does, or applying it does nothing."""

import shutil
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.cli.output.tables import json_text
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.change import Action, AnyChange, Change
from callsheet.domain.changes.claiming import claim
from callsheet.domain.changes.keys import create_key
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import PERSON, Manager, ManagerKind
from callsheet.domain.errors import ConflictError, InvalidError, RefusedError
from callsheet.domain.plan.plan import Plan
from callsheet.domain.plan.reading import read_plan
from callsheet.domain.plan.step import Step
from callsheet.service.apply import Decide, Deciding, apply, preview, rehearse
from callsheet.service.catalog import CatalogService
from callsheet.service.setup import open_store
from callsheet.storage.store import Store
from tests.domain.changes.acts import NOW, Reader, content
from tests.installation import Installation, make_model, now, on_both
from tests.tiers import examples

FILE = Manager(ManagerKind.FILE, "team-a")
OTHER = Manager(ManagerKind.FILE, "team-b")

ids = st.sampled_from(["a", "b", "c", "d"])
fields = st.fixed_dictionaries(
    {}, optional={"display_name": st.sampled_from(["A", "B"]), "same_as": ids, "hidden": st.booleans()}
)
models = st.builds(Claims, ids, st.just(FILE), st.sampled_from([True, True, None, False]), fields)
aliases = st.builds(
    lambda alias, target: Claims(alias, FILE, True, {"model_id": target}, ClaimKind.ALIAS),
    st.sampled_from(["x", "y"]),
    ids,
)
wishes = st.lists(models | aliases, max_size=4, unique_by=lambda each: (each.kind, each.subject))


@pytest.fixture
def copies(empty: Installation, tmp_path: Path) -> Callable[[], Store]:
    """What makes databases without a model."""
    numbers = count()

    def copy() -> Store:
        path = tmp_path / f"copy-{next(numbers)}.db"
        shutil.copy(empty.store.display_name, path)
        return Store(f"sqlite:///{path}")

    return copy


def wanting(wanted: Iterable[Claims], manager: Manager = FILE) -> Decide:
    """A decision that claims ``wanted``, whoever is named there, for this manager."""
    ours = [Claims(each.subject, manager, each.lists, each.fields, each.kind) for each in wanted]
    return lambda deciding: claim(deciding.reading, ours)


def everything(store: Store) -> Any:
    with store.read() as reading:
        known: Reader = reading
        claims = [
            reading.claims_of(["a", "b", "c", "d", "x", "y"], kind) for kind in (ClaimKind.MODEL, ClaimKind.ALIAS)
        ]
        records = [each.record() for each in reading.changes(limit=1000)]
        return content(known), claims, records


def things(store: Store) -> dict[tuple[str, str], object]:
    """All that steps may be of, as their records."""
    with store.read() as reading:
        found: dict[tuple[str, str], object] = {("model", each.id): each.record() for each in reading.models()}
        targets = reading.aliases().items()
        return {**found, **{("alias", name): {"alias": name, "model_id": target} for name, target in targets}}


def kept(plan: Plan) -> Plan:
    """The plan as it comes back from a file."""
    return read_plan(json_text(plan.record()))


@examples(0.6)
@given(wishes, wishes)
def test_applying_a_plan_does_what_the_plan_says_and_a_second_plan_is_empty(
    copies: Callable[[], Store], first: list[Claims], second: list[Claims]
) -> None:
    store = copies()
    try:
        apply_now(store, first, OTHER)
        before = everything(store), things(store)
        plan = kept(preview(store, wanting(second), NOW, FILE))
    except ConflictError:
        return
    assert (everything(store), things(store)) == before
    assert apply(store, plan, wanting(plan.wanted()), "test", NOW) == [] or not plan.is_empty
    assert things(store) == led_to(before[1], plan)
    assert preview(store, wanting(second), NOW, FILE).is_empty


def moving(plan: Plan) -> list[Step]:
    return [step for step in plan.steps if not step.is_of_claims_only]


def apply_now(store: Store, wanted: Iterable[Claims], manager: Manager) -> None:
    decide = wanting(wanted, manager)
    apply(store, preview(store, decide, NOW, manager), decide, "test", NOW)


@examples(0.6)
@given(wishes, wishes)
def test_a_plan_that_was_kept_is_applied_as_it_is_or_names_what_has_moved(
    copies: Callable[[], Store], wanted: list[Claims], meanwhile: list[Claims]
) -> None:
    store = copies()
    try:
        plan = preview(store, wanting(wanted), NOW, FILE)
        apply_now(store, meanwhile, OTHER)
    except ConflictError:
        return
    before = everything(store), things(store)
    try:
        apply(store, plan, wanting(plan.wanted()), "test", NOW)
    except ConflictError as error:
        refusal = str(error)
    else:
        assert things(store) == led_to(before[1], plan)
        assert moved_since(before[1], plan) == set()
        return
    assert (everything(store), things(store)) == before
    otherwise = {step.subject for step in set_of(steps_or_none(store, plan) or (), plan)}
    assert any(subject in refusal for subject in moved_since(before[1], plan) | otherwise)


def led_to(before: dict[tuple[str, str], object], plan: Plan) -> dict[tuple[str, str], object]:
    """What the steps of a plan make of things."""
    after: dict[tuple[str, str], object] = {(step.kind, step.subject): step.after for step in moving(plan)}
    return {key: value for key, value in {**before, **after}.items() if value is not None}


def moved_since(present: dict[tuple[str, str], object], plan: Plan) -> set[str]:
    return {step.subject for step in moving(plan) if present.get((step.kind, step.subject)) != step.before}


def steps_or_none(store: Store, plan: Plan) -> tuple[Step, ...] | None:
    try:
        return preview(store, wanting(plan.wanted()), NOW, FILE).steps
    except RefusedError:
        return None


def set_of(decided: Iterable[Step], plan: Plan) -> list[Step]:
    """The steps that are only in one of the two."""
    both = [*decided, *plan.steps]
    return [step for step in both if both.count(step) == 1]


@on_both
def test_a_plan_applies_although_unrelated_rows_have_moved(empty: Installation) -> None:
    empty.add(make_model("a"), make_model("b"))
    decide = wanting([Claims("a", FILE, True, {"display_name": "A"}), Claims("new", FILE, True)])
    plan = kept(preview(empty.store, decide, now(), FILE))
    empty.catalog.change("b", {"display_name": "B"})
    empty.key()
    changes = apply(empty.store, plan, decide, "test", now())
    assert {change.subject for change in changes} >= {"new"}
    assert [record.revision for record in empty.history.list("new")] == [plan.base_revision + 3]


@on_both
def test_a_plan_whose_own_rows_have_moved_names_them_and_changes_nothing(empty: Installation) -> None:
    empty.add(make_model("a"), make_model("b"))
    wanted = [Claims(each, FILE, True, {"description": "It is"}) for each in ("a", "b", "c")]
    plan = kept(preview(empty.store, wanting(wanted), now(), FILE))
    empty.catalog.change("b", {"display_name": "B"})
    empty.add(make_model("c"))
    before = everything(empty.store)
    with pytest.raises(ConflictError) as refusal:
        apply(empty.store, plan, wanting(plan.wanted()), "test", now())
    assert str(refusal.value) == (
        f"The plan is stale: since revision {plan.base_revision} (it is {plan.base_revision + 2} now), these have "
        "changed: b, c. Nothing was applied; make the plan again."
    )
    assert everything(empty.store) == before


def test_a_refusal_that_comes_of_what_has_moved_names_it(empty: Installation) -> None:
    wanted = [Claims("a", FILE, True)]
    plan = preview(empty.store, wanting(wanted), now(), FILE)
    empty.add(make_model("b"))
    empty.catalog.alias("a", "b")
    with pytest.raises(ConflictError, match=r"^a is an alias of b"):  # no row of the plan has moved
        apply(empty.store, plan, wanting(wanted), "test", now())

    def decide(deciding: Deciding) -> list[AnyChange]:
        if deciding.reading.model("b") is None:
            raise InvalidError("There is no b to hide.")
        return claim(deciding.reading, [Claims("b", PERSON, True, {"hidden": True})], Action.HIDE)

    plan = preview(empty.store, decide, now())
    empty.catalog.remove("b")
    with pytest.raises(ConflictError, match=r"^The plan is stale: .+ these have changed: b\."):
        apply(empty.store, plan, decide, "test", now())


def test_a_name_passes_from_an_alias_to_a_model_in_one_plan(empty: Installation) -> None:
    """What is created in a plan does not collide with what the same plan drops.

    https://github.com/Kong/deck/issues/698
    """
    held = [Claims("a", FILE, True), Claims("x", FILE, True, {"model_id": "a"}, ClaimKind.ALIAS)]
    apply_now(empty.store, held, FILE)
    wanted = [Claims("x", FILE, True), Claims("x", FILE, kind=ClaimKind.ALIAS)]
    plan = preview(empty.store, wanting(wanted), now(), FILE)
    assert [(str(step.action), step.kind, step.subject) for step in plan.steps] == [
        ("unalias", "alias", "x"),
        ("add", "model", "x"),
    ]
    apply(empty.store, plan, wanting(plan.wanted()), "test", now())
    assert list(things(empty.store)) == [("model", "a"), ("model", "x")]


def test_a_plan_of_another_installation_is_not_applied(empty: Installation, tmp_path: Path) -> None:
    other = open_store(f"sqlite:///{tmp_path}/other.db", now)
    plan = preview(other, wanting([Claims("new", FILE, True)]), now(), FILE)
    with pytest.raises(ConflictError, match="make a plan for this one"):
        apply(empty.store, plan, wanting(plan.wanted()), "test", now())


def test_new_workspaces_and_keys_are_the_same_plan_whatever_ids_they_get(empty: Installation) -> None:
    def decide(deciding: Deciding) -> list[AnyChange]:
        room = Workspace(id=deciding.new.workspace_id(), name="lab", created_at=deciding.now)
        new = deciding.new.credentials()
        reading = deciding.reading
        keys = create_key(reading, new, "ada", room.id, None, deciding.now)
        return [Change(Action.CREATE, None, room), *keys]

    plan = kept(preview(empty.store, decide, now()))
    assert [step.subject for step in plan.steps] == ["lab", "ada"]
    assert plan.impact.audiences[0].starts
    apply(empty.store, plan, decide, "test", now())
    (key,) = empty.access.list_keys()
    assert key.workspace_id == empty.access.show_workspace("lab").id
    assert key.hint not in json_text(plan.record())


def test_a_rehearsal_is_what_the_verb_then_does(empty: Installation) -> None:
    empty.add(*(make_model(each) for each in "abc"))
    empty.catalog.alias("x", "a")
    before = everything(empty.store)
    plan = rehearse(empty.store, lambda store, _new: CatalogService(store, "test", now).remove("[ab]"), now())
    assert everything(empty.store) == before
    assert [(str(step.action), step.subject) for step in plan.steps] == [
        ("unalias", "x"),
        ("remove", "a"),
        ("remove", "b"),
    ]
    old = things(empty.store)
    empty.catalog.remove("[ab]")
    assert things(empty.store) == {
        key: value for key, value in old.items() if key not in {(step.kind, step.subject) for step in plan.steps}
    }


def test_a_rehearsal_with_a_state_that_is_known_comes_to_the_same_plan(empty: Installation, tmp_path: Path) -> None:
    empty.add(make_model("a"), make_model("b", replacement="a"))
    empty.access.create_key("k", None, organization=True)
    behind = empty.live().current
    empty.workspace("Team", deny=("a",))
    empty.catalog.alias("x", "a")
    other = Installation(f"sqlite:///{tmp_path}/other.db")
    open_store(other.url, now)

    def act(store: Any, _new: object) -> None:
        CatalogService(store, "test", now).remove("a")

    at = now()
    plan = rehearse(empty.store, act, at)
    assert plan.impact.aliases
    for known in (behind, empty.live().current, other.live().current):
        assert rehearse(empty.store, act, at, known=known) == plan

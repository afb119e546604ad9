"""Steps: one for each thing, with what is not known of it before it is made left open."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.key import APIKey
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Action, AnyChange, Change
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import PERSON, Manager, ManagerKind
from callsheet.domain.errors import RefusedError
from callsheet.domain.model import Model
from callsheet.domain.plan.plan import Plan, differing_subjects
from callsheet.domain.plan.step import Made, steps_of
from tests.domain.changes.acts import NOW, Act, acts, content, decide, fresh

FILE = Manager(ManagerKind.FILE, "team-a")
MODEL = Model(id="m", display_name="M")
CLAIMS = Claims("m", FILE, True, {"display_name": "M"})


def test_claims_and_the_model_that_they_come_to_are_one_step() -> None:
    changes: list[AnyChange] = [Change(Action.CLAIM, None, CLAIMS), Change(Action.ADD, None, MODEL, FILE)]
    for order in (changes, changes[::-1]):
        (step,) = steps_of(order, PERSON)
        assert step.record() == {
            "action": "add",
            "kind": "model",
            "subject": "m",
            "manager": "file:team-a",
            "claims": {"before": None, "after": {"lists": True, "fields": {"display_name": "M"}}},
            "before": None,
            "after": MODEL.record(),
        }
        assert step.wanted == CLAIMS


def test_claims_that_change_no_model_are_a_step_of_their_own_kind_of_thing() -> None:
    alias = Claims("latest", FILE, True, {"model_id": "m"}, ClaimKind.ALIAS)
    (step,) = steps_of([Change(Action.RELEASE, alias, Claims("latest", FILE, kind=ClaimKind.ALIAS))], FILE)
    assert (step.kind, step.before, step.after, step.is_of_claims_only) == ("alias", None, None, True)
    assert step.claims is not None
    assert step.claims.after is None
    assert step.wanted is not None
    assert step.wanted.is_empty


def test_the_claims_of_two_managers_are_two_steps() -> None:
    changes = [Change(Action.CLAIM, None, CLAIMS), Change(Action.RELEASE, replace(CLAIMS, manager=PERSON), None)]
    assert [step.manager for step in steps_of(changes, FILE)] == [FILE, PERSON]


def test_what_a_plan_wants_is_what_its_steps_lead_to() -> None:
    steps = steps_of([Change(Action.CLAIM, None, CLAIMS), Change(Action.ADD, None, MODEL, FILE)], FILE)
    assert Plan(installation="", base_revision=0, manager=FILE, steps=steps).wanted() == [CLAIMS]


def test_a_thing_that_changes_twice_is_one_step_and_one_that_changes_back_is_none() -> None:
    between = replace(MODEL, hidden=True)
    there = Change(Action.HIDE, MODEL, between)
    (step,) = steps_of([there, Change(Action.REMOVE, between, None)], PERSON)
    assert (step.action, step.before, step.after) == ("remove", MODEL.record(), None)
    assert steps_of([there, Change(Action.UNHIDE, between, MODEL)], PERSON) == ()
    assert steps_of([Change(Action.ADD, None, MODEL), Change(Action.REMOVE, MODEL, None)], PERSON) == ()


def test_what_is_made_anew_each_time_is_left_open() -> None:
    def changes(number: int) -> list[AnyChange]:
        now = datetime(2026, 1, number, tzinfo=UTC)
        room = Workspace(id=f"wrkspc_{number}", name="lab", created_at=now)
        made = APIKey(
            id=f"apikey_{number}",
            name="ada",
            workspace_id=room.id,
            fingerprint=bytes([number]),
            hint=f"abc{number}",
            created_at=now,
        )
        return [Change(Action.CREATE, None, room), Change(Action.CREATE, None, made)]

    first, second = (
        steps_of(changes(number), PERSON, Made({f"wrkspc_{number}", f"apikey_{number}"}, {f"apikey_{number}"}))
        for number in (1, 2)
    )
    assert first == second
    room, key = first
    assert (room.subject, key.subject) == ("lab", "ada")
    assert room.after is not None
    assert key.after is not None
    assert (room.after["id"], room.after["created_at"]) == (None, None)
    assert key.after == {
        "id": None,
        "name": "ada",
        "workspace_id": "lab",
        "partial_key_hint": None,
        "status": "active",
        "expires_at": None,
        "created_at": None,
    }


def test_an_id_and_a_secret_that_were_given_are_known() -> None:
    key = APIKey(id="apikey_1", name="ada", workspace_id="w", fingerprint=b"", hint="abcd", created_at=NOW)
    (step,) = steps_of([Change(Action.CREATE, None, key)], PERSON)
    assert step.subject == "apikey_1"
    assert step.after is not None
    assert (step.after["id"], step.after["partial_key_hint"]) == ("apikey_1", "...abcd")


@given(st.lists(acts, min_size=3, max_size=12))
def test_the_steps_of_any_changes_lead_from_what_is_to_what_will_be(drawn: list[Act]) -> None:
    memory, changes = fresh(), list[AnyChange]()
    before = content(memory)
    for number, act in enumerate(drawn, 1):
        try:
            decided = decide(memory, number, act)
        except RefusedError:
            continue
        memory.apply(decided, NOW)
        changes += decided
    sides = [_records(side) for side in (before, content(memory))]
    steps = {(str(step.kind), step.subject): (step.before, step.after) for step in steps_of(changes, PERSON)}
    expected = {
        key: (sides[0].get(key), sides[1].get(key))
        for key in {**sides[0], **sides[1]}
        if sides[0].get(key) != sides[1].get(key)
    }
    for kind, subject in expected:
        was, will = expected[kind, subject]
        if was is None and will is not None and kind in ("workspace", "key"):
            expected[kind, subject] = (None, {**will, "created_at": None})
    assert steps == expected


def _records(found: dict[str, object]) -> dict[tuple[str, str], dict[str, object]]:
    kinds = {"models": "model", "workspaces": "workspace", "keys": "key"}
    records = {}
    for name, kind in kinds.items():
        values = found[name]
        assert isinstance(values, dict)
        records.update({(kind, subject): value.record() for subject, value in values.items()})
    aliases = found["aliases"]
    assert isinstance(aliases, dict)
    return {**records, **{("alias", name): Alias(name, target).record() for name, target in aliases.items()}}


def test_steps_that_differ_are_named_once() -> None:
    first = steps_of([Change(Action.ADD, None, MODEL), Change(Action.ALIAS, None, Alias("a", "m"))], PERSON)
    second = steps_of([Change(Action.ADD, None, replace(MODEL, hidden=True))], PERSON)
    assert differing_subjects(first, first) == []
    assert differing_subjects(first, second) == ["m", "a"]

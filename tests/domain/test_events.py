"""What changes come to as events: one of each type for a transaction, with what became of each thing as a whole."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Action, AnyChange, Change
from callsheet.domain.events import (
    MAX_DETAILED_MODELS,
    MAX_SUBJECTS,
    RETIRING_DAYS,
    EventCollector,
    Origin,
    last_crossed,
    notice_events,
)
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.webhooks.event_type import EventType

AT = datetime(2026, 6, 1, tzinfo=UTC)
ORIGIN = Origin(7, AT, "ada", "because")
IDS = ("a", "b", "c")

#: What a model can be: not there, or in one of its stages, in one of two sizes.
STATES: Sequence[tuple[Lifecycle, int] | None] = (
    None,
    *((lifecycle, size) for lifecycle in Lifecycle for size in (1, 2)),
)


def model(model_id: str, state: tuple[Lifecycle, int] | None) -> Model | None:
    if state is None:
        return None
    lifecycle, size = state
    dates: dict[str, Any] = {} if lifecycle is Lifecycle.ACTIVE else {"deprecated_at": AT, "retires_at": AT}
    return Model(id=model_id, display_name=model_id, lifecycle=lifecycle, max_tokens=size, **dates)


def events(changes: Sequence[AnyChange]) -> dict[str, dict[str, Any]]:
    collector = EventCollector()
    collector.add(changes)
    found = list(collector.events(ORIGIN))
    assert len({each.type for each in found}) == len(found)
    return {each.type: json.loads(each.body())["data"] for each in found}


def expected(before: tuple[Lifecycle, int] | None, after: tuple[Lifecycle, int] | None) -> str | None:
    """The rule in other words."""
    order = list(Lifecycle)
    if before == after:
        return None
    if before is None:
        return "model.added"
    if after is None:
        return "model.removed"
    step = order.index(after[0]) - order.index(before[0])
    if step > 0:
        return "model.retired" if after[0] is Lifecycle.RETIRED else "model.deprecated"
    return "model.restored" if step < 0 else "model.changed"


@given(
    st.fixed_dictionaries({name: st.sampled_from(STATES) for name in IDS}),
    st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(STATES))),
)
def test_every_model_is_in_the_one_event_that_says_what_became_of_it_and_in_no_other(
    before: dict[str, Any], steps: list[tuple[str, Any]]
) -> None:
    present, changes = dict(before), list[AnyChange]()
    for name, state in steps:
        if not (present[name] is None is state):
            changes.append(Change(Action.CHANGE, model(name, present[name]), model(name, state)))
        present[name] = state
    found = events(changes)
    said = {each["id"]: kind for kind, data in found.items() for each in data["models"]}
    wanted = {name: expected(before[name], present[name]) for name in IDS}
    assert said == {name: kind for name, kind in wanted.items() if kind is not None}
    for data in found.values():
        assert (data["count"], data["truncated"]) == (len(data["models"]), False)
        assert (data["revision"], data["actor"], data["reason"]) == (7, "ada", "because")


def test_a_first_run_of_a_source_is_one_event_that_names_some_and_counts_all() -> None:
    number = MAX_DETAILED_MODELS * 10
    collector = EventCollector()
    changes: list[AnyChange] = [
        Change(Action.ADD, None, model(f"m{each}", (Lifecycle.ACTIVE, 1))) for each in range(number)
    ]
    for start in range(0, number, 5_000):
        collector.add(changes[start : start + 5_000])
    (event,) = collector.events(ORIGIN)
    assert event.type is EventType.MODEL_ADDED
    assert event.data["count"] == number
    assert event.data["truncated"]
    assert len(event.data["models"]) == MAX_SUBJECTS
    assert len(event.body()) < 20_000


def test_an_event_shows_what_changed_but_of_what_may_be_long_only_its_name() -> None:
    before = Model(id="m", display_name="M", description="x" * 1_000)
    after = Model(id="m", display_name="y" * 256, description="z" * 1_000, max_tokens=5)
    (data,) = events([Change(Action.CHANGE, before, after)]).values()
    (subject,) = data["models"]
    assert subject["changed"] == ["display_name", "max_tokens", "description"]
    assert subject["before"] == {"display_name": "M", "max_tokens": None}
    assert subject["after"] == {"display_name": f"{'y' * 199}…", "max_tokens": 5}


@given(st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from((None, "m", "n"))), min_size=1))
def test_an_alias_that_means_another_model_in_the_end_has_moved(steps: list[tuple[str, str | None]]) -> None:
    present: dict[str, str | None] = dict.fromkeys(IDS)
    changes = list[AnyChange]()
    for name, target in steps:
        before, after = (None if each is None else Alias(name, each) for each in (present[name], target))
        if before is not None or after is not None:
            changes.append(Change(Action.ALIAS, before, after))
        present[name] = target
    found = events(changes)
    moved = [
        {"alias": name, "before": None, "after": after} for name, after in present.items() if after is not None
    ]
    said = found["alias.moved"]["aliases"] if found else []
    assert sorted(said, key=lambda each: each["alias"]) == moved


@given(st.lists(st.integers(0, 60 * 24), min_size=1, max_size=8), st.integers(-5, 60))
def test_each_mark_before_a_date_is_passed_once_however_often_it_is_looked(hours: list[int], days: int) -> None:
    moment, since = AT + timedelta(days=days), AT
    seen = []
    for now in sorted(AT + timedelta(hours=each) for each in hours):
        seen.append(last_crossed(moment, RETIRING_DAYS, since, now))
        since = now
    passed = [each for each in RETIRING_DAYS if AT < moment - timedelta(days=each) <= since]
    found = [each for each in seen if each is not None]
    assert found == sorted(set(found), reverse=True)
    assert set(found) <= set(passed)
    assert (min(passed) in found) if passed else not found


def test_only_deprecated_models_retire() -> None:
    soon = AT + timedelta(days=7)
    models = [
        Model(id="old", display_name="old", lifecycle=Lifecycle.DEPRECATED, deprecated_at=AT, retires_at=soon),
        Model(id="gone", display_name="gone", lifecycle=Lifecycle.RETIRED, deprecated_at=AT, retires_at=soon),
    ]
    (event,) = notice_events(models, [], AT - timedelta(hours=1), Origin(1, AT))
    assert [(each["id"], each["days"]) for each in event.data["models"]] == [("old", 7)]
    assert event.data["actor"] is None

"""Section 3: a walk visits every model once, whatever happens to the catalogue meanwhile."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from callsheet.api.state import State
from callsheet.domain.catalog import Catalog
from callsheet.domain.model import Lifecycle, Model
from tests.api.states import ask, make_state
from tests.installation import make_model

NAMES = [f"m{number}" for number in range(12)]
LINES = ("mythos", "fable", "opus", "sonnet", "haiku", None)

models = st.lists(
    st.builds(
        lambda name, day, line: make_model(name, f"2026-01-0{day}", line=line),
        st.sampled_from(NAMES),
        st.integers(1, 4),
        st.sampled_from(LINES),
    ),
    unique_by=lambda model: model.id,
)
changes = st.lists(st.tuples(st.sampled_from(["add", "remove", "retire", "rename", "hide"]), st.integers(0, 99)))
limits = st.integers(1, 5)


def page(state: State, query: str) -> Any:
    response = ask(state, query=query.encode())
    assert response.status == 200, response.body
    return json.loads(response.body)


def change(state: State, what: str, number: int) -> tuple[State, str | None]:
    """The State after one change, and the id of the model that is not there throughout."""
    catalog, present = state.catalog, [model for model in state.catalog if model.lifecycle is Lifecycle.ACTIVE]
    if what == "add":
        name = f"new{number}"
        if catalog.get(name) is not None or catalog.locate(name) is not None:
            return state, None
        added = make_model(name, f"2026-01-0{number % 5 + 1}", line=LINES[number % 6])
        return replace(state, catalog=catalog.changed({name: added})), name
    if not present:
        return state, None
    model = present[number % len(present)]
    return replace(state, catalog=_after(catalog, model, what)), None if what == "rename" else model.id


def _after(catalog: Catalog, model: Model, what: str) -> Catalog:
    if what == "remove":
        return catalog.changed({model.id: None}, tombstones={model.id: model.sort_key})
    if what == "rename":
        return catalog.changed({model.id: replace(model, display_name="Renamed")})
    if what == "hide":
        return catalog.changed({model.id: replace(model, hidden=True)})
    then = datetime(2026, 6, 1, tzinfo=UTC)
    return catalog.changed({model.id: replace(model, lifecycle=Lifecycle.RETIRED, deprecated_at=then)})


def walk(
    state: State, limit: int, pending: list[tuple[str, int]], onward: Callable[[Any], str], first: str
) -> tuple[list[list[str]], set[str], set[str]]:
    """The pages of a walk with a change after each, what was there throughout, and everything that ever was."""
    steady = {model.id for model in state.catalog}
    ever = set(steady)
    pages, query = [], first
    while True:
        got = page(state, f"limit={limit}&{query}")
        pages.append([model["id"] for model in got["data"]])
        if not got["has_more"]:
            return pages, steady, ever
        query = onward(got)
        if pending:
            state, touched = change(state, *pending.pop())
            steady.discard(touched or "")
            ever.add(touched or "")


def check(pages: list[list[str]], steady: set[str], ever: set[str]) -> None:
    seen = [name for each in pages for name in each]
    assert len(seen) == len(set(seen))
    assert steady <= set(seen) <= ever


@given(models=models, limit=limits, changes=changes)
def test_a_walk_forward_visits_every_model_once(
    models: list[Model], limit: int, changes: list[tuple[str, int]]
) -> None:
    state = make_state(models)
    check(*walk(state, limit, changes, lambda got: f"after_id={got['last_id']}", ""))


@given(models=models, limit=limits, changes=changes)
def test_a_walk_backward_visits_every_model_once(
    models: list[Model], limit: int, changes: list[tuple[str, int]]
) -> None:
    last = make_model("last", "1970-01-02")
    state = make_state([*models, last])
    pages, steady, ever = walk(state, limit, changes, lambda got: f"before_id={got['first_id']}", "before_id=last")
    check([*pages, ["last"]], steady | {"last"}, ever)


@given(models=models, limit=limits, changes=changes)
def test_a_walk_between_two_cursors_visits_every_model_once(
    models: list[Model], limit: int, changes: list[tuple[str, int]]
) -> None:
    first, last = make_model("first", "2027-01-01"), make_model("last", "1970-01-02")
    state = make_state([first, *models, last])
    pages, steady, ever = walk(
        state,
        limit,
        changes,
        lambda got: f"after_id={got['last_id']}&before_id=last",
        "after_id=first&before_id=last",
    )
    check([["first"], *pages, ["last"]], steady | {"first", "last"}, ever)


@given(models=models, limit=limits)
def test_pages_are_cuts_of_the_whole_list_in_both_directions(models: list[Model], limit: int) -> None:
    state = make_state(models)
    whole = [model["id"] for model in page(state, "limit=1000")["data"]]
    assert whole == [model.id for model in sorted(models, key=lambda model: model.sort_key)]
    for place, name in enumerate(whole):
        after = page(state, f"limit={limit}&after_id={name}")
        before = page(state, f"limit={limit}&before_id={name}")
        assert [model["id"] for model in after["data"]] == whole[place + 1 :][:limit]
        assert after["has_more"] is (len(whole[place + 1 :]) > limit)
        assert [model["id"] for model in before["data"]] == whole[:place][-limit:]
        assert before["has_more"] is (len(whole[:place]) > limit)
        for end, other in enumerate(whole):
            both = page(state, f"limit={limit}&after_id={name}&before_id={other}")
            assert [model["id"] for model in both["data"]] == whole[place + 1 : end][:limit]
            assert both["has_more"] is (len(whole[place + 1 : end]) > limit)

"""A change costs what has changed: nothing else is encoded again, and every page equals that of a new State."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.api.rendering import WireFormat
from callsheet.api.state import State
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import EPOCH
from tests.api.states import ask, make_state
from tests.installation import make_model
from tests.tiers import examples

COUNT = 1200  # several blocks
MODELS = [
    replace(make_model(f"m{number:04}"), created_at=EPOCH + timedelta(days=number)) for number in range(COUNT)
]
VISIBILITY = Visibility(deny=("*7",))

PAGES = (
    b"limit=1000",
    b"limit=1000&before_id=m0150",
    b"limit=40&after_id=m0600",
    b"lifecycle=deprecated&limit=1000",
)


def everything(state: State) -> list[tuple[bytes, list[tuple[bytes, bytes]]]]:
    """Bodies and headers of some pages, and of the models that change."""
    asked = [ask(state, query=query) for query in PAGES]
    asked += [ask(state, path=f"/v1/models/{model.id}".encode()) for model in MODELS[::100]]
    return [(each.body, sorted(each.headers)) for each in asked]


def count_writing(state: State) -> Callable[[], int]:
    """Return what tells how many models were written since it was asked last."""
    rendering = state.views._renderings[WireFormat.CURRENT]
    write, written = rendering._write, []

    def counting(model: Model) -> bytes:
        written.append(model)
        return write(model)

    def count() -> int:
        number = len(written)
        written.clear()
        return number

    rendering._write = counting
    return count


def with_changes(state: State, changes: dict[str, Model | None]) -> State:
    gone = {name: MODELS[int(name[1:])].sort_key for name, model in changes.items() if model is None}
    return replace(state, catalog=state.catalog.changed(changes, {}, {**dict.fromkeys(changes), **gone}))


def test_only_the_model_that_has_changed_is_written() -> None:
    state = make_state(MODELS)
    written = count_writing(state)
    everything(state)
    assert written() == COUNT
    for number in (0, 300, COUNT - 1):
        name = f"Changed {number}"
        state = with_changes(state, {MODELS[number].id: replace(MODELS[number], display_name=name)})
        assert name.encode() in b"".join(body for body, _ in everything(state))
        assert written() == 1
    everything(state)
    assert written() == 0


@pytest.mark.parametrize("visibility", [Visibility(), VISIBILITY], ids=["all", "some"])
@examples(0.3)
@given(
    st.lists(
        st.dictionaries(
            st.integers(0, COUNT - 1),
            st.none()
            | st.builds(dict, display_name=st.sampled_from("AB"))
            | st.builds(dict, hidden=st.booleans())
            | st.just({"lifecycle": Lifecycle.DEPRECATED, "deprecated_at": EPOCH + timedelta(days=COUNT)})
            | st.builds(dict, created_at=st.integers(0, COUNT).map(lambda day: EPOCH + timedelta(days=day))),
            max_size=8,
        ),
        max_size=4,
    ),
    st.data(),
)
def test_pages_after_changes_are_those_of_a_new_state(
    visibility: Visibility, rounds: list[dict[int, dict[str, object] | None]], data: st.DataObject
) -> None:
    state = make_state(MODELS, visibility=visibility)
    for changes in rounds:
        if data.draw(st.booleans(), "asked between"):
            everything(state)
        before, told = state, everything(state) if data.draw(st.booleans(), "asked later") else None
        state = with_changes(
            state,
            {
                MODELS[number].id: None if values is None else replace(MODELS[number], **values)  # type: ignore[arg-type]
                for number, values in changes.items()
            },
        )
        anew = make_state(state.catalog, visibility=visibility)
        anew = replace(anew, catalog=anew.catalog.changed({}, {}, dict(state.catalog.tombstones())))
        assert everything(state) == everything(anew)
        if told is not None:
            assert everything(before) == told, "whoever still holds the State before is answered from it"


def test_models_that_come_and_go_leave_nothing_behind() -> None:
    state = make_state(MODELS[:100])
    for number in range(1000):
        changes = {f"x{number}": make_model(f"x{number}"), f"x{number - 1}": None}
        state = replace(state, catalog=state.catalog.changed(changes if number else {"x0": make_model("x0")}))
        ask(state)
    (pieces,) = state.views._renderings[WireFormat.CURRENT]._encoded.values()
    (view,) = state.views._views.values()
    assert len(pieces) <= 2 * 101 + 9
    assert len(view._lineages) == 1


def test_blocks_that_were_all_replaced_at_once_are_dropped_with_the_next_change() -> None:
    many = [make_model(f"m{number:04}") for number in range(5120)]
    state = make_state(many)
    for changes in ({each.id: replace(each, line="opus") for each in many}, {"x": make_model("x")}):
        for number in range(0, len(many), 1000):
            ask(state, query=b"limit=1000&after_id=m%04d" % number)
        state = replace(state, catalog=state.catalog.changed(changes))
    ask(state)
    (view,) = state.views._views.values()
    for kept in (view._lineages, state.views._renderings[WireFormat.CURRENT]._encoded):
        assert set(kept) == {block.lineage for block in state.catalog.blocks}

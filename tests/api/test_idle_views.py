"""Views that no request reaches are dropped, and answer the same when they are asked again."""

from callsheet.api.state import State
from callsheet.domain.access.visibility import Visibility
from tests.api.states import SECRET, ask, make_state
from tests.installation import make_model


def _state() -> State:
    return make_state(
        [make_model(f"m{number:04}") for number in range(600)], visibility=Visibility(deny=("m0007",))
    )


def _prepared(state: State) -> int:
    """How many views are kept, and blocks and written models with them."""
    views = state.views
    blocks = sum(len(view._lineages) for view in views._views.values())
    return len(views._views) + blocks + sum(len(each._encoded) for each in views._renderings.values())


def test_a_view_without_a_request_between_two_calls_is_dropped() -> None:
    state = _state()
    before = ask(state, query=b"limit=1000").body
    state.views.drop_idle()
    assert _prepared(state) > 3, "it was asked since the last look, as there was none"
    state.views.drop_idle()
    assert _prepared(state) == 0
    assert ask(state, query=b"limit=1000").body == before


def test_a_view_that_requests_reach_stays_and_other_formats_are_dropped() -> None:
    state = _state()
    bearer = [(b"authorization", b"Bearer " + SECRET.encode())]
    everything = ask(state, headers=bearer).body
    assert b'"object":"list"' in everything
    for _ in range(3):
        ask(state)
        state.views.drop_idle()
    (form,) = {shown.wire_format.value for shown in state.views._views}
    assert form == "current"
    assert {each.value for each, rendering in state.views._renderings.items() if rendering._encoded} == {"current"}
    assert ask(state, headers=bearer).body == everything


def test_a_view_that_was_dropped_still_answers_the_callers_that_hold_it() -> None:
    state = _state()
    view = state.view(state.workspaces[state.default_workspace_id])
    one = view.retrieve("m0001")
    for _ in range(2):
        state.views.drop_idle()
    assert view._lineages == {}
    assert view.retrieve("m0001") == one
    assert view.retrieve("m0007") is None

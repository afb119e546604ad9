"""What requests use is encoded in advance after a start and after a change; answers are the same without that."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.api import view_memory, warming
from callsheet.api.answer import Response
from callsheet.api.rendering import WireFormat
from callsheet.api.state import Options, State
from callsheet.api.views import Shown, Views
from callsheet.api.warming import warm_changed, warm_first
from callsheet.domain.access.delegation import KeyMode
from callsheet.domain.access.grant import GrantedModels
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.catalog import Catalog
from callsheet.domain.model import Model
from callsheet.domain.query import ListQuery
from callsheet.domain.times import EPOCH
from tests.api.encoding import encoded_blocks
from tests.api.states import SECRET, WORKSPACE_ID, ask, make_state
from tests.installation import make_model

MODELS = [replace(make_model(f"m{number:04}"), created_at=EPOCH + timedelta(days=number)) for number in range(1200)]
BEARER = ((b"authorization", b"Bearer " + SECRET.encode()),)
GZIP = (
    (b"x-api-key", SECRET.encode()),
    (b"anthropic-version", b"2023-06-01"),
    (b"accept-encoding", b"gzip"),
)

QUERIES = (b"", b"limit=1000", b"limit=40&after_id=m0600", b"lifecycle=deprecated&limit=1000", b"before_id=m0020")


def follow(state: State, changes: Mapping[str, Model | None]) -> State:
    """The State after these changes."""
    return replace(state, catalog=state.catalog.changed(changes), revision=state.revision + 1)


def answers(state: State) -> list[Response]:
    """What is answered to several requests in both dialects."""
    return [*(ask(state, query=query) for query in QUERIES), ask(state, headers=BEARER)]


def finish(steps: Iterator[None]) -> int:
    """Take all of the steps; return how many there were, none of which encoded more than a block."""
    count = 0
    with encoded_blocks() as blocks:
        before = 0
        for _ in steps:
            count += 1
            assert len(blocks) - before <= 1
            before = len(blocks)
    return count


def renamed(model: Model) -> Model:
    return replace(model, display_name="Another name")


def test_requests_encode_nothing_after_a_change_that_was_prepared() -> None:
    state = make_state(MODELS)
    answers(state)
    changed = follow(state, {"m0600": renamed(MODELS[600]), "m0100": None, "new": make_model("new")})
    finish(warm_changed(changed))
    with encoded_blocks() as blocks:
        after = answers(changed)
    assert blocks == []
    assert after == answers(replace(changed, views=Views()))


def test_blocks_that_are_split_and_a_catalogue_that_is_loaded_again_are_prepared_as_well() -> None:
    state = make_state(MODELS)
    answers(state)
    many = {f"z{number}": replace(make_model(f"z{number}"), created_at=EPOCH) for number in range(600)}
    for changed in (follow(state, many), replace(state, catalog=Catalog(MODELS[3:]))):
        assert not {block.lineage for block in changed.catalog.blocks} <= {
            block.lineage for block in state.catalog.blocks
        }
        finish(warm_changed(changed))
        with encoded_blocks() as blocks:
            after = answers(changed)
        assert blocks == []
        assert after == answers(replace(changed, views=Views()))


def test_only_what_has_changed_is_encoded_and_for_each_view_once() -> None:
    state = make_state(MODELS)
    ask(state)
    ask(state, headers=BEARER)
    newest = follow(state, {"m1199": renamed(MODELS[1199])})
    with encoded_blocks() as blocks:
        finish(warm_changed(newest))
    assert blocks == [newest.catalog.blocks[0]] * 2
    oldest = follow(newest, {"m0000": renamed(MODELS[0])})
    with encoded_blocks() as blocks:
        finish(warm_changed(oldest))
    assert blocks == [oldest.catalog.blocks[-1]], "only OpenAI's clients were sent that one"


def test_nothing_is_prepared_where_no_caller_has_asked() -> None:
    state = make_state(MODELS)
    assert finish(warm_changed(follow(state, {"m0600": None}))) == 0
    assert state.views._views == {}


def test_a_view_that_was_dropped_is_not_prepared() -> None:
    state = make_state(MODELS)
    answers(state)
    for _ in range(2):
        state.views.drop_idle()
    assert finish(warm_changed(follow(state, {"m0600": None}))) == 0


def test_what_is_made_in_advance_for_callers_who_stay_away_is_dropped_with_what_they_used() -> None:
    state = make_state(MODELS)
    answers(state)
    changed = follow(state, {"m0600": None})
    finish(warm_changed(changed))
    for _ in range(2):
        state.views.drop_idle()
    assert (state.views._views, state.views._ready, len(state.views.memory)) == ({}, {}, 0)


def test_a_view_that_is_dropped_while_it_is_prepared_is_let_be() -> None:
    state = make_state(MODELS)
    ask(state, query=b"limit=1000")
    steps = warm_changed(replace(state, catalog=Catalog(MODELS[3:])))
    with encoded_blocks() as blocks:
        assert len(list(islice(steps, 2))) == 2
        for _ in range(2):
            state.views.drop_idle()
        assert list(steps) == []
    assert len(blocks) == 1
    assert len(state.views.memory) == 0


def test_callers_are_answered_from_the_state_before_while_the_next_one_is_prepared() -> None:
    state = make_state(MODELS)
    before = answers(state)
    changed = follow(state, {"m0600": renamed(MODELS[600])})
    with encoded_blocks() as blocks:
        for _ in warm_changed(changed):
            assert answers(state) == before
    assert len(blocks) == 3, "the views of the State before were left as they are"
    assert answers(changed) == answers(replace(changed, views=Views()))


def test_a_change_while_another_is_prepared_takes_its_place() -> None:
    state = make_state(MODELS)
    answers(state)
    first = follow(state, {"m0600": renamed(MODELS[600])})
    assert len(list(islice(warm_changed(first), 1))) == 1
    second = follow(first, {"m0100": None})
    finish(warm_changed(second))
    with encoded_blocks() as blocks:
        after = answers(second)
    assert blocks == []
    assert after == answers(replace(second, views=Views()))


def test_what_requests_made_themselves_meanwhile_is_completed() -> None:
    state = make_state(MODELS)
    answers(state)
    changed = follow(state, {"m0600": renamed(MODELS[600]), "m1199": None})
    ask(changed)  # before anything is prepared
    finish(warm_changed(changed))
    with encoded_blocks() as blocks:
        answers(changed)
    assert blocks == []


def test_rules_that_mean_something_else_after_a_change_are_prepared_as_well() -> None:
    state = make_state(MODELS, visibility=Visibility(deny=("m[1]",)))
    answers(state)
    changed = follow(state, {"m[1]": make_model("m[1]")})
    finish(warm_changed(changed))
    with encoded_blocks() as blocks:
        after = answers(changed)
    assert blocks == []
    assert after == answers(replace(changed, views=Views()))


@pytest.mark.parametrize("mode", KeyMode)
def test_what_delegated_keys_use_is_prepared_as_well(mode: KeyMode) -> None:
    views, catalog = Views(), Catalog(MODELS)
    shown = Shown(Visibility(), WireFormat.CURRENT, mode, GrantedModels(MODELS[:700]))
    views.get_granted(catalog, shown).page(ListQuery(limit=1000))
    state = replace(make_state(), catalog=catalog.changed({"m0600": renamed(MODELS[600])}), views=views)
    finish(warm_changed(state))
    with encoded_blocks() as blocks:
        body = views.get_granted(state.catalog, shown).page(ListQuery(limit=1000))
    assert blocks == []
    assert body == Views().get_granted(state.catalog, shown).page(ListQuery(limit=1000))


def _crowd(state: State, number: int, max_bytes: int) -> State:
    """``state`` with views of so many sets of rules, all of which have been asked."""
    views = Views(max_bytes)
    for each in range(number):
        views.get(state.catalog, Visibility(deny=(f"nothing-{each}",)), WireFormat.CURRENT).everything()
    return replace(state, views=views)


def test_those_used_last_are_prepared_first_and_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warming, "MAX_WARMED_VIEWS", 3)
    state = _crowd(make_state(MODELS[:50]), 5, 2**30)
    finish(warm_changed(follow(state, {"m0001": None})))
    assert [shown.rules.deny for shown in state.views._ready] == [(f"nothing-{number}",) for number in (4, 3, 2)]


def test_the_bound_in_bytes_holds_and_no_view_is_dropped_for_one_that_was_used_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (view_memory, warming):
        monkeypatch.setattr(module, "MIN_VIEWS", 2)
    max_bytes = 150_000
    state = _crowd(make_state(MODELS[:50]), 30, max_bytes)
    kept = state.views.last_used(100)
    assert 4 < len(kept) < 30
    larger = replace(MODELS[1], description="d" * 1000)
    changed = follow(state, {"m0001": larger, "m0002": replace(larger, id="m0002")})
    finish(warm_changed(changed))
    assert state.views.memory.measure() <= max_bytes
    left = state.views.last_used(100)
    assert left == kept[: len(left)]


def test_after_a_start_the_first_pages_are_there_in_both_dialects() -> None:
    state = make_state(MODELS)
    finish(warm_first(state))
    with encoded_blocks() as blocks:
        first = [ask(state), ask(state, headers=BEARER)]
    assert blocks == []
    assert first == [ask(replace(state, views=Views())), ask(replace(state, views=Views()), headers=BEARER)]


def test_after_a_start_the_page_of_the_default_workspace_comes_first() -> None:
    state = make_state(MODELS)
    other = Workspace(id="wrkspc_a", name="A", visibility=Visibility(deny=("m1*",)), created_at=EPOCH)
    state = replace(state, workspaces={other.id: other, **state.workspaces})
    next(warm_first(state))
    ((shown, view),) = state.views._views.items()
    assert shown.rules == state.workspaces[WORKSPACE_ID].visibility
    assert len(view._lineages) == 1


@pytest.mark.parametrize("rules", [Visibility(allow=("m0000",)), Visibility(allow=("none",))])
def test_after_a_start_little_is_encoded_for_those_who_see_little_of_much(
    monkeypatch: pytest.MonkeyPatch, rules: Visibility
) -> None:
    monkeypatch.setattr(warming, "_MAX_FIRST_BLOCKS", 2)
    state = make_state(MODELS, Options(openai_dialect=False), rules)
    with encoded_blocks() as blocks:
        finish(warm_first(state))
    assert len(blocks) == 2


def test_what_was_prepared_after_a_start_is_dropped_if_no_caller_asks() -> None:
    state = make_state(MODELS)
    finish(warm_first(state))
    state.views.drop_idle()
    assert (state.views._views, len(state.views.memory)) == ({}, 0)


def test_lists_that_came_again_compressed_are_compressed_in_the_background_after_a_change() -> None:
    state = make_state(MODELS)
    for _ in range(2):
        ask(state, query=b"limit=1000", headers=GZIP)
        state.views.compressed.run_queue()
    changed = follow(state, {"m0600": renamed(MODELS[600])})
    finish(warm_changed(changed))
    state.views.compressed.run_queue()
    with encoded_blocks() as blocks:
        after = ask(changed, query=b"limit=1000", headers=GZIP)
    assert (b"content-encoding", b"gzip") in after.headers
    assert blocks == []
    assert after == ask(changed, query=b"limit=1000", headers=GZIP)


def test_a_compressed_list_that_a_change_leaves_alone_is_compressed_once() -> None:
    state = make_state(MODELS)
    for _ in range(2):
        ask(state, query=b"limit=200", headers=GZIP)
        state.views.compressed.run_queue()
    changed = follow(state, {"m0000": None})
    assert (b"content-encoding", b"gzip") in ask(changed, query=b"limit=200", headers=GZIP).headers
    assert len(state.views.compressed._bodies) == 1


def test_a_list_whose_cursor_is_gone_is_not_compressed_again() -> None:
    state = make_state(MODELS)
    for _ in range(2):
        ask(state, query=b"limit=200&after_id=m0900", headers=GZIP)
        state.views.compressed.run_queue()
    finish(warm_changed(follow(state, {"m0900": None})))  # without a tombstone
    assert state.views.compressed._queue == {}


_SOME = st.sampled_from(MODELS[::40])


@given(
    st.lists(st.tuples(_SOME, st.sampled_from(["rename", "remove", "hide"])), min_size=1, max_size=6),
    st.lists(st.integers(0, 12), min_size=1, max_size=6),
    st.data(),
)
def test_answers_are_the_same_whatever_is_prepared_of_them(
    edits: list[tuple[Model, str]], stops: list[int], data: st.DataObject
) -> None:
    state = make_state(MODELS[::4], visibility=Visibility(deny=("*8",)))
    plain = replace(state, views=Views())
    for model, kind in edits:
        query = data.draw(st.sampled_from(QUERIES))
        assert ask(state, query=query) == ask(plain, query=query)
        fresh = {
            "rename": renamed(model),
            "remove": None,
            "hide": replace(model, hidden=True),
        }[kind]
        before, state = state, follow(state, {model.id: fresh} if model.id in {m.id for m in state.catalog} else {})
        plain = follow(plain, {model.id: fresh} if model.id in {m.id for m in plain.catalog} else {})
        for _ in islice(warm_changed(state), stops[0]):
            assert ask(before, query=query).status in (200, 400)
        stops = [*stops[1:], stops[0]]
        for each in QUERIES:
            assert ask(state, query=each) == ask(plain, query=each)

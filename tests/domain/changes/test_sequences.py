"""What holds after any sequence of changes that the rules let pass."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.key_names import holds_name
from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import AnyChange, Subject
from callsheet.domain.changes.claimed import Claimed
from callsheet.domain.changes.lookup import replaced_keys
from callsheet.domain.claims.claims import Claims
from callsheet.domain.errors import RefusedError
from callsheet.testing.memory import Memory
from tests.domain.changes.acts import DAY, NOW, Act, acts, content, decide, fresh

sequences = st.lists(acts, min_size=4, max_size=25)


def _implied(memory: Memory, change: AnyChange) -> Claims | None:
    """What is claimed of a thing on which nothing is stored, if it is the person's."""
    claims = change.value
    if not isinstance(claims, Claims) or memory.claims_of([claims.subject], claims.kind):
        return None
    return Claimed(memory).by_manager(claims.subject, claims.kind).get(claims.manager)


def present(memory: Memory, change: AnyChange) -> object:
    """What is there of the thing that a change is of."""
    subject = change.subject
    if isinstance(change.value, Claims):
        claims = memory.claims_of([subject], change.value.kind).get(subject, [])
        return next((each for each in claims if each.manager == change.manager), None)
    found: dict[Subject, object] = {
        Subject.MODEL: memory.model(subject),
        Subject.ALIAS: next((Alias(*pair) for pair in memory.aliases([subject]).items()), None),
        Subject.WORKSPACE: next(memory.workspaces([subject]), None),
        Subject.KEY: next(memory.api_keys([subject]), None),
    }
    return found[change.kind]


def after(drawn: list[Act]) -> Memory:
    """A memory after each act that the rules let pass, of one a quarter of a day."""
    memory = fresh()
    for number, act in enumerate(drawn, 1):
        now = NOW + number * DAY / 4
        try:
            changes = decide(memory, number, act, now)
        except RefusedError:
            continue
        memory.apply(changes, now)
    return memory


@given(sequences)
def test_no_name_means_two_things_and_every_alias_a_model(drawn: list[Act]) -> None:
    memory = after(drawn)
    ids = set(memory.model_ids())
    assert not ids & memory.aliases().keys()
    assert set(memory.aliases().values()) <= ids
    assert not ids & memory.tombstones().keys()


@given(sequences)
def test_no_two_workspaces_in_use_have_one_name_and_the_default_one_is_in_use(drawn: list[Act]) -> None:
    memory = after(drawn)
    in_use = [workspace for workspace in memory.workspaces() if workspace.archived_at is None]
    assert len({workspace.name for workspace in in_use}) == len(in_use)
    assert memory.default_workspace_id() in {workspace.id for workspace in in_use}


@given(sequences)
def test_no_two_keys_hold_one_name_or_have_one_secret(drawn: list[Act]) -> None:
    memory, now = after(drawn), NOW + len(drawn) * DAY / 4
    replaced = replaced_keys(memory, memory.api_keys(), now)
    held = Counter(key.name for key in memory.api_keys() if holds_name(key, now, replaced))
    assert set(held.values()) <= {1}
    assert len({key.fingerprint for key in memory.api_keys()}) == len(list(memory.api_keys()))


@given(sequences)
def test_each_change_begins_where_the_thing_is_and_a_refusal_leaves_everything_as_it_is(drawn: list[Act]) -> None:
    memory = fresh()
    for number, act in enumerate(drawn, 1):
        before = content(memory)
        try:
            changes = decide(memory, number, act)
        except RefusedError:
            changes = []
        assert content(memory) == before
        for change in changes:
            assert (present(memory, change) or _implied(memory, change)) == change.before
            memory.apply([change], NOW)
            assert present(memory, change) == change.after


@given(sequences)
def test_doing_again_what_only_sets_a_value_changes_nothing(drawn: list[Act]) -> None:
    memory = after(drawn)
    for act in drawn:
        if act[0] in ("hide", "unhide", "disable key", "enable key", "change workspace"):
            try:
                memory.apply(decide(memory, 0, act), NOW)
                again = decide(memory, 0, act)
            except RefusedError:
                continue
            assert again == []

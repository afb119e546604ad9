"""After a revert, the catalogue is what it was."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.changes.change import Action, Subject
from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.claims import Claims
from callsheet.domain.errors import ConflictError, DoesNotExistError, RefusedError
from callsheet.domain.history.moment import Moment
from callsheet.service.apply import rehearse
from callsheet.service.moments.reverting import RevertService
from tests.domain.changes.acts import NOW, content
from tests.installation import Installation, make_model, now
from tests.service.moments.replay import GATEWAY, Event, Replay, histories
from tests.tiers import examples

LATER = NOW + timedelta(days=30)


@examples(1)
@given(histories, st.integers(0, 1_000))
def test_after_a_revert_models_and_aliases_are_what_they_were(
    replays: Callable[[], Replay], drawn: list[Event], chosen: int
) -> None:
    replay = replays()
    replay.play(drawn)
    if not replay.observed:
        return
    then = replay.observed[chosen % len(replay.observed)]
    service = RevertService(replay.store, "ada", lambda: LATER)
    service.models(Moment(None, then.revision))
    with replay.store.read() as reading:
        now = content(reading)
    assert {name: now[name] for name in ("models", "aliases")} == {
        name: then.content[name] for name in ("models", "aliases")
    }
    assert not any(service.models(Moment(None, then.revision)).changed.values())


@examples(0.5)
@given(histories, st.integers(0, 1_000), st.sampled_from(["a", "b", "c", "d"]))
def test_after_a_revert_of_one_model_that_model_is_what_it_was(
    replays: Callable[[], Replay], drawn: list[Event], chosen: int, name: str
) -> None:
    replay = replays()
    replay.play(drawn)
    if not replay.observed:
        return
    then = replay.observed[chosen % len(replay.observed)]
    service = RevertService(replay.store, "ada", lambda: LATER)
    try:
        service.models(Moment(None, then.revision), [name])
    except RefusedError:
        with replay.store.read() as reading:
            assert reading.model(name) is None or name in reading.aliases() or name in then.content["aliases"]  # type: ignore[operator]
        return
    with replay.store.read() as reading:
        assert reading.model(name) == then.content["models"].get(name)  # type: ignore[attr-defined]


def revision(installation: Installation) -> int:
    with installation.store.read() as reading:
        return reading.changes(limit=1)[0].revision


def service(installation: Installation) -> RevertService:
    return RevertService(installation.store, "ada", now)


def test_what_a_person_changed_is_released_and_what_a_source_changed_is_claimed(empty: Installation) -> None:
    def say(name: str) -> None:
        with empty.store.write("gateway", now()) as writing:
            writing.apply(claim(writing, [Claims("a", GATEWAY, True, {"display_name": name, "max_tokens": 10})]))

    say("One")
    begun = revision(empty)
    empty.catalog.change("a", {"max_tokens": 20})
    say("Two")
    service(empty).models(Moment(None, begun))
    said = empty.catalog.who_says("a")
    assert [(each.manager, each.value) for each in said["max_tokens"]] == [("source:gateway", 10)]
    assert [(each.manager, each.value) for each in said["display_name"]] == [
        ("person", "One"),
        ("source:gateway", "Two"),
    ]
    last = empty.history.list("a", 1)[0]
    assert (last.actor, last.reason) == ("ada", f"reverted to revision {begun}")


def test_a_removal_is_taken_back_and_an_addition_too(installation: Installation) -> None:
    begun = revision(installation)
    known = installation.catalog.list()
    removed = known[0].model.id
    installation.catalog.remove(removed)
    installation.add(make_model("new"))
    installation.catalog.alias("short", "new")
    reverted = service(installation).models(Moment(None, begun))
    assert [len(reverted.changed[each]) for each in (Subject.MODEL, Subject.ALIAS)] == [2, 1]
    assert installation.catalog.list() == known
    assert not installation.catalog.suppressed()


def test_a_workspace_gets_back_its_name_and_rules_unless_it_is_archived(empty: Installation) -> None:
    room = empty.workspace("team", allow=("a*",))
    begun = revision(empty)
    empty.access.change_workspace("team", {"name": "crew", "allow": (), "deny": ("b",)})
    was = empty.workspace("later")
    service(empty).workspaces(Moment(None, begun), ["crew"])
    found = empty.access.show_workspace(room)
    assert (found.name, found.visibility.allow, found.visibility.deny) == ("team", ("a*",), ())
    with pytest.raises(DoesNotExistError, match=f"^There was no workspace {was} at "):
        service(empty).workspaces(Moment(None, begun), ["later"])
    empty.access.change_workspace("team", {"deny": ("c",)})
    empty.access.archive_workspace("team")
    with pytest.raises(ConflictError, match="is archived"):
        service(empty).workspaces(Moment(None, begun), [room])


def test_what_cannot_be_reverted_is_refused_and_nothing_is_changed(empty: Installation) -> None:
    empty.add(make_model("a"))
    empty.catalog.alias("short", "a")
    begun = revision(empty)
    for moment, names, sentence in (
        (Moment(now() + timedelta(days=1)), [], "is still to come; name an earlier moment to revert to.$"),
        (Moment(None, begun), ["nothing"], "^There is no model 'nothing', and there was none at "),
        (Moment(None, begun), ["short"], "^short is an alias; name the model it means, a.$"),
        (Moment(None, 99), ["a"], "^There is no revision 99 yet"),
    ):
        with pytest.raises(RefusedError, match=sentence):
            service(empty).models(moment, names)
    assert revision(empty) == begun


def test_a_rehearsal_of_a_revert_plans_what_it_would_do_and_changes_nothing(empty: Installation) -> None:
    empty.add(make_model("a"))
    begun = revision(empty)
    empty.catalog.remove("a")
    plan = rehearse(
        empty.store, lambda store, _new: RevertService(store, "ada", now).models(Moment(None, begun)), now()
    )
    assert [(step.action, step.subject) for step in plan.steps] == [(Action.ADD, "a")]
    assert [audience.gains for audience in plan.impact.audiences] == [("a",)]
    assert revision(empty) == begun + 1

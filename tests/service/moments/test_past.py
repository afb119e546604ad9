"""What is read of an earlier moment is what there was."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text, update

from callsheet.api.answer import answer
from callsheet.api.request import Request
from callsheet.api.state import Options, State
from callsheet.domain.changes.change import Action, Change
from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.claims import Claims
from callsheet.domain.errors import ConflictError, InvalidError, StorageError
from callsheet.domain.history.moment import Moment
from callsheet.domain.query import Reach
from callsheet.service.catalog import CatalogService
from callsheet.service.explain.explainer import Explainer
from callsheet.service.moments.locating import locate
from callsheet.service.moments.store import MomentStore, found_at
from callsheet.storage import tables
from tests.domain.changes.acts import NOW, content
from tests.installation import Installation, again_on_postgresql, make_model, now
from tests.service.moments.replay import GATEWAY, Event, Replay, histories, observation
from tests.tiers import examples

LATER = NOW + timedelta(days=30)


@examples(0.5)
@given(histories)
def test_a_reading_as_of_each_revision_and_of_each_time_is_what_was_observed_then(
    replays: Callable[[], Replay], drawn: list[Event]
) -> None:
    replay = replays()
    replay.play(drawn)
    with replay.store.read() as present:
        for then in replay.observed:
            for moment in (Moment(None, then.revision), Moment(then.at), Moment(then.at + timedelta(seconds=59))):
                found = found_at(present, locate(present, moment, LATER))
                assert found.as_of.revision == then.revision
                assert observation(found.reading, then.at) == then


@examples(0.5)
@given(histories)
def test_a_reading_of_some_things_is_what_a_reading_of_everything_has_of_them(
    replays: Callable[[], Replay], drawn: list[Event]
) -> None:
    replay = replays()
    replay.play(drawn)
    with replay.store.read() as present:
        for then in replay.observed:
            moment = Moment(None, then.revision)
            whole, part = (found_at(present, locate(present, moment, LATER)).reading for _ in range(2))
            everything = content(whole)
            names = ["a", "b", "c", "d", "nothing"]
            assert {each.id: each for each in part.models(names)} == everything["models"]
            assert part.aliases(names) == everything["aliases"]
            assert part.tombstones(names) == everything["tombstones"]
            keys = {each.id: each for each in whole.api_keys()}
            assert {each.id: each for each in part.api_keys(list(keys))} == keys
            for key in keys.values():
                assert key in part.api_keys_named(key.name)
                assert part.key_with(key.fingerprint) == key
            for room in whole.workspaces():
                assert room in part.workspaces_named(room.name)
            listings = {(each.id, each.lifecycle, each.hidden) for each in part.listings()}
            assert listings == {(each.id, each.lifecycle, each.hidden) for each in whole.models()}
            targets = whole.aliases()
            for model in whole.models():
                assert part.model(model.id) == model
                assert part.aliases_of(model.id) == sorted(each for each, of in targets.items() if of == model.id)
                replaced = {each.id for each in whole.models() if each.replacement == model.id}
                assert {each.id for each in part.replaced_by(model.id)} == replaced


@examples(0.5)
@given(histories, st.integers(0, 1_000))
def test_explained_as_listed_is_in_the_paged_list_as_of_that_moment(
    replays: Callable[[], Replay], drawn: list[Event], chosen: int
) -> None:
    replay = replays()
    replay.play([("create key", "ada", None, None), *drawn])
    then = replay.observed[chosen % len(replay.observed)]
    with replay.store.read() as present:
        found = found_at(present, locate(present, Moment(None, then.revision), LATER))
        explainer = Explainer(found.reading, Options(), found.as_of.at, proposes=False)
        for key in found.reading.api_keys():
            pages = _pages(explainer.state, f"secret-of-the-key-{key.id.removeprefix('apikey_')}", found.as_of.at)
            for name in ("a", "b", "c", "d"):
                explained = explainer.explain(name, key.id)
                is_listed = explained.explanation.reach is Reach.LISTED and explained.explanation.model_id in pages
                assert is_listed == (explained.explanation.reach is Reach.LISTED)
                if explained.explanation.model_id == name:
                    assert (name in pages) == is_listed
                assert not explained.fixes


def _pages(state: State, secret: str, at: datetime) -> list[str]:
    """The ids of the list, in pages of two."""
    headers = [(b"x-api-key", secret.encode()), (b"anthropic-version", b"2023-06-01")]
    ids: list[str] = []
    while True:
        query = f"limit=2{'&after_id=' + quote(ids[-1], safe='') if ids else ''}"
        response = answer(state, Request("GET", b"/v1/models", query.encode(), headers, at.timestamp(), "req_1"))
        if response.status != 200:
            return []
        page = json.loads(response.body)
        ids += [each["id"] for each in page["data"]]
        if not page["has_more"]:
            return ids


@again_on_postgresql
def test_records_of_releases_with_other_fields_are_read_as_far_as_this_one_knows_them(empty: Installation) -> None:
    empty.add(make_model("old"))
    room = empty.access.show_workspace("default")
    former = {"id": "old", "display_name": "Before", "created_at": "2026-01-01T00:00:00Z", "in_a_later_release": 1}
    rules = {"id": room.id, "name": "before", "created_at": "2026-01-01T00:00:00Z", "in_a_later_release": 1}
    with empty.store.write("test", now()) as writing:
        begun = writing.installation()
        assert begun is not None
        for kind, subject, before in (("model", "old", former), ("workspace", room.id, rules)):
            writing.record("change", kind, subject, before, None)
        writing.record("invent", "invention", "x", {"a": 1}, {"a": 2})
    store = MomentStore(empty.store, Moment(None, begun.revision), now)
    model = CatalogService(store, "test", now).show("old").model
    assert model == make_model("old", display_name="Before")
    with store.read() as reading:
        (found,) = reading.workspaces([room.id])
        assert (found.name, found.visibility.allow, found.archived_at) == ("before", (), None)


@again_on_postgresql
@pytest.mark.parametrize("damage", ['{"id": "a"', '{"created_at": "never"}', "[1]", '"x"', '{"lifecycle": "gone"}'])
def test_a_damaged_record_is_named_and_only_those_who_need_it_are_refused(empty: Installation, damage: str) -> None:
    if "postgresql" in empty.url and damage == '{"id": "a"':
        return  # the database itself refuses it
    empty.add(make_model("a"), make_model("b"))
    with empty.store.write("test", now()) as writing:
        begun = writing.installation()
        assert begun is not None
        raw = text(
            "INSERT INTO changes (number, revision, at, actor, action, kind, subject, before) VALUES "
            "(1000000, 1000000, '2027-01-01T00:00:00Z', 'x', 'change', 'model', 'a', :before)"
        )
        writing._connection.execute(raw, {"before": damage})
        writing._connection.execute(update(tables.installation).values(revision=1_000_000))
    catalog = CatalogService(MomentStore(empty.store, Moment(None, begun.revision), now), "test", now)
    assert catalog.show("b").model == make_model("b")
    refused = (
        r"^Change 1000000 of the model a is damaged \(\w+\), so what was there before it is not known; check the"
    )
    for ask in (catalog.list, lambda: catalog.show("a")):
        with pytest.raises(StorageError, match=refused):
            ask()


def test_a_key_whose_row_is_gone_is_left_out(empty: Installation) -> None:
    key = empty.access.create_key("bot").key
    with empty.store.read() as reading:
        begun = reading.changes(limit=1)[0].revision
    empty.access.disable_key("bot")
    with empty.store.write("test", now()) as writing:
        writing._connection.execute(tables.api_keys.delete().where(tables.api_keys.c.id == key.id))
    with MomentStore(empty.store, Moment(None, begun), now).read() as reading:
        assert list(reading.api_keys()) == []


def test_who_said_what_then_is_what_was_said_then(empty: Installation) -> None:
    with empty.store.write("gateway", now()) as writing:
        writing.apply(claim(writing, [Claims("a", GATEWAY, True, {"display_name": "One"})]))
    empty.catalog.change("a", {"display_name": "Two"})
    with empty.store.read() as reading:
        begun = reading.changes(limit=1)[0].revision
    unchanged = empty.catalog.who_says("a")
    then = CatalogService(MomentStore(empty.store, Moment(None, begun), now), "test", now)
    assert then.who_says("a") == unchanged  # nothing has changed since, so that also what was shadowed is known
    empty.catalog.release("a")
    said = then.who_says("a")
    assert [(each.manager, each.value, each.since) for each in said["display_name"]] == [("person", "Two", begun)]
    assert [(each.manager, each.value) for each in said["listed"]] == [("source:gateway", True)]


def test_another_moment_cannot_be_changed_and_what_was_suppressed_then_is_not_answered(empty: Installation) -> None:
    catalog = CatalogService(MomentStore(empty.store, Moment(None, 1), now), "test", now)
    with pytest.raises(ConflictError, match=r"^Only the present can be changed"):
        catalog.add(make_model("a"))
    with pytest.raises(InvalidError, match="is only known of the present"):
        catalog.suppressed()


def test_the_mode_of_the_built_in_models_is_that_of_the_moment(installation: Installation) -> None:
    with installation.store.read() as reading:
        before = reading.installation()
    assert before is not None
    other = next(mode for mode in type(before.builtin) if mode is not before.builtin)
    with installation.store.write("test", now()) as writing:
        writing.set_builtin(other)
    with MomentStore(installation.store, Moment(None, before.revision), now).read() as reading:
        assert reading.installation() == before


def test_only_the_first_record_of_each_thing_after_the_moment_is_read(empty: Installation) -> None:
    with empty.store.write("test", now()) as writing:
        model = make_model("a")
        writing.apply([Change(Action.ADD, None, model)])
        begun = writing.installation()
        assert begun is not None
    for number in range(5):
        empty.catalog.change("a", {"display_name": f"Name {number}"})
    with empty.store.read() as reading:
        position = reading.position_of(begun.revision)
        assert position is not None
        formers = list(reading.formers("model", position.number))  # type: ignore[arg-type]
    assert [(each.subject, json.loads(each.before or "")["display_name"]) for each in formers] == [("a", "a")]

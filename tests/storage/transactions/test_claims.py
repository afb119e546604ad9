"""Claims are stored as they are, and thousands of changes leave what one after the other would."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Action, AnyChange, Change
from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.claims import SAME_AS, ClaimKind, Claims
from callsheet.domain.claims.manager import BUILTIN, PERSON, Manager, ManagerKind
from callsheet.domain.model import Model
from callsheet.domain.sources.source import SourceRecord
from callsheet.storage.store import Store
from callsheet.storage.transactions.write import WriteTransaction
from tests.installation import make_model
from tests.storage.files import NOW
from tests.storage.transactions.test_rows import trial
from tests.tiers import examples

UP = Manager(ManagerKind.SOURCE, "up")
MANAGERS = [BUILTIN, Manager(ManagerKind.ENRICHMENT, "facts"), UP, Manager(ManagerKind.FILE, "git"), PERSON]

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text("aé\u2028'\"\\", max_size=5),
    st.just({"batch": {"supported": True}}),
)
names = st.sampled_from(["display_name", "max_tokens", "hidden", "capabilities", "line"])


@st.composite
def claims(draw: st.DrawFn) -> Claims:
    """Claims of any manager on a model, some with ``same_as``, or on an alias."""
    manager, lists = draw(st.sampled_from(MANAGERS)), draw(st.sampled_from([True, False, None]))
    subject = draw(st.sampled_from(["a", "b", "ä 'b\""]))
    if draw(st.booleans()):
        return Claims(subject, manager, lists, {"model_id": draw(st.sampled_from("ab"))}, ClaimKind.ALIAS)
    fields: dict[str, Any] = draw(st.dictionaries(names, values, max_size=3))
    if draw(st.booleans()):
        fields[SAME_AS] = draw(st.sampled_from(["x", None]))
    return Claims(subject, manager, lists, fields)


def stored(writing: WriteTransaction) -> dict[tuple[str, str, str], Claims]:
    """Everything that is claimed by these managers but on built-in models, with its revisions."""
    found = (each for manager in MANAGERS for each in writing.claims_by(manager))
    return {key(each): each for each in found if not each.subject.startswith("claude-")}


def key(claims: Claims) -> tuple[str, str, str]:
    return claims.kind, claims.subject, str(claims.manager)


@examples(0.4)
@given(st.lists(claims(), max_size=8))
def test_claims_are_read_back_as_they_were_written(shared: Store, drawn: list[Claims]) -> None:
    with trial(shared) as writing:
        expected: dict[tuple[str, str, str], Claims] = {}
        for each in drawn:
            writing.apply([Change(Action.CLAIM, stored(writing).get(key(each)), each)])
            expected = {other: kept for other, kept in expected.items() if other != key(each)}
            if not each.is_empty:
                expected[key(each)] = each
            assert stored(writing) == expected
        of_kind = [writing.claims_of(["a", "b", "ä 'b\"", "none", "\0", "\ud800"], kind) for kind in ClaimKind]
        assert {key(each): each for found in of_kind for those in found.values() for each in those} == expected
        assert all(those for found in of_kind for those in found.values())
        for target in ("a", "b", "x", "none"):
            towards = {key(each) for each in writing.claims_towards([target, "\0"])}
            assert towards == {at for at, each in expected.items() if each.target == target}
        suppressed = {key(each) for each in writing.suppressions()}
        assert suppressed == {
            at for at, each in expected.items() if each.lists is False and each.kind is ClaimKind.MODEL
        }


def test_since_says_which_revision_a_field_was_last_claimed_otherwise(store: Store) -> None:
    said = [
        Claims("a", UP, lists=True, fields={"line": "x", "max_tokens": 1}),
        Claims("a", UP, lists=True, fields={"line": "x", "max_tokens": None, "hidden": True}),
        Claims("a", UP, lists=None, fields={"line": "x", "max_tokens": None}),
        Claims("a", UP, lists=False, fields={"line": "x", "max_tokens": 1}),
        Claims("a", UP),
        Claims("a", UP, fields={"line": "x"}),
    ]
    sinces = []
    for each in said:
        with store.write("test", NOW) as writing:
            installation = writing.installation()
            assert installation is not None
            writing.apply([Change(Action.CLAIM, stored(writing).get(key(each)), each)])
            found = stored(writing).get(key(each))
            sinces.append(found and {name: at - installation.revision for name, at in found.since.items()})
    assert sinces == [
        {"lists": 1, "line": 1, "max_tokens": 1},
        {"lists": 0, "line": 0, "max_tokens": 1, "hidden": 1},
        {"line": -1, "max_tokens": 0},
        {"lists": 1, "line": -2, "max_tokens": 1},
        None,
        {"line": 1},
    ]


def test_what_was_claimed_before_the_revisions_were_kept_stays_without_one(store: Store) -> None:
    with store.write("test", NOW) as writing:
        before = Claims("a", UP, lists=True, fields={"line": "x", "hidden": True})
        writing.apply([Change(Action.CLAIM, None, before)])
        after = Claims("a", UP, lists=True, fields={"line": "x", "hidden": False})
        writing.apply([Change(Action.CLAIM, before, after)])
        assert stored(writing)[key(after)].since.keys() == {"hidden"}


def as_read(writing: WriteTransaction, changes: list[AnyChange]) -> list[AnyChange]:
    """The changes, the first of which on each claim knows since when that is claimed, as `apply` demands."""
    there = stored(writing)
    result: list[AnyChange] = []
    for each in changes:
        known = there.pop(key(each.value), each.before) if isinstance(each.value, Claims) else each.before
        result.append(replace(each, before=known))
    return result


@st.composite
def sequences(draw: st.DrawFn) -> list[AnyChange]:
    """Changes that may follow one another: an alias has its model, and none has the name of a model."""
    models: dict[str, Model] = {}
    aliases: dict[str, str] = {}
    said: dict[tuple[str, str, str], Claims] = {}
    made: list[AnyChange] = []
    for _ in range(draw(st.integers(0, 12))):
        verb = draw(st.sampled_from(["put", "put", "remove", "alias", "unalias", "claim"]))
        name = draw(st.sampled_from("abc"))
        if verb == "put":
            after = make_model(name, max_tokens=draw(st.integers(1, 3)))
            made.append(Change(Action.CHANGE, models.get(name), after))
            models[name] = after
        elif verb == "remove" and name in models and name not in aliases.values():
            made.append(Change(Action.REMOVE, models.pop(name), None))
        elif verb == "alias" and name in models:
            alias = draw(st.sampled_from(["x", "y"]))
            before = Alias(alias, aliases[alias]) if alias in aliases else None
            made.append(Change(Action.ALIAS, before, Alias(alias, name)))
            aliases[alias] = name
        elif verb == "unalias" and aliases:
            alias = draw(st.sampled_from(sorted(aliases)))
            made.append(Change(Action.UNALIAS, Alias(alias, aliases.pop(alias)), None))
        elif verb == "claim":
            each = draw(claims())
            made.append(Change(Action.CLAIM, said.get(key(each)), each))
            said.pop(key(each), None)
            if not each.is_empty:
                said[key(each)] = each
    return made


def content(writing: WriteTransaction) -> tuple[Any, ...]:
    models = {model.id: model for model in writing.models()}
    sinces = {at: each.since for at, each in stored(writing).items()}
    return models, writing.aliases(), writing.tombstones(), stored(writing), sinces


@examples(0.5)
@given(sequences())
def test_changes_at_once_leave_what_they_leave_one_after_the_other(shared: Store, made: list[AnyChange]) -> None:
    found = []
    for batches in ([[each] for each in made], [made]):
        with trial(shared) as writing:
            for batch in batches:
                writing.apply(as_read(writing, batch))
            found.append(content(writing))
    assert found[0] == found[1]


@given(made=sequences())
@examples(0.4)
def test_every_change_has_a_record_but_for_claims_whose_subject_has_one(
    shared: Store, made: list[AnyChange]
) -> None:
    with trial(shared) as writing:
        begin = writing.changes(limit=1)[0].number
        writing.apply(made)
        records = [each for each in reversed(writing.changes(limit=100)) if each.number > begin]
    told: set[tuple[str, str]] = {
        (change.kind, change.subject) for change in made if not isinstance(change.value, Claims)
    }
    expected = [
        (each.kind, each.subject)
        for each in made
        if not isinstance(each.value, Claims) or (each.value.kind, each.value.subject) not in told
    ]
    assert [(each.kind, each.subject) for each in records] == expected


def test_a_record_names_the_manager_unless_that_is_a_person(shared: Store) -> None:
    with trial(shared) as writing:
        writing.apply(
            [
                Change(Action.ADD, None, make_model("m"), UP),
                Change(Action.ADD, None, make_model("n"), PERSON),
                Change(Action.CLAIM, None, Claims("o", BUILTIN, fields={"line": "x"})),
                Change(Action.CLAIM, None, Claims("p", PERSON, fields={"line": None})),
                Change(Action.CLAIM, None, Claims("m", UP, lists=True)),
            ]
        )
        records = writing.changes(["m", "n", "o", "p"])
    assert {each.subject: (each.kind, each.manager) for each in records} == {
        "m": ("model", "source:up"),
        "n": ("model", None),
        "o": ("claim", "builtin"),
        "p": ("claim", None),
    }
    claimed = next(each for each in records if each.subject == "p")
    assert (claimed.before, claimed.after) == (None, {"manager": "person", "lists": None, "fields": {"line": None}})


@pytest.fixture
def counted(shared: Store) -> Iterator[list[str]]:
    """The statements that are sent while a test runs."""
    asked: list[str] = []

    def count(*given: Any) -> None:
        asked.append(given[2])

    engine = shared.database.engine
    event.listen(engine, "before_cursor_execute", count)
    yield asked
    event.remove(engine, "before_cursor_execute", count)


def test_thousands_of_changes_are_a_few_statements(shared: Store, counted: list[str]) -> None:
    models = [make_model(f"m{number}") for number in range(3000)]
    said = [Claims(model.id, UP, lists=True, fields={"line": None}) for model in models]
    changed = [Claims(model.id, UP, lists=True, fields={"line": "x"}) for model in models]
    with trial(shared) as writing:
        changes = zip(said, models, strict=True)
        writing.apply([
            change
            for claimed, model in changes
            for change in (Change(Action.CLAIM, None, claimed), Change(Action.ADD, None, model, UP))
        ])  # fmt: skip
        writing.apply([Change(Action.CLAIM, *each) for each in zip(said, changed, strict=True)])
        found = writing.claims_of([model.id for model in models])
        assert [found[model.id] for model in models] == [[each] for each in changed]
        assert len(list(writing.claims_by(UP))) == len(models)
    assert len(counted) < 40


def test_thousands_of_aliases_are_decided_by_a_few_statements(shared: Store, counted: list[str]) -> None:
    with trial(shared) as writing:
        writing.apply([Change(Action.ADD, None, make_model(f"m{number}"), UP) for number in range(1000)])
        wanted = [
            Claims(f"a{number}", UP, True, {"model_id": f"m{number * 2}"}, ClaimKind.ALIAS)
            for number in range(1000)
        ]
        counted.clear()
        changes = claim(writing, wanted)
        assert len([change for change in changes if isinstance(change.value, Alias)]) == 500
    assert len(counted) < 40


def test_what_is_suppressed_is_found_by_its_own_index(shared: Store, counted: list[str]) -> None:
    with trial(shared) as writing:
        writing.apply([Change(Action.CLAIM, None, Claims("m", PERSON, lists=False))])
        counted.clear()
        assert "m" in [each.subject for each in writing.suppressions()]
        (asked,) = counted
        if shared.database.engine.dialect.name != "sqlite":
            pytest.skip("PostgreSQL reads a small table as a whole")
        plan = writing._connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", ("model",)).all()
    assert "ix_claims_suppressed" in str(plan)


def test_positions_are_those_of_the_sources(shared: Store) -> None:
    with trial(shared) as writing:
        assert writing.positions() == {}
        added = [SourceRecord(name, place, {}, NOW) for name, place in (("up", 2), ("down", 1))]
        writing.apply([Change(Action.ADD, None, each) for each in added])
        assert writing.positions() == {"up": 2, "down": 1}

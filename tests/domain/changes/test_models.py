"""What the verbs of models and aliases come to: the list of changes, word for word."""

from dataclasses import replace

import pytest

from callsheet.domain.alias import Alias
from callsheet.domain.catalog import Catalog
from callsheet.domain.changes.aliases import add_alias, remove_alias
from callsheet.domain.changes.change import Action, AnyChange, Change, Subject
from callsheet.domain.changes.choosing import choose_models, find_model, resolve_model
from callsheet.domain.changes.models import (
    add_model,
    change_model,
    deprecate_models,
    hide_models,
    remove_models,
    retire_models,
)
from callsheet.domain.claims.claims import Claims
from callsheet.domain.errors import ConflictError, DoesNotExistError, InvalidError
from callsheet.domain.hints import Hint
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import format_instant
from callsheet.testing.memory import Memory
from tests.domain.changes.acts import DAY, NOW


def make(model_id: str, **fields: object) -> Model:
    return Model(**{"id": model_id, "display_name": model_id, "created_at": NOW, **fields})  # type: ignore[arg-type]


A = make("a")
B = make("b", lifecycle=Lifecycle.DEPRECATED, deprecated_at=NOW - DAY, replacement="a")
C = make("c", lifecycle=Lifecycle.RETIRED, deprecated_at=NOW - DAY, retires_at=NOW - DAY, replacement="b")


def visible(changes: list[AnyChange]) -> list[AnyChange]:
    """The changes of models and aliases, without those of claims that they come from."""
    return [change for change in changes if change.kind is not Subject.CLAIM]


@pytest.fixture
def memory() -> Memory:
    """Models a, b (to be replaced by a) and c (by b), the aliases x and y of a, and what is left of d."""
    return Memory(Catalog([A, B, C], {"y": "a", "x": "a"}, {"d": make("d").sort_key}), "wrkspc_0")


def test_adding_is_one_change_from_nothing(memory: Memory) -> None:
    (change,) = visible(add_model(memory, make("d"), NOW))
    assert change == Change(Action.ADD, None, make("d"))
    assert (change.kind, change.subject, change.value) == (Subject.MODEL, "d", make("d"))


@pytest.mark.parametrize(("name", "hint"), [("a", Hint.CHANGE_MODEL), ("x", Hint.REMOVE_ALIAS)])
def test_a_name_that_is_taken_is_refused_with_what_to_do(memory: Memory, name: str, hint: Hint) -> None:
    with pytest.raises(ConflictError) as refusal:
        add_model(memory, make(name), NOW)
    assert refusal.value.hint is hint


def test_setting_what_is_so_already_changes_no_model_but_is_claimed(memory: Memory) -> None:
    pinned = change_model(memory, A, {"display_name": "a", "hidden": False}, NOW)
    assert visible(pinned) == []
    (claims,) = (change.after for change in pinned)
    assert isinstance(claims, Claims)
    assert claims.fields == {"created_at": format_instant(NOW), "display_name": "a", "hidden": False}
    memory.apply(pinned, NOW)
    assert change_model(memory, A, {"display_name": "a"}, NOW) == []
    changed = change_model(memory, A, {"hidden": True}, NOW)
    assert visible(changed) == [Change(Action.CHANGE, A, replace(A, hidden=True))]


@pytest.mark.parametrize(("to", "hint"), [("deprecated", Hint.DEPRECATE_MODEL), ("retired", Hint.RETIRE_MODEL)])
def test_a_lifecycle_without_its_date_is_refused_with_the_verb_that_has_one(
    memory: Memory, to: str, hint: Hint
) -> None:
    with pytest.raises(InvalidError, match=r"^a has no deprecated_at yet; ") as refusal:
        change_model(memory, A, {"lifecycle": Lifecycle(to)}, NOW)
    assert refusal.value.hint is hint


def test_a_glob_passes_over_what_its_id_would_refuse(memory: Memory) -> None:
    assert [change.subject for change in visible(retire_models(memory, choose_models(memory, ["*"]), NOW))] == [
        "a",
        "b",
    ]
    changes = deprecate_models(memory, choose_models(memory, ["*"]), NOW, replacement="a")
    assert changes == []  # c is retired, a is the replacement, and b is as wanted
    with pytest.raises(InvalidError, match=r"^c is retired already\.$"):
        retire_models(memory, choose_models(memory, ["c"]), NOW)
    with pytest.raises(InvalidError, match=r"^a cannot be its own replacement\.$"):
        deprecate_models(memory, choose_models(memory, ["a"]), NOW, replacement="a")


def test_hiding_changes_those_that_are_not_hidden() -> None:
    hidden = replace(A, hidden=True)
    memory = Memory(Catalog([hidden, B]), "wrkspc_0")
    changes = visible(hide_models(memory, choose_models(memory, ["a", "b"])))
    assert changes == [Change(Action.HIDE, B, replace(B, hidden=True))]


def test_removing_a_model_ends_its_aliases_and_leaves_others_the_name_of_their_replacement(memory: Memory) -> None:
    assert remove_models(memory, choose_models(memory, ["a"])) == [
        Change(Action.UNALIAS, Alias("x", "a"), None),
        Change(Action.UNALIAS, Alias("y", "a"), None),
        Change(Action.REMOVE, A, None),
    ]


def test_a_removed_model_that_only_people_listed_is_gone_for_good_with_its_aliases(memory: Memory) -> None:
    memory.apply(add_alias(memory, "z", "a"), NOW)
    memory.apply(remove_models(memory, choose_models(memory, ["a"])), NOW)
    assert memory.claims_of(["a"]) == {}
    memory.apply(add_model(memory, make("a"), NOW), NOW)
    assert memory.aliases() == {}


def test_an_alias_is_a_change_of_its_own(memory: Memory) -> None:
    (added,) = visible(add_alias(memory, "z", "b"))
    assert (added.action, added.kind, added.subject, added.value) == ("alias", "alias", "z", Alias("z", "b"))
    (removed,) = visible(remove_alias(memory, "x"))
    assert (removed.before, removed.after, removed.subject) == (Alias("x", "a"), None, "x")
    with pytest.raises(ConflictError, match=r"^x is an alias of a; remove the alias first\.$"):
        add_alias(memory, "x", "b")


def test_names_mean_a_model_by_id_and_for_reading_by_alias_too(memory: Memory) -> None:
    assert resolve_model(memory, "x") == find_model(memory, "a") == A
    with pytest.raises(ConflictError, match=r"^x is an alias; name the model it means, a\.$"):
        find_model(memory, "x")
    with pytest.raises(DoesNotExistError, match=r"^There is no model 'd'\.$"):
        choose_models(memory, ["d"])

"""What an operator may not do to the catalogue: told in one sentence, and nothing is changed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from callsheet.domain.edits import ModelChange
from callsheet.domain.errors import ConflictError, DoesNotExistError, InvalidError, RefusedError, StorageError
from callsheet.domain.model import Lifecycle
from callsheet.service.catalog import CatalogService
from tests.installation import Installation, make_model
from tests.service.content import refused

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)

Act = Callable[[CatalogService], Any]


@pytest.fixture
def catalog(empty: Installation) -> CatalogService:
    """The service at a fixed time: model a with the alias x, model b deprecated, model c retired, d was removed."""
    service = CatalogService(empty.store, "test", lambda: NOW)
    for name in "abcd":
        service.add(make_model(name))
    service.alias("x", "a")
    service.deprecate("b", replacement="a")
    service.retire("c")
    service.remove("d")
    return service


EDITS: dict[str, Callable[[CatalogService, str], Any]] = {
    "change": lambda catalog, name: catalog.change(name, {"display_name": "New"}),
    "deprecate": lambda catalog, name: catalog.deprecate(name),
    "retire": lambda catalog, name: catalog.retire(name),
    "hide": lambda catalog, name: catalog.hide(name),
    "unhide": lambda catalog, name: catalog.unhide(name),
    "remove": lambda catalog, name: catalog.remove(name),
    "alias": lambda catalog, name: catalog.alias("y", name),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("name", ["nothing", "d", ""])
def test_a_model_that_does_not_exist_cannot_be_changed(
    empty: Installation, catalog: CatalogService, edit: str, name: str
) -> None:
    with refused(empty, DoesNotExistError, f"There is no model {name!r}."):
        EDITS[edit](catalog, name)


@pytest.mark.parametrize("edit", EDITS)
def test_a_model_cannot_be_changed_by_its_alias(empty: Installation, catalog: CatalogService, edit: str) -> None:
    with refused(empty, ConflictError, "x is an alias; name the model it means, a."):
        EDITS[edit](catalog, "x")


REFUSALS: list[tuple[str, Act, type[RefusedError], str]] = [
    (
        "add a model twice",
        lambda it: it.add(make_model("a")),
        ConflictError,
        "a is in the catalogue already; change it instead.",
    ),
    (
        "add a model with the name of an alias",
        lambda it: it.add(make_model("x")),
        ConflictError,
        "x is an alias of a; remove the alias first.",
    ),
    (
        "add a model deprecated tomorrow",
        lambda it: it.add(make_model("n", lifecycle=Lifecycle.DEPRECATED, deprecated_at=LATER)),
        InvalidError,
        "deprecated_at of n must not lie in the future.",
    ),
    (
        "add a model retired tomorrow",
        lambda it: it.add(make_model("n", lifecycle=Lifecycle.RETIRED, deprecated_at=NOW, retires_at=LATER)),
        InvalidError,
        "n is retired, so its retires_at must not lie in the future.",
    ),
    (
        "add a model with a replacement that is not there",
        lambda it: it.add(make_model("n", replacement="d")),
        DoesNotExistError,
        "There is no model 'd' to be the replacement.",
    ),
    (
        "name an alias as replacement",
        lambda it: it.change("b", {"replacement": "x"}),
        DoesNotExistError,
        "There is no model 'x' to be the replacement.",
    ),
    (
        "change an id",
        lambda it: it.change("a", cast("ModelChange", {"id": "e"})),
        InvalidError,
        "id of a model cannot be changed.",
    ),
    (
        "change to a value that is not valid",
        lambda it: it.change("a", {"display_name": "New", "max_tokens": 0}),
        InvalidError,
        "max_tokens must be a whole number of tokens, at least 1.",
    ),
    (
        "give an active model a date",
        lambda it: it.change("a", {"retires_at": NOW}),
        InvalidError,
        "a is active, so it can have neither deprecated_at nor retires_at.",
    ),
    (
        "date a deprecation tomorrow",
        lambda it: it.change("b", {"deprecated_at": LATER}),
        InvalidError,
        "deprecated_at of b must not lie in the future.",
    ),
    (
        "deprecate a retired model",
        lambda it: it.deprecate("c"),
        InvalidError,
        "c is retired; a retired model cannot be deprecated.",
    ),
    (
        "plan a retirement before the deprecation",
        lambda it: it.deprecate("a", retires_at=NOW - timedelta(days=1)),
        InvalidError,
        "retires_at of a (2026-11-19T12:00:00Z) must not be before its deprecated_at (2026-11-20T12:00:00Z).",
    ),
    (
        "replace a model by itself",
        lambda it: it.deprecate("b", replacement="b"),
        InvalidError,
        "b cannot be its own replacement.",
    ),
    (
        "replace a model by one that is not there",
        lambda it: it.deprecate("b", replacement="nothing"),
        DoesNotExistError,
        "There is no model 'nothing' to be the replacement.",
    ),
    ("retire twice", lambda it: it.retire("c"), InvalidError, "c is retired already."),
    (
        "name an alias like a model",
        lambda it: it.alias("b", "a"),
        ConflictError,
        "b is a model; an alias cannot have the name of a model.",
    ),
    (
        "name an alias twice",
        lambda it: it.alias("x", "b"),
        ConflictError,
        "x is an alias of a; remove the alias first.",
    ),
    (
        "name an alias that is no id",
        lambda it: it.alias("x ", "a"),
        InvalidError,
        "An alias must be 1 to 256 printable characters without blanks at either end, not 'x '.",
    ),
    (
        "name a model with a character that is not assigned",
        lambda it: it.add(make_model("x\u0378")),
        InvalidError,
        "A model id must hold only printable characters, not U+0378.",
    ),
    ("hide what no database holds", lambda it: it.hide("\0"), DoesNotExistError, "There is no model '\\x00'."),
    (
        "retire what no database holds",
        lambda it: it.retire("\ud800"),
        DoesNotExistError,
        "There is no model '\\ud800'.",
    ),
    ("drop what no database holds", lambda it: it.unalias("a\0"), DoesNotExistError, "There is no alias 'a\\x00'."),
    ("drop an alias that is not there", lambda it: it.unalias("y"), DoesNotExistError, "There is no alias 'y'."),
    ("drop a model as an alias", lambda it: it.unalias("a"), DoesNotExistError, "There is no alias 'a'."),
    ("show what is not there", lambda it: it.show("d"), DoesNotExistError, "There is no model or alias 'd'."),
]


@pytest.mark.parametrize(("what", "act", "kind", "sentence"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_what_may_not_be_done_is_refused_and_changes_nothing(
    empty: Installation, catalog: CatalogService, what: str, act: Act, kind: type[RefusedError], sentence: str
) -> None:
    with refused(empty, kind, sentence):
        act(catalog)


def test_a_removal_that_fails_midway_changed_nothing(empty: Installation, catalog: CatalogService) -> None:
    """The aliases are dropped first; when the model then cannot be, they are still there."""
    with empty.store.write("test", NOW) as writing:
        writing._connection.exec_driver_sql(
            "CREATE TRIGGER stuck BEFORE DELETE ON models BEGIN SELECT RAISE(ABORT, 'stuck'); END"
        )
    with refused(empty, StorageError, f"The database {empty.store.display_name} failed: stuck."):
        catalog.remove("a")

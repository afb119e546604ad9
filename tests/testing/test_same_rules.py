"""The double changes what the product changes, and refuses what it refuses, in the same words."""

import re
import shutil
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.access.visibility import Visibility
from callsheet.domain.errors import RefusedError
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import EPOCH
from callsheet.service.access import AccessService
from callsheet.service.catalog import CatalogService, ModelWithAliases
from callsheet.testing import START, ModelsAPI
from tests.installation import Installation
from tests.tiers import examples

SOON = START + timedelta(days=1)
NAMES = ["a", "b", "c", "not an id"]

names = st.sampled_from(NAMES)
fields = st.fixed_dictionaries(
    {},
    optional={
        "display_name": st.sampled_from(["A", "", "B", "\u202eA"]),
        "line": st.sampled_from(["opus", "Opus", None]),
        "max_tokens": st.sampled_from([1, 0]),
        "lifecycle": st.sampled_from(Lifecycle),
        "deprecated_at": st.sampled_from([START, SOON, None]),
        "retires_at": st.sampled_from([START, SOON, None]),
        "replacement": names,
        "hidden": st.booleans(),
    },
)

acts = st.one_of(
    st.tuples(st.just("add"), names, fields),
    st.tuples(st.just("add"), names, st.just({})),
    st.tuples(st.just("change"), names, fields),
    st.tuples(st.just("deprecate"), names, st.sampled_from([None, SOON, EPOCH]), st.sampled_from([None, *NAMES])),
    st.tuples(st.just("alias"), names, names),
    *(st.tuples(st.just(verb), names) for verb in ("retire", "remove", "hide", "unhide", "unalias")),
)


def outcome(act: Callable[[], Any]) -> tuple[str, str] | None:
    """What became of it: a refusal, or nothing."""
    try:
        act()
    except RefusedError as refusal:
        return type(refusal).__name__, str(refusal)
    return None


def on_product(catalog: CatalogService, verb: str, *given: Any) -> None:
    if verb == "add":
        model_id, named = given
        catalog.add(Model(**{"id": model_id, "display_name": model_id, "created_at": START, **named}))
    elif verb == "deprecate":
        model_id, retires_at, replacement = given
        catalog.deprecate(model_id, retires_at=retires_at, replacement=replacement)
    else:
        getattr(catalog, verb)(*given)


def on_double(double: ModelsAPI, verb: str, *given: Any) -> None:
    if verb in ("add", "change"):
        model_id, named = given
        getattr(double, verb)(model_id, **named)
    else:
        getattr(double, verb)(*given)


def content(double: ModelsAPI) -> list[ModelWithAliases]:
    """What `CatalogService.list` gives of the product."""
    aliases = double.state.catalog.aliases().items()
    return [
        ModelWithAliases(model, [alias for alias, target in aliases if target == model.id])
        for model in double.state.catalog
    ]


@pytest.fixture
def copies(empty: Installation, tmp_path: Path) -> Callable[[], Installation]:
    """Makes fresh installations with an empty catalogue."""
    numbers = count()

    def copy() -> Installation:
        path = tmp_path / f"copy-{next(numbers)}.db"
        shutil.copy(empty.store.display_name, path)
        return Installation(f"sqlite:///{path}")

    return copy


@examples(0.4)
@given(st.lists(acts, min_size=3, max_size=12))
def test_every_change_of_the_catalogue_ends_as_in_the_product(
    copies: Callable[[], Installation], drawn: list[tuple[Any, ...]]
) -> None:
    installation, double = copies(), ModelsAPI([])
    catalog = CatalogService(installation.store, "test", lambda: START)
    for act in drawn:
        expected = outcome(lambda act=act: on_product(catalog, *act))  # type: ignore[misc]
        assert outcome(lambda act=act: on_double(double, *act)) == expected, act  # type: ignore[misc]
    assert content(double) == catalog.list()
    product = installation.live().current.catalog
    assert [double.state.catalog.locate(name) for name in NAMES] == [product.locate(name) for name in NAMES]


@pytest.mark.parametrize(
    ("ask_product", "ask_double"),
    [
        (
            lambda access: [access.create_workspace("twice"), access.create_workspace("twice", "wrkspc_other")],
            lambda double: [double.workspace("twice"), double.workspace("twice", workspace_id="wrkspc_other")],
        ),
        (
            lambda access: [access.create_workspace(name, "wrkspc_1") for name in "ab"],
            lambda double: [double.workspace(name, workspace_id="wrkspc_1") for name in "ab"],
        ),
        (
            lambda access: access.create_workspace("odd", "odd"),
            lambda double: double.workspace("odd", workspace_id="odd"),
        ),
        (
            lambda access: access.create_workspace("odd", visibility=Visibility(("a\u200bb",))),
            lambda double: double.workspace("odd", allow=["a\u200bb"]),
        ),
        (lambda access: access.create_key("k", "nowhere"), lambda double: double.key("nowhere")),
        (lambda access: access.create_key("k", expires_at=START), lambda double: double.key(expires_at=START)),
        (lambda access: access.create_key("k", secret="short"), lambda double: double.key(secret="short")),
        (
            lambda access: [access.create_key("k", secret="sk-cs-the-same-twice") for _ in range(2)],
            lambda double: [double.key(secret="sk-cs-the-same-twice") for _ in range(2)],
        ),
    ],
    ids=["name twice", "id twice", "bad id", "bad pattern", "no workspace", "expired", "short", "secret twice"],
)  # fmt: skip
def test_a_workspace_or_key_is_refused_as_in_the_product(
    installation: Installation,
    ask_product: Callable[[AccessService], Any],
    ask_double: Callable[[ModelsAPI], Any],
) -> None:
    access = AccessService(installation.store, "test", lambda: START)
    access.create_key("the first", secret="sk-cs-of-the-product")
    expected = outcome(lambda: ask_product(access))
    found = outcome(lambda: ask_double(ModelsAPI()))
    assert expected is not None
    assert found is not None
    assert _without_ids(found) == _without_ids(expected)


def _without_ids(refusal: tuple[str, str]) -> tuple[str, str]:
    """The product draws ids by lot; the double counts."""
    kind, sentence = refusal
    return kind, re.sub(r"wrkspc_0\w+", "wrkspc_X", sentence)

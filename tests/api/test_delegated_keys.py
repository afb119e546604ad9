"""What a delegated key sees: what its gateway listed to it, as the mode says, and nothing of any other key."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.api import views
from callsheet.api.answer import Response
from callsheet.api.caller import identify
from callsheet.api.grants import Grants, Verdict
from callsheet.api.request import Header
from callsheet.api.state import State
from callsheet.api.view import UnfinishedError
from callsheet.api.views import Views
from callsheet.domain.access.delegation import Delegation, KeyMode
from callsheet.domain.access.grant import GrantedModels
from callsheet.domain.access.visibility import SEES_ALL, Visibility
from callsheet.domain.catalog import Catalog
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.query import LISTED
from tests.api.states import SECRET, ask, make_state
from tests.installation import make_model
from tests.tiers import examples

NOW = 2_000_000_000.0
FAR = 4_000_000_000.0  # later than any clock says
ONE, OTHER = b"sk-gw-one", b"sk-gw-other"

KNOWN = [f"m{number}" for number in range(6)]  # models of the catalogue, or tombstones
FOREIGN = ["x0", "x1", "claude-[1m]"]  # never in the catalogue
ALIASES = ["latest", "small", "m5"]  # the last is an id, too, where the catalogue has it
NAMES = [*KNOWN, *FOREIGN, *ALIASES, "nothing"]

lifecycles = st.sampled_from([Lifecycle.ACTIVE, Lifecycle.DEPRECATED, Lifecycle.RETIRED])
SINCE = datetime(2026, 5, 1, tzinfo=UTC)


def _model(name: str, day: int, lifecycle: Lifecycle, says: str, *, hidden: bool = False) -> Model:
    model = make_model(name, f"2026-01-0{day}", display_name=says, hidden=hidden)
    return model if lifecycle is Lifecycle.ACTIVE else replace(model, lifecycle=lifecycle, deprecated_at=SINCE)


def _models(names: list[str], says: str, **more: Any) -> st.SearchStrategy[list[Model]]:
    one = st.builds(_model, st.sampled_from(names), st.integers(1, 5), lifecycles, st.just(says), **more)
    return st.lists(one, unique_by=lambda model: model.id)


lists = _models([*KNOWN, *FOREIGN], "the gateway")
rules = st.sampled_from(
    [SEES_ALL, Visibility(allow=("m*",)), Visibility(deny=("m1", "m2")), Visibility(allow=("m3", "claude-[1m]"))]
)
modes = st.sampled_from(KeyMode)


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    models = draw(_models(KNOWN, "the catalogue", hidden=st.booleans()))
    there = {model.id for model in models}
    gone = {name: make_model(name, "2026-01-03").sort_key for name in KNOWN if name not in there}
    removed = draw(st.sets(st.sampled_from(sorted(gone)))) if gone else set()
    aliases = draw(st.dictionaries(st.sampled_from(ALIASES), st.sampled_from(KNOWN)))
    return Catalog(models, aliases, {name: gone[name] for name in removed})


def _state(catalog: Catalog, mode: KeyMode = KeyMode.FILL, visibility: Visibility = SEES_ALL) -> State:
    return replace(
        make_state(visibility=visibility),
        catalog=catalog,
        delegation=Delegation("gateway", mode),
        grants=Grants(b"k" * 32),
    )


def _accept(state: State, secret: bytes, models: Iterable[Model]) -> None:
    state.grants.put(secret, Verdict.ACCEPTED, GrantedModels(models), NOW, FAR)


def _headers(secret: bytes) -> list[Header]:
    return [(b"x-api-key", secret), (b"anthropic-version", b"2023-06-01")]


def _get(state: State, secret: bytes, query: str = "", name: str = "") -> Response:
    path = b"/v1/models" + (b"/" + name.replace("[", "%5B").replace("]", "%5D").encode() if name else b"")
    return ask(state, path, query.replace("[", "%5B").replace("]", "%5D").encode(), _headers(secret))


def _walk(state: State, secret: bytes, limit: int, first: str, onward: str) -> Iterator[list[Any]]:
    query = f"limit={limit}{first}"
    while True:
        got = json.loads(_get(state, secret, query).body)
        yield got["data"]
        if not got["has_more"]:
            return
        query = f"limit={limit}&{onward}={got['last_id' if onward == 'after_id' else 'first_id']}"


class Expected(NamedTuple):
    """By the definition of the modes: models that can be retrieved, and ids that are positions beside them."""

    models: dict[str, Model]
    places: set[str]


def _expected(state: State, granted: list[Model], former: list[Model], mode: KeyMode) -> Expected:
    catalog, rules = state.catalog, state.workspaces[state.default_workspace_id].visibility
    sees = rules.among(catalog.has_id).sees
    stated = {model.id: model for model in granted}
    if mode is KeyMode.OBSERVE:
        return Expected(stated, {model.id for model in former})
    if mode is KeyMode.FILL:
        shown = {
            model.id: catalog.get(model.id) or model
            for model in granted
            if catalog.get(model.id) is not None or model.id not in catalog.tombstones()
        }
        return Expected(shown, {model.id for model in (*granted, *former)})
    return Expected(
        {name: model for name in stated if (model := catalog.get(name)) is not None and sees(name)},
        {model.id for model in (*granted, *former) if catalog.has_id(model.id) and sees(model.id)},
    )


@given(catalogs(), lists, lists, rules, modes, st.integers(1, 3))
@examples(2)
def test_a_delegated_key_sees_exactly_what_the_definition_of_the_mode_says(
    catalog: Catalog, former: list[Model], granted: list[Model], visibility: Visibility, mode: KeyMode, limit: int
) -> None:
    state = _state(catalog, mode, visibility)
    _accept(state, ONE, former)
    _accept(state, ONE, granted)
    models, places = _expected(state, granted, former, mode)
    listed = sorted(
        (model for model in models.values() if not model.hidden and model.lifecycle in LISTED),
        key=lambda model: model.sort_key,
    )
    names = [model.id for model in listed]
    said = [model.display_name for model in listed]
    assert set(names) <= {model.id for model in granted}

    forward = [row for rows in _walk(state, ONE, limit, "", "after_id") for row in rows]
    assert [(row["id"], row["display_name"]) for row in forward] == list(zip(names, said, strict=True))
    if names:
        parts = list(_walk(state, ONE, limit, f"&before_id={names[-1]}", "before_id"))
        assert [row["id"] for rows in reversed(parts) for row in rows] == names[:-1]
    everything = json.loads(ask(state, headers=[(b"authorization", b"Bearer " + ONE)]).body)
    assert [row["id"] for row in everything["data"]] == names
    retired = json.loads(_get(state, ONE, "limit=1000&lifecycle=retired").body)["data"]
    assert {row["id"] for row in retired} == {
        model.id for model in models.values() if model.lifecycle is Lifecycle.RETIRED and not model.hidden
    }

    for name in NAMES:
        meant = models.get(name) or models.get(catalog.id_of(name))
        got = _get(state, ONE, name=name)
        assert (json.loads(got.body)["id"] if got.status == 200 else None) == (meant.id if meant else None)
        is_place = name in models or name in places or meant is not None
        for cursor in ("after_id", "before_id"):
            assert _get(state, ONE, f"{cursor}={name}").status == (200 if is_place else 400), name
    for dialect in (_headers(ONE), [(b"authorization", b"Bearer " + ONE)]):
        whole = ask(state, headers=dialect)
        assert ask(state, headers=dialect, method="HEAD").headers == whole.headers


def _everything(state: State, secret: bytes) -> Iterator[Response]:
    """Whatever can be asked with a credential."""
    for query in ("limit=2", "limit=1000", "lifecycle=retired", *(f"{c}={n}" for c in CURSORS for n in NAMES)):
        yield _get(state, secret, query)
    for name in NAMES:
        yield _get(state, secret, name=name)
    yield ask(state, headers=[(b"authorization", b"Bearer " + secret)])


CURSORS = ("after_id", "before_id")


def _comparable(response: Response) -> tuple[int, list[Header], bytes]:
    return response.status, response.headers, response.body


@given(catalogs(), lists, lists, lists, rules, modes)
def test_what_one_key_gets_does_not_depend_on_what_another_was_granted_or_has_asked(
    catalog: Catalog,
    former: list[Model],
    granted: list[Model],
    others: list[Model],
    visibility: Visibility,
    mode: KeyMode,
) -> None:
    alone, shared = _state(catalog, mode, visibility), _state(catalog, mode, visibility)
    for state in (alone, shared):
        _accept(state, ONE, former)
    _accept(shared, OTHER, others)
    of_other = list(_everything(shared, OTHER))
    _accept(shared, OTHER, granted)
    for state in (alone, shared):
        _accept(state, ONE, granted)
    list(_everything(shared, OTHER))
    of_one = list(_everything(shared, ONE))
    assert list(map(_comparable, of_one)) == list(map(_comparable, _everything(alone, ONE)))
    for response in of_one:  # a tag of another's answer is good for equal bytes only
        for other in of_other:
            tags = [dict(each.headers).get(b"etag") for each in (response, other)]
            if tags[0] is not None and tags[0] == tags[1]:
                assert response.body == other.body


@given(catalogs(), lists, lists, modes)
def test_an_id_outside_the_grant_is_refused_exactly_as_an_unknown_one(
    catalog: Catalog, granted: list[Model], others: list[Model], mode: KeyMode
) -> None:
    state = _state(catalog, mode)
    _accept(state, ONE, granted)
    _accept(state, OTHER, others)
    list(_everything(state, OTHER))
    own = {model.id for model in granted}
    outside = [name for name in (*KNOWN, *FOREIGN) if name not in own and catalog.id_of(name) not in own]
    unknown = _get(state, ONE, "after_id=unheard-of"), _get(state, ONE, name="unheard-of")
    for name in outside:
        assert _comparable(_get(state, ONE, f"after_id={name}")) == _comparable(unknown[0])
        refused = _get(state, ONE, name=name)
        assert (refused.status, refused.body) == (404, unknown[1].body.replace(b"unheard-of", name.encode()))


@given(catalogs(), catalogs(), lists, modes)
def test_a_grant_is_shown_of_the_present_catalogue_whatever_was_encoded_of_another(
    before: Catalog, after: Catalog, granted: list[Model], mode: KeyMode
) -> None:
    state = _state(before, mode)
    _accept(state, ONE, granted)
    list(_everything(state, ONE))
    changed = replace(state, catalog=after)
    fresh = replace(changed, views=Views())
    assert list(map(_comparable, _everything(changed, ONE))) == list(map(_comparable, _everything(fresh, ONE)))


def test_the_model_of_the_catalogue_is_written_once_for_all_grants_that_have_it() -> None:
    state = _state(Catalog([make_model(name) for name in KNOWN]))
    secrets = [b"sk-%d" % number for number in range(200)]
    for number, secret in enumerate(secrets):
        _accept(state, secret, [make_model("x0"), make_model("m1"), make_model(f"own-{number}")])
        assert len(json.loads(_get(state, secret).body)["data"]) == 3
    one = state.views._renderings
    written = [rendering for rendering in one.values() if rendering._encoded]
    (rendering,) = written
    assert [list(known) for known in rendering._encoded.values()] == [["m1"]]
    assert len(rendering._stated) == len(secrets) + 1


def test_equal_grants_share_one_view() -> None:
    state = _state(Catalog([make_model("m1")]))
    workspace = state.workspaces[state.default_workspace_id]
    for secret in (ONE, OTHER):
        _accept(state, secret, [make_model("m1"), make_model("x0")])
    views = {
        state.view(workspace, grant=answered.grant)
        for secret in (ONE, OTHER)
        if (answered := state.grants.find(secret, NOW)) is not None
    }
    assert len(views) == 1


def test_the_keyring_judges_every_key_that_it_has_and_the_gateway_every_other() -> None:
    state = _state(Catalog([make_model("m1"), make_model("m2")]))
    _accept(state, SECRET.encode(), [])
    assert len(json.loads(_get(state, SECRET.encode()).body)["data"]) == 2
    assert _get(state, ONE).status == 401
    state.grants.put(ONE, Verdict.REFUSED, None, NOW, FAR)
    refused = _get(state, ONE)
    assert (refused.status, b"invalid x-api-key" in refused.body) == (401, True)
    state.grants.put(ONE, Verdict.AWAY, None, NOW, FAR)
    assert _get(state, ONE).status == 529
    both = [*_headers(ONE), (b"authorization", b"Bearer " + SECRET.encode())]
    assert ask(state, headers=both).status == 200, "the other credential is good"
    _accept(state, ONE, [make_model("m2")])
    assert [row["id"] for row in json.loads(_get(state, ONE).body)["data"]] == ["m2"]
    nobody_asks = replace(state, delegation=None)
    assert _get(nobody_asks, ONE).status == 401


def test_an_answer_for_the_second_credential_holds_no_longer_than_the_refusal_of_the_first() -> None:
    state = _state(Catalog([make_model("m1")]))
    state.grants.put(ONE, Verdict.REFUSED, None, NOW, NOW + 10)
    _accept(state, OTHER, [make_model("m1")])
    both = [*_headers(ONE), (b"authorization", b"Bearer " + OTHER)]
    assert identify(state, dict(both), NOW).expires == NOW + 10
    assert identify(state, dict(_headers(OTHER)), NOW).expires == FAR
    unasked = [*_headers(b"sk-gw-unasked"), (b"authorization", b"Bearer " + OTHER)]
    assert identify(state, dict(unasked), NOW).expires == NOW


def test_a_key_of_the_keyring_goes_before_a_delegated_one_in_either_header() -> None:
    """Or the owner of a request would depend on whether another request has had its other key asked about."""
    state = _state(Catalog([make_model("m1"), make_model("m2")]))
    _accept(state, ONE, [make_model("m2")])
    for headers in (
        [*_headers(ONE), (b"authorization", b"Bearer " + SECRET.encode())],
        [*_headers(SECRET.encode()), (b"authorization", b"Bearer " + ONE)],
    ):
        assert len(json.loads(ask(state, headers=headers).body)["data"]) == 2


@pytest.mark.parametrize("mode", KeyMode)
def test_a_delegated_key_belongs_to_one_workspace_alone(mode: KeyMode) -> None:
    state = _state(Catalog([make_model("m1")]), mode)
    _accept(state, ONE, [make_model("m1")])
    (default,) = state.workspaces.values()
    other = replace(default, id="wrkspc_other", name="Other")
    state = replace(state, workspaces={**state.workspaces, other.id: other})
    wants = [*_headers(ONE), (b"anthropic-workspace-id", b"wrkspc_other")]
    assert ask(state, headers=wants).status == 403
    moved = replace(state, delegation=Delegation("gateway", mode, other.id))
    assert dict(ask(moved, headers=_headers(ONE)).headers)[b"anthropic-workspace-id"] == b"wrkspc_other"
    archived = replace(moved, workspaces={default.id: default})
    assert _get(archived, ONE).status == 401


@given(catalogs(), _models(KNOWN, "the gateway"), modes)
def test_the_same_grant_costs_no_more_of_a_larger_catalogue(
    catalog: Catalog, granted: list[Model], mode: KeyMode
) -> None:
    many = [make_model(f"other-{number}", f"2026-02-{number % 28 + 1:02}") for number in range(2000)]
    state = _state(Catalog([*catalog, *many], catalog.aliases(), catalog.tombstones()), mode)
    _accept(state, ONE, granted)
    _get(state, ONE)
    for rendering in state.views._renderings.values():
        assert sum(map(len, rendering._encoded.values())) + len(rendering._stated) <= len(granted)
    (view,) = state.views._views.values()
    assert sum(len(block.models) for block in view.catalog.blocks) <= len(granted)


def test_a_huge_grant_is_looked_up_while_nobody_waits_and_answers_the_same() -> None:
    names = [f"m{number}" for number in range(30)]
    state = _state(Catalog([make_model(name) for name in names]))
    _accept(state, ONE, [make_model(name) for name in names])
    headers = dict(_headers(ONE))
    with patch.object(views, "MAX_INLINE_ROWS", 10):
        with pytest.raises(UnfinishedError):
            identify(state, headers, NOW)
        assert len(json.loads(_get(state, ONE).body)["data"]) == 20, "without others that wait"
        assert identify(state, headers, NOW).expires == FAR
        changed = replace(state, catalog=state.catalog.changed({"m1": None}))
        with pytest.raises(UnfinishedError):
            identify(changed, headers, NOW)

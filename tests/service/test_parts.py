"""What is looked at in part is what looking at each model and key would find."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callsheet.api.state import State
from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.keyring import Keyring
from callsheet.domain.access.visibility import NOTHING, Visibility
from callsheet.domain.catalog import Catalog
from callsheet.domain.errors import InvalidError
from callsheet.domain.query import reach_of
from callsheet.service.explain import part
from callsheet.service.explain.part import Part
from callsheet.service.explain.seeing import Sighting
from callsheet.service.glance import count_listed, glance
from callsheet.service.key_counts import count_working_keys
from tests.installation import make_model

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    count=st.integers(0, 12),
    seen=st.sets(st.integers(0, 11)),
    limit=st.integers(1, 4),
    looked=st.integers(1, 5),
    forward=st.booleans(),
)
def test_pages_have_every_model_that_is_seen_once(
    count: int, seen: set[int], limit: int, looked: int, forward: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "MAX_LOOKED_MODELS", looked)
    catalog = Catalog(make_model(f"m{number}", f"2026-01-{number + 1:02}") for number in range(count))
    wanted = [model.id for model in catalog if int(model.id[1:]) in seen]
    everything = [model.id for model in catalog]
    found: list[str] = []
    cursor = None if forward or not everything else everything[-1]
    if not forward and everything and everything[-1] in wanted:
        wanted.remove(everything[-1])
    for _ in range(count + 2):
        asked = Part(limit, after_id=cursor) if forward else Part(limit, before_id=cursor)
        page = asked.of(
            catalog, lambda models: (Sighting(each, reach_of(each)) for each in models if int(each.id[1:]) in seen)
        )
        ids = [each.model.id for each in page.sightings]
        assert len(ids) <= limit
        found = [*found, *ids] if forward else [*ids, *found]
        if not page.has_more or (cursor is None and not forward):
            break
        cursor = page.last_id if forward else page.first_id
    else:
        raise AssertionError("the pages have no end")
    assert found == (wanted if forward or everything else [])


def test_a_cursor_that_means_nothing_is_refused() -> None:
    with pytest.raises(InvalidError, match="There is no model 'nothing' to go on from"):
        Part(1, after_id="nothing").of(
            Catalog(), lambda models: (Sighting(each, reach_of(each)) for each in models)
        )


KEYS = st.lists(
    st.tuples(
        st.sampled_from([None, "wrkspc_a", "wrkspc_b"]),
        st.sampled_from(KeyStatus),
        st.sampled_from([None, -1, 0, 1]),
    ),
    max_size=8,
)


@given(KEYS, st.integers(-2, 2))
def test_keys_are_counted_as_one_by_one(keys: list[tuple[str | None, KeyStatus, int | None]], later: int) -> None:
    at = NOW + timedelta(days=later)
    made = [
        APIKey(
            id=f"apikey_{number}",
            name=f"key {number}",
            workspace_id=workspace,
            fingerprint=bytes([number]) * 32,
            hint="",
            status=status,
            expires_at=None if days is None else NOW + timedelta(days=days),
            created_at=NOW,
        )
        for number, (workspace, status, days) in enumerate(keys)
    ]
    state = State(
        catalog=Catalog(),
        keyring=Keyring(made),
        workspaces={},
        organization_id="x",
        default_workspace_id="wrkspc_a",
    )
    expected = Counter(
        key.workspace_id or "wrkspc_a" for key in made if key.status is KeyStatus.ACTIVE and not key.is_expired(at)
    )
    assert +count_working_keys(state, at.timestamp()) == expected


PATTERNS = st.lists(st.sampled_from(["*", "a*", "b", "?", "[ab]*", "c-*", NOTHING]), max_size=3).map(tuple)


@given(
    ids=st.lists(st.text("abc-", min_size=1, max_size=3), max_size=8, unique=True),
    hidden=st.booleans(),
    allow=PATTERNS,
    deny=PATTERNS,
    most=st.one_of(st.none(), st.integers(1, 9)),
)
def test_a_glance_sees_what_rules_let_be_seen_of_what_it_looks_at(
    ids: list[str], hidden: bool, allow: tuple[str, ...], deny: tuple[str, ...], most: int | None
) -> None:
    models = [make_model(each, hidden=hidden and number == 0) for number, each in enumerate(ids)]
    state = State(
        catalog=Catalog(models),
        keyring=Keyring(),
        workspaces={},
        organization_id="x",
        default_workspace_id="wrkspc_a",
    )
    rules = Visibility(allow, deny)
    seen = glance(state, [rules], most)
    looked_at = list(state.catalog)[:most]
    exact = rules.among(state.catalog.has_id)
    listed = [each.id for each in looked_at if not each.hidden]
    assert seen.sights[0].visible == tuple(filter(exact.sees, listed))
    assert (seen.sights[0].listed, seen.is_whole) == (len(listed), len(looked_at) == len(ids))
    matching = {
        each for each in (*allow, *deny) if any(Visibility((each,)).among(ids.__contains__).sees(i) for i in ids)
    }
    assert set(seen.sights[0].idle) == ({*allow, *deny} - matching if seen.is_whole else set())
    everything = glance(state, [rules]).sights[0].visible
    assert count_listed(state, [rules, rules]) == {rules: len(everything)}

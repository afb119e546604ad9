"""What is remembered of delegated keys: by hash alone, bounded, and no flood pushes out a key that was accepted."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from callsheet.api import grants as module
from callsheet.api.grants import Grants, Verdict
from callsheet.domain.access.grant import NOTHING_GRANTED, GrantedModels
from tests.installation import make_model

HASH_KEY = b"k" * 32
SECRETS = [b"sk-%d" % number for number in range(6)]
MOST_ACCEPTED, MOST_OTHERS = 4, 3


def _granted(*names: str, says: str = "gateway") -> GrantedModels:
    return GrantedModels(make_model(name, display_name=says) for name in names)


@contextmanager
def _small() -> Iterator[None]:
    with (
        patch.object(module, "MAX_ACCEPTED_CREDENTIALS", MOST_ACCEPTED),
        patch.object(module, "MAX_REFUSED_CREDENTIALS", MOST_OTHERS),
    ):
        yield


class _Put(NamedTuple):
    """One thing that becomes known of a credential, how much later, and for how long it holds."""

    secret: bytes
    verdict: Verdict
    names: tuple[str, ...]
    later: float
    holds: float


puts = st.builds(
    _Put,
    st.sampled_from(SECRETS),
    st.sampled_from(Verdict),
    st.lists(st.sampled_from(["a", "b", "c"]), unique=True, max_size=3).map(tuple),
    st.sampled_from([0.0, 1.0, 30.0, module.MAX_STALE_SECONDS]),
    st.sampled_from([1.0, 60.0]),
)


class _Known(NamedTuple):
    names: tuple[str, ...]
    former: frozenset[str]
    at: float
    until: float


@given(st.lists(puts, max_size=40))
def test_grants_are_what_was_said_last_and_within_their_bounds(said: list[_Put]) -> None:
    grants, now = Grants(HASH_KEY), 1e9
    accepted: dict[bytes, _Known] = {}
    others: dict[bytes, tuple[Verdict, float]] = {}
    with _small():
        for secret, verdict, names, later, holds in said:
            now += later
            until = now + holds
            grants.put(secret, verdict, _granted(*names) if verdict is Verdict.ACCEPTED else None, now, until)
            if verdict is Verdict.ACCEPTED:
                others.pop(secret, None)
                past = accepted.pop(secret, None)
                before = frozenset[str]()
                if past is not None:
                    before = past.former if past.names == names else frozenset(past.names)
                accepted[secret] = _Known(names, frozenset() if before <= set(names) else before, now, until)
                kept = [each for each in accepted if accepted[each].at > now - module.MAX_STALE_SECONDS]
                accepted = {each: accepted[each] for each in kept[-MOST_ACCEPTED:]}
            else:
                if verdict is Verdict.REFUSED:
                    accepted.pop(secret, None)
                others.pop(secret, None)
                others[secret] = verdict, until
                others = dict(list(others.items())[-MOST_OTHERS:])
            for each in SECRETS:
                _check(grants, each, now, accepted.get(each), others.get(each))
            assert (grants.accepted, grants.others) == (len(accepted), len(others))
            in_use = {known.names for known in accepted.values()} | {
                tuple(sorted(known.former)) for known in accepted.values() if known.former
            }
            assert len(grants._lists) >= len({frozenset(names) for names in in_use})
            assert len(grants._models) == len({name for names in in_use for name in names})


def _check(
    grants: Grants, secret: bytes, now: float, known: _Known | None, other: tuple[Verdict, float] | None
) -> None:
    found, last = grants.find(secret, now), grants.last(secret)
    assert (last is None) == (known is None)
    if known is not None and last is not None:
        assert (last.grant.models.ids, last.accepted_at) == (known.names, known.at)
        assert frozenset(last.grant.former.ids) == known.former
    if known is not None and now < known.until:
        assert found is not None
        assert found.grant is not None
        assert (found.verdict, found.grant.models.ids, found.until) == (
            Verdict.ACCEPTED,
            known.names,
            known.until,
        )
    elif other is not None and now < other[1]:
        assert found is not None
        assert (found.verdict, found.grant) == (other[0], None)
    else:
        assert found is None


def test_nothing_is_left_when_everybody_is_refused() -> None:
    grants = Grants(HASH_KEY)
    for number in range(3):  # so that there is something former, too
        for each in SECRETS:
            grants.put(each, Verdict.ACCEPTED, _granted(f"m{number}", str(each)), number, 60)
    assert grants.total_bytes > 0
    for each in SECRETS:
        grants.put(each, Verdict.REFUSED, None, 9, 19)
    assert (grants.accepted, grants.total_bytes, len(grants._lists), len(grants._models)) == (0, 0, 0, 0)


def test_a_flood_of_refusals_pushes_out_no_accepted_key_and_is_bounded_itself() -> None:
    grants = Grants(HASH_KEY)
    grants.put(b"good", Verdict.ACCEPTED, _granted("a"), 0, 60)
    for number in range(module.MAX_REFUSED_CREDENTIALS + 100):
        verdict = Verdict.REFUSED if number % 2 else Verdict.AWAY
        grants.put(b"random-%d" % number, verdict, None, 1, 60)
    found = grants.find(b"good", 2)
    assert found is not None
    assert found.verdict is Verdict.ACCEPTED
    assert (grants.accepted, grants.others) == (1, module.MAX_REFUSED_CREDENTIALS)


@given(st.lists(st.tuples(st.sampled_from(SECRETS), st.integers(0, 40)), max_size=30), st.integers(2000, 60_000))
def test_all_grants_together_are_bounded_in_bytes_but_for_the_latest_one(
    put: list[tuple[bytes, int]], max_bytes: int
) -> None:
    grants = Grants(HASH_KEY, max_bytes)
    for now, (secret, number) in enumerate(put):
        models = _granted(*(f"m{number}-{each}" for each in range(number)))
        grants.put(secret, Verdict.ACCEPTED, models, now, now + 60)
        assert grants.total_bytes <= max_bytes or grants.accepted == 1
        found = grants.find(secret, now)
        assert found is not None
        assert found.grant is not None
        assert found.grant.models == models


def test_equal_lists_are_one_and_so_are_equal_models_in_different_lists() -> None:
    grants = Grants(HASH_KEY)
    for number in range(1000):
        grants.put(b"same-%d" % number, Verdict.ACCEPTED, _granted("a", "b"), 0, 60)
    one, other = (grants.find(b"same-%d" % number, 1) for number in (1, 2))
    assert one is not None
    assert other is not None
    assert one.grant is not None
    assert other.grant is not None
    assert one.grant.models is other.grant.models
    grants.put(b"more", Verdict.ACCEPTED, _granted("b", "c"), 0, 60)
    more = grants.find(b"more", 1)
    assert more is not None
    assert more.grant is not None
    assert more.grant.models.stated["b"] is one.grant.models.stated["b"]
    grants.put(b"differs", Verdict.ACCEPTED, _granted("a", "b", says="another"), 0, 60)
    differs = grants.find(b"differs", 1)
    assert differs is not None
    assert differs.grant is not None
    assert differs.grant.models.stated["b"].display_name == "another"
    assert (len(grants._lists), len(grants._models)) == (3, 5)


def test_what_was_granted_serves_on_without_counting_as_accepted_again() -> None:
    grants = Grants(HASH_KEY)
    grants.keep(b"one", 90)
    assert grants.last(b"one") is None
    grants.put(b"one", Verdict.ACCEPTED, _granted("a"), 0, 60)
    grants.put(b"one", Verdict.AWAY, None, 60, 70)
    found = grants.find(b"one", 61)
    assert found is not None
    assert found.verdict is Verdict.AWAY
    grants.keep(b"one", 71)
    found, last = grants.find(b"one", 61), grants.last(b"one")
    assert found is not None
    assert (found.verdict, found.until) == (Verdict.ACCEPTED, 71)
    assert last is not None
    assert last.accepted_at == 0


def test_no_part_of_a_secret_is_kept_and_two_processes_name_it_differently() -> None:
    secret = b"sk-very-secret-0123456789"
    one, other = Grants(HASH_KEY), Grants(b"another key of a process, random")
    for grants in (one, other):
        grants.put(secret, Verdict.ACCEPTED, NOTHING_GRANTED, 0, 60)
        grants.put(secret + b"-wrong", Verdict.REFUSED, None, 0, 60)
    held = repr([one, one._accepted, one._others])
    assert "very-secret" not in held
    tags = [known.grant.tag for grants in (one, other) if (known := grants.last(secret)) is not None]
    assert tags[0] != tags[1]
    for tag in tags:
        prefix, digits = tag.split("_")
        assert (prefix, len(digits), int(digits, 16) > 0) == ("delegated", 16, True)
    assert HASH_KEY.decode() not in repr(one)


def test_without_a_key_of_its_process_nothing_is_remembered() -> None:
    grants = Grants()
    assert not grants.is_active
    grants.put(b"one", Verdict.ACCEPTED, _granted("a"), 0, 60)
    grants.keep(b"one", 99)
    assert (grants.find(b"one", 1), grants.last(b"one"), grants.accepted) == (None, None, 0)

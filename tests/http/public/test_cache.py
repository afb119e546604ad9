"""The cache: bounded, emptied by every change, and never a way from one principal's answer to another."""

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callsheet.api.answer import answer
from callsheet.api.grants import Grants, Verdict
from callsheet.api.request import Request
from callsheet.api.state import State
from callsheet.domain.access.delegation import Delegation
from callsheet.domain.access.grant import GrantedModels
from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.keyring import Keyring
from callsheet.domain.access.secret import fingerprint
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.catalog import Catalog
from callsheet.domain.changes.workspaces import WorkspaceChange
from callsheet.http.app import CallsheetApp
from callsheet.http.logs.access_line import NO_TEMPLATE
from callsheet.http.metrics.counters import Tally
from callsheet.http.observer import ResponseLabel
from callsheet.http.public.cache import ENTRY_BYTES, MAX_CALLERS_BYTES, CachedResponse, ResponseCache
from tests.api.states import SECRET as STATE_SECRET
from tests.api.states import make_state
from tests.doors import Reply
from tests.http.clock import ManualClock
from tests.http.plain import (
    SECRET,
    ClockLoop,
    answered_at_once,
    answered_later,
    make_app,
    plain,
    replies,
    run,
)
from tests.http.wire import DATE, Line
from tests.installation import Installation, make_model
from tests.tiers import examples

HEAD = plain().replace(b"GET", b"HEAD", 1)  # which only the ASGI driver answers
LABEL = ResponseLabel(Tally(), NO_TEMPLATE)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def app(installation: Installation, clock: ManualClock) -> Iterator[CallsheetApp]:
    made = make_app(installation, clock)
    yield made
    made.stop()


def cached(size: int, expires: float = float("inf")) -> CachedResponse[bytes]:
    return CachedResponse(b"r" * size, expires, LABEL, size + ENTRY_BYTES, "apikey_test")


def keep(cache: ResponseCache[bytes], request: bytes, answer_: CachedResponse[bytes]) -> None:
    """Let the request come as often as it takes."""
    for _ in range(2):
        come(cache, request, answer_)


def come(cache: ResponseCache[bytes], request: bytes, answer_: CachedResponse[bytes]) -> None:
    """Let the request come once, as drivers do."""
    if cache.mark_seen(request):
        cache.keep_answer(request, answer_)


def size_of(cache: ResponseCache[bytes]) -> int:
    return sum(len(kept.content) for kept in cache.answers.values())


def test_an_answer_is_kept_when_its_request_comes_again() -> None:
    cache: ResponseCache[bytes] = ResponseCache(10_000)
    come(cache, b"request", cached(100))
    assert not cache.answers
    come(cache, b"request", cached(100))
    assert cache.answers == {b"request": cached(100)}


def test_requests_that_come_once_each_push_nothing_out() -> None:
    cache: ResponseCache[bytes] = ResponseCache(10_000)
    keep(cache, b"hot", cached(5000))
    for number in range(50_000):
        come(cache, b"%d" % number, cached(5000))
    assert list(cache.answers) == [b"hot"]


def test_answers_are_bounded_in_bytes_and_the_oldest_goes_first() -> None:
    cache: ResponseCache[bytes] = ResponseCache(10_000)
    for number in range(1000):
        keep(cache, b"%d" % number, cached(number % 3000))
        assert size_of(cache) <= 10_000
        assert b"%d" % number in cache.answers
    kept = [int(str(request, "ascii")) for request in cache.answers if isinstance(request, bytes)]
    assert kept == list(range(kept[0], 1000))


def test_answers_are_bounded_in_number_however_small_they_are() -> None:
    cache: ResponseCache[bytes] = ResponseCache(100_000)
    for number in range(1000):
        keep(cache, b"%d" % number, cached(1))
    assert len(cache.answers) < 200


@pytest.mark.parametrize(("max_bytes", "size"), [(0, 1), (1000, 1000)])
def test_what_is_too_large_is_not_kept(max_bytes: int, size: int) -> None:
    cache: ResponseCache[bytes] = ResponseCache(max_bytes)
    keep(cache, b"x", cached(size))
    assert not cache.answers


@pytest.mark.parametrize("fast", [True, False])
def test_long_requests_are_not_kept(app: CallsheetApp, fast: bool) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=fast)
        for padding, expected in ((3000, 0), (100, 3)):
            for _time in range(5):
                line.protocol.data_received(plain(f"/v1/models?limit=2&x={'x' * padding}"))
                await line.settle()
            assert app.observer.metrics.cache_hits == expected

    run(talk)


def test_an_answer_kept_anew_counts_once() -> None:
    cache: ResponseCache[bytes] = ResponseCache(10_000)
    for expires in range(100):
        keep(cache, b"request", cached(1000, expires))
    for number in range(4):
        keep(cache, b"%d" % number, cached(1000))
    assert list(cache.answers) == [b"request", b"0", b"1", b"2", b"3"]


def test_callers_are_bounded_in_bytes_and_ten_thousand_fit() -> None:
    cache: ResponseCache[bytes] = ResponseCache(1000)
    state = make_state()
    headers = [(b"x-api-key", STATE_SECRET.encode()), (b"anthropic-version", b"2023-06-01")]
    for number in range(10_000):
        cache.caller(state, number, lambda: headers, 0.0)
    cache.caller(state, "long", lambda: [*headers, (b"anthropic-beta", b"x" * 5000)], 0.0)
    assert "long" not in cache.callers
    assert len(cache.callers) == 10_000
    for number in range(10_000, 20_000):
        cache.caller(state, number, lambda: headers, 0.0)
    assert sum(known.size for known in cache.callers.values()) <= MAX_CALLERS_BYTES
    assert (0 in cache.callers, 19_999 in cache.callers) == (False, True)


def test_a_caller_whose_key_was_renewed_counts_once() -> None:
    cache: ResponseCache[bytes] = ResponseCache(1000)
    state = make_state()
    expiring = replace(state, delegation=Delegation("gateway"), grants=Grants(b"k" * 32))
    headers = [(b"x-api-key", b"sk-gw-one"), (b"anthropic-version", b"2023-06-01")]
    for now in range(0, 600_000, 60):
        expiring.grants.put(b"sk-gw-one", Verdict.ACCEPTED, GrantedModels(), now, now + 60)
        known = cache.caller(expiring, "one", lambda: headers, now)
        assert known.caller.expires == now + 60
    assert list(cache.callers) == ["one"]
    assert cache._callers_bytes == cache.callers["one"].size


def test_only_what_is_asked_again_is_answered_from_the_cache(app: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        for times, hits in enumerate((0, 0, 1, 2)):
            answered_at_once(line, plain())
            assert app.observer.metrics.cache_hits == hits, times

    run(talk)


def test_the_cache_is_shared_by_the_connections_of_a_process_and_bounded(app: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True, memo_bytes=20_000)
        for limit in range(1, 60):
            for _time in range(2):
                answered_at_once(line, plain(f"/v1/models?limit={limit % 10 + 1}&n={limit}"))
            assert size_of(line.config.fast_path.cache) <= 20_000
        assert line.config.fast_path.cache.answers
        hits = app.observer.metrics.cache_hits
        line.reconnect()
        answered_at_once(line, plain("/v1/models?limit=10&n=59"))
        assert app.observer.metrics.cache_hits == hits + 1

    run(talk)


def _add(installation: Installation) -> None:
    installation.add(make_model("newest-of-all", "2030-01-01"))


def _disable(installation: Installation) -> None:
    installation.access.disable_key("test")


def _archive(installation: Installation) -> None:
    installation.access.archive_key("test")


def _hide(installation: Installation) -> None:
    installation.access.change_workspace(
        installation.access.list_workspaces()[0].id,
        WorkspaceChange(deny=("claude-fable-*",)),
    )


@pytest.mark.parametrize("fast", [True, False])
def test_nobody_needs_to_ask_for_a_state_that_is_no_longer_true_to_go(
    app: CallsheetApp, monkeypatch: pytest.MonkeyPatch, fast: bool
) -> None:
    monkeypatch.setattr(app.live, "start", lambda: None)  # the State is moved here

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=fast)
        now, old = app.live.current, f"a mark of the State of {app!r}"
        app.live.current = replace(now, last_change=(-1, old))
        await line.feed([plain()] * 3 + [HEAD] * 3)
        app.live.current = now
        await line.config._sweep()
        gc.collect()
        states = [each for each in gc.get_objects() if isinstance(each, State)]
        assert not [each for each in states if each.last_change and each.last_change[1] == old]

    run(talk)


@pytest.mark.parametrize("change", [_add, _hide, _disable, _archive])
def test_a_change_is_seen_by_the_very_next_request(
    app: CallsheetApp, installation: Installation, change: Callable[[Installation], None]
) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        for _time in range(3):
            before = answered_at_once(line, plain())
        change(installation)
        app.live.refresh()
        sent = len(line.wire.sent)
        line.protocol.data_received(plain())
        await line.settle()
        (after,) = replies(line.wire.sent[sent:])
        if change in (_disable, _archive):
            assert after.error == (401, "authentication_error", "API key has been deactivated.")
        else:
            assert after.ids != before.ids
            assert after.ids[0] == "newest-of-all" or change is _hide

    run(talk)


def test_a_key_is_refused_from_the_very_second_it_expires(
    installation: Installation, app: CallsheetApp, clock: ManualClock
) -> None:
    expiry = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    installation.key(name="short", secret="sk-expires-tomorrow", expires_at=expiry)
    app.live.refresh()
    clock.now = expiry.timestamp() - 0.001
    request = plain(secret="sk-expires-tomorrow")

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        for _time in range(4):
            assert answered_at_once(line, request).status == 200
        assert app.observer.metrics.cache_hits == 2
        clock.now = expiry.timestamp()
        (reply,) = await answered_later(line, request)
        assert reply.error == (401, "authentication_error", "API key has expired.")

    run(talk)


def test_another_credential_of_the_request_counts_once_the_first_has_expired(
    installation: Installation, app: CallsheetApp, clock: ManualClock
) -> None:
    expiry = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    workspace = installation.workspace("Narrow", allow=("claude-opus-5",))
    installation.key(name="short", secret="sk-expires-tomorrow", expires_at=expiry, workspace=workspace)
    app.live.refresh()
    clock.now = expiry.timestamp() - 1
    request = plain("/v1/models", f"authorization: Bearer {SECRET}", secret="sk-expires-tomorrow")

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        assert [len(answered_at_once(line, request).ids) for _ in range(4)] == [1] * 4
        clock.now += 1
        assert all(len(answered_at_once(line, request).ids) > 1 for _ in range(4))

    run(talk)


def test_a_remembered_answer_carries_the_date_of_now(app: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        for _time in range(3):
            assert answered_at_once(line, plain()).headers["date"] == DATE[1].decode()
        line.state.default_headers = [(b"date", b"Sun, 22 Nov 2026 00:00:00 GMT")]
        assert answered_at_once(line, plain()).headers["date"] == "Sun, 22 Nov 2026 00:00:00 GMT"
        line.state.default_headers = []
        assert "date" not in answered_at_once(line, plain()).headers

    run(talk)


#: Seconds since the epoch at which the key of the second workspace expires, if it does.
EXPIRY = 2_000_000_000.0
SECRETS = ("sk-of-the-first-0000", "sk-of-the-second-000", "sk-of-all-of-them-00", "sk-of-nobody-0000000")
IDS = [f"m{number}" for number in range(6)]
RULES = [Visibility(), Visibility(allow=("m1", "m2", "m5")), Visibility(deny=("m[0-3]",))]
TARGETS = ["/v1/models", "/v1/models?limit=1", "/v1/models?limit=2&after_id=m2", "/v1/models/m1", "/v1/models/m4"]
LINES: list[tuple[str, ...]] = [
    (),
    ("accept-encoding: gzip",),
    ("anthropic-workspace-id: wrkspc_first",),
    ("anthropic-workspace-id: wrkspc_second",),
    ("if-none-match: *",),
]
_THEN = datetime(2026, 1, 1, tzinfo=UTC)


def _key(number: int, status: KeyStatus = KeyStatus.ACTIVE) -> APIKey:
    """The key with this place in `SECRETS`: of the first workspace, of the second, of the organization."""
    return APIKey(
        id=f"apikey_{number}",
        name=f"key {number}",
        workspace_id=("wrkspc_first", "wrkspc_second", None)[number],
        fingerprint=fingerprint(SECRETS[number]),
        hint="0000",
        status=status,
        expires_at=datetime.fromtimestamp(EXPIRY, UTC) if number == 1 else None,
        created_at=_THEN,
    )


def _workspace(number: int, rule: int) -> Workspace:
    name = ("first", "second")[number]
    return Workspace(id=f"wrkspc_{name}", name=name, visibility=RULES[rule], created_at=_THEN)


def _begin(state: State) -> State:
    return replace(
        state,
        catalog=Catalog(make_model(name) for name in IDS[:4]),
        keyring=Keyring(map(_key, range(3))),
        workspaces={workspace.id: workspace for workspace in (_workspace(0, 1), _workspace(1, 2))},
        default_workspace_id="wrkspc_first",
    )


def _change(state: State, change: tuple[str, int, int]) -> State:
    kind, one, two = change
    if kind == "put":
        model = make_model(IDS[one], display_name=f"Model {two}")
        return replace(state, catalog=state.catalog.changed({model.id: model}))
    if kind == "remove":
        return replace(state, catalog=state.catalog.changed({IDS[one]: None}))
    if kind == "rule":
        workspace = _workspace(one % 2, two)
        return replace(state, workspaces={**state.workspaces, workspace.id: workspace})
    return replace(state, keyring=state.keyring.changed([_key(one % 3, list(KeyStatus)[two])]))


asks = st.tuples(st.integers(0, 3), st.integers(0, len(TARGETS) - 1), st.integers(0, len(LINES) - 1))
few_asks = st.tuples(st.integers(0, 2), st.integers(0, 1), st.just(0))
changes = st.tuples(st.sampled_from(["put", "remove", "rule", "key"]), st.integers(0, 5), st.integers(0, 2))
clocks = st.sampled_from([EXPIRY - 1, EXPIRY - 0.001, EXPIRY, EXPIRY + 1])
steps = st.lists(st.one_of(few_asks, few_asks, few_asks, asks, asks, changes, clocks), min_size=5, max_size=40)


def _expect(state: State, now: float, secret: str, target: str, lines: tuple[str, ...], reply: Reply) -> Reply:
    """What the pure function says to the same request, under the id and date that came back.

    A body is compressed once its request comes again, so whether it is compressed is taken from ``reply``.
    """
    path, _, query = target.encode().partition(b"?")
    headers = [(b"x-api-key", secret.encode()), (b"anthropic-version", b"2023-06-01")]
    headers += [(name.encode(), value.encode()) for name, value in (line.split(": ") for line in lines)]
    request = Request("GET", path, query, headers, now, reply.headers["request-id"])
    said = answer(state, request, again="content-encoding" in reply.headers)
    answered = {name.decode(): value.decode() for name, value in (DATE, *said.headers)}
    return Reply(said.status, answered, said.body)


@pytest.mark.parametrize("fast", [True, False])
@given(steps)
@examples(2.5)
@example([("put", 4, 0), ("rule", 0, 0), (0, 0, 1), (0, 0, 1), (0, 0, 1)])  # compressed, but not at first
def test_nobody_ever_gets_what_was_made_for_another_or_is_no_longer_true(
    app: CallsheetApp,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    fast: bool,
    steps: list[tuple[int, int, int] | tuple[str, int, int] | float],
) -> None:
    clock.now = EXPIRY - 1000
    monkeypatch.setattr(app.live, "start", lambda: None)  # the State is moved here
    app.live.current = _begin(app.live.current)

    async def talk(_: ClockLoop) -> None:
        connections = [Line(app, fast=fast), Line(app, fast=fast)]
        if fast:
            second: Any = connections[1].protocol
            second.fast_path = connections[0].config.fast_path
        ids = set()
        for number, step in enumerate(steps):
            if isinstance(step, float):
                clock.now = step
            elif isinstance(step[0], str):
                app.live.current = _change(app.live.current, step)
            else:
                secret, target, lines = SECRETS[step[0]], TARGETS[step[1]], LINES[step[2]]
                line = connections[number % 2]
                before = len(line.wire.sent)
                line.protocol.data_received(plain(target, *lines, secret=secret))
                await line.settle()
                (reply,) = replies(line.wire.sent[before:])
                assert reply == _expect(app.live.current, clock.now, secret, target, lines, reply)
                assert reply.headers["request-id"] not in ids
                ids.add(reply.headers["request-id"])

    run(talk)

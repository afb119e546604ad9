"""Whatever a gateway says and when, what holds for a credential follows from it, and ends when it should."""

import asyncio
import random
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from callsheet.api.grants import Grants, Verdict
from callsheet.domain.access.grant import GrantedModels
from callsheet.service.delegation.deciding import Outcome, accepted_before, decide
from callsheet.service.delegation.forms import Form, can_be_sent, forms_of
from callsheet.service.delegation.limits import LIMITS
from callsheet.service.delegation.replies import Away, Listed, Refused, Reply
from callsheet.service.delegation.slots import FullError, Slots
from callsheet.sources.asking import KeyList
from callsheet.sources.registry import ASKABLE
from tests.http.plain import ClockLoop, run
from tests.installation import make_model
from tests.tiers import examples

SECRET: Final = b"sk-of-the-gateway"
DAY: Final = 86_400.0

LISTS: Final = [GrantedModels([make_model(each)]) for each in ("alpha", "beta")]
REPLIES: Final = st.sampled_from([*map(Listed, LISTS), Refused(401), Refused(400), Away("It is away.")])
STEPS: Final = st.lists(
    st.tuples(
        st.sampled_from([0.0, 5.0, 9.99, 10.0, 30.0, 59.99, 60.0, 3600.0, DAY - 60, DAY]),
        REPLIES,
        st.booleans(),
        st.sampled_from([0.0, 9.9]),
    ),
    max_size=25,
)


@examples(4)
@given(STEPS)
def test_what_is_served_was_listed_and_is_not_older_than_it_may_be(
    steps: list[tuple[float, Reply, bool, float]],
) -> None:
    """A gateway says something to each question; between two of them, time passes."""
    grants, now = Grants(b"k" * 32), 1_000_000.0
    accepted_at: float | None = None
    models: GrantedModels | None = None
    for passes, reply, is_outage, takes in steps:
        now += passes
        known = grants.find(SECRET, now)
        if known is None:
            last, asked_at = grants.last(SECRET), now
            now += takes
            outcome, until = decide(reply, last, asked_at, now, is_outage=is_outage)
            match outcome, reply:
                case Outcome.ASKED, Listed():
                    grants.put(SECRET, Verdict.ACCEPTED, reply.models, asked_at, until)
                    accepted_at, models = asked_at, reply.models
                    assert until == asked_at + 60
                case Outcome.REFUSED, Refused():
                    assert not (is_outage and accepted_before(last, now))
                    grants.put(SECRET, Verdict.REFUSED, None, now, until)
                    accepted_at = models = None
                    assert until == now + 10
                case Outcome.STALE, _:
                    grants.keep(SECRET, until)
                    assert accepted_at is not None
                    assert now < until <= min(now + 10, accepted_at + DAY)
                case Outcome.AWAY, _:
                    assert accepted_at is None or now >= accepted_at + DAY
                    grants.put(SECRET, Verdict.AWAY, None, now, until)
                case _:
                    raise AssertionError(outcome, reply)
            known = grants.find(SECRET, now)
        if known is not None and known.verdict is Verdict.ACCEPTED:
            assert known.grant is not None
            assert models is not None
            assert accepted_at is not None
            assert known.grant.models == models
            assert now < accepted_at + DAY


@given(st.lists(st.booleans(), min_size=1, max_size=120), st.integers(0, 2**32))
def test_slots_are_never_more_than_there_are_and_some_are_left(known: list[bool], seed: int) -> None:
    limits = LIMITS._replace(pace_seconds=0, max_questions=8, reserved_questions=3, max_waiting=20)
    chosen = random.Random(seed)

    async def what(loop: ClockLoop) -> None:
        slots, unknown, refused = Slots(limits), 0, 0

        async def ask(is_known: bool) -> None:
            nonlocal unknown, refused
            try:
                async with slots.slot(is_known=is_known):
                    unknown += not is_known
                    assert slots.under_way <= 8
                    assert unknown <= 5
                    for _ in range(chosen.randrange(4)):
                        await asyncio.sleep(0)
                    unknown -= not is_known
            except FullError:
                refused += 1
                assert slots.waiting >= 20

        tasks = [loop.create_task(ask(each)) for each in known]
        for task in tasks:
            if chosen.random() < 0.1:
                await asyncio.sleep(0)
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not [task for task in tasks if not task.cancelled() and task.exception()]
        assert (slots.under_way, slots.waiting) == (0, 0)
        assert len(known) > 20 or not refused

    run(what)


@given(
    st.binary(max_size=40) | st.text(max_size=40).map(str.encode), st.sampled_from(Form), st.sampled_from(ASKABLE)
)
def test_what_is_sent_is_the_credential_in_one_header_as_it_came_first(
    secret: bytes, came: Form, kind: str
) -> None:
    if not can_be_sent(secret):
        assert not secret or not all(0x21 <= byte <= 0x7E for byte in secret)
        return
    text = secret.decode("ascii")
    first, *others = forms_of(text, came, KeyList(kind))  # type: ignore[arg-type]
    assert first == came.headers(text)
    assert len(others) <= 1
    for headers in (first, *others):
        ((name, value),) = headers.items()
        assert (name, value) in {("x-api-key", text), ("authorization", f"Bearer {text}")}


def test_a_question_during_which_the_clock_is_set_back_holds_for_a_minute() -> None:
    decision = decide(Listed(LISTS[0]), None, 5_000.0, 1_400.0, is_outage=False)
    assert decision == (Outcome.ASKED, 1_460.0)

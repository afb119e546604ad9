"""Back-off: soon at first, never long, and not all at once."""

from itertools import islice

from callsheet.service.state.backoff import MAX_WAIT_SECONDS, Backoff


def waits(backoff: Backoff, count: int) -> list[float]:
    return [backoff.next() for _ in range(count)]


def test_the_first_wait_is_short_and_none_is_longer_than_a_second() -> None:
    for _ in range(100):
        found = waits(Backoff(), 20)
        assert 0 <= found[0] <= 0.1
        assert all(0 <= wait <= most for wait, most in zip(found, (0.1, 0.2, 0.4, 0.8), strict=False))
        assert max(found) <= MAX_WAIT_SECONDS == 1.0


def test_many_who_wait_ask_at_many_times() -> None:
    thousand = [islice(waits(Backoff(), 8), 7, None) for _ in range(1000)]
    tenths = [int(next(wait) * 10) for wait in thousand]
    assert {tenths.count(tenth) > 50 for tenth in range(10)} == {True}


def test_after_an_answer_it_begins_anew() -> None:
    backoff = Backoff()
    waits(backoff, 10)
    backoff.reset()
    assert backoff.next() <= 0.1

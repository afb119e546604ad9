"""Flows: what a client does, step by step, without doing it.

A flow is a generator: it yields what is to be done and is sent what came of it. The drivers in `connection` do the
steps, one at once and one with ``await``; whatever is decided between two steps is decided here, once.
"""

import random
from collections.abc import Callable, Generator
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from callsheet.client.reply import Outcome
from callsheet.client.request import Request
from callsheet.client.retry import wait_before_retry

#: Spreads clients over time. Of its own: what others draw, or a test foretells, stays theirs.
chance: Final = random.SystemRandom()


class Send(NamedTuple):
    """Send a request; an `Outcome` comes back."""

    request: Request


class Wait(NamedTuple):
    """Do nothing for so many seconds."""

    seconds: float


class RunBlocking(NamedTuple):
    """Call something that may take a moment, such as a file; what it returns comes back."""

    action: Callable[[], object]


Step: TypeAlias = Send | Wait | RunBlocking

T = TypeVar("T")

Flow: TypeAlias = Generator[Step, Any, T]


def exchange(request: Request, max_retries: int) -> Flow[Outcome]:
    """Send a request until it has an answer worth having, or has been repeated often enough."""
    attempt = 0
    while True:
        outcome: Outcome = yield Send(request)
        wait = wait_before_retry(outcome, attempt, chance.random())
        if wait is None or attempt >= max_retries:
            return outcome
        attempt += 1
        yield Wait(wait)

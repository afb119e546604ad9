"""Flows: what a client does, step by step, without doing it.

A flow is a generator. It yields a step (`Send`, `Wait`, `RunBlocking`), is sent the result of it, and returns the
result of the call. The drivers in `connection` perform the steps, one by blocking and one with ``await``; every
decision between two steps is made in a flow, once for both. This is how a driver runs one:

>>> from callsheet.client.reply import Failure
>>> from callsheet.client.request import ClientRequest
>>> from callsheet.domain.errors import APIConnectionError
>>> request = ClientRequest("https://models.example.com/v1/models", headers=())
>>> away = Failure(APIConnectionError("The server cannot be reached."), is_away=True)
>>> flow = exchange(request, max_retries=1)
>>> flow.send(None)  # start it: it asks for its first step
Send(request=<ClientRequest https://models.example.com/v1/models>)
>>> flow.send(away)  # the driver has sent the request, and got no answer
Wait(seconds=0...)
>>> flow.send(None)  # the driver has waited
Send(request=<ClientRequest https://models.example.com/v1/models>)
>>> try:
...     flow.send(away)
... except StopIteration as end:  # the flow has ended, and this is what it returns
...     end.value is away
True

A flow calls another by ``yield from``; `send`, `wait` and `run_blocking` are those of one step each:

>>> def first_of(one: ClientRequest, other: ClientRequest) -> Flow[Outcome]:
...     outcome = yield from send(one)
...     if isinstance(outcome, Failure):
...         yield from wait(1.0)
...         outcome = yield from send(other)
...     return outcome
"""

import random
from collections.abc import Callable, Generator
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from callsheet.client.reply import Outcome
from callsheet.client.request import ClientRequest
from callsheet.client.retry import wait_before_retry

#: Spreads clients over time. A generator of the system's own numbers: seeding Python's must not make clients return
#: all at once, nor may this module disturb the numbers that the program around it draws.
chance: Final = random.SystemRandom()

T = TypeVar("T")


class Send(NamedTuple):
    """Send a request; the driver sends back an `Outcome`."""

    request: ClientRequest


class Wait(NamedTuple):
    """Wait for this many seconds; the driver sends back None."""

    seconds: float


class RunBlocking(NamedTuple):
    """Call a function that may block, such as on a file; the driver sends back what it returns."""

    action: Callable[[], object]


Step: TypeAlias = Send | Wait | RunBlocking

Flow: TypeAlias = Generator[Step, Any, T]


def send(request: ClientRequest) -> Generator[Send, Outcome, Outcome]:
    """Send a request once."""
    return (yield Send(request))


def wait(seconds: float) -> Generator[Wait, None, None]:
    """Wait for this many seconds."""
    yield Wait(seconds)


def run_blocking(action: Callable[[], T]) -> Generator[RunBlocking, T, T]:
    """Call a function that may block, and return what it returns."""
    return (yield RunBlocking(action))


def exchange(request: ClientRequest, max_retries: int) -> Flow[Outcome]:
    """Send a request, and send it again as long as `wait_before_retry` says so, at most ``max_retries`` times."""
    attempt = 0
    while True:
        outcome = yield from send(request)
        seconds = wait_before_retry(outcome, attempt, chance.random())
        if seconds is None or attempt >= max_retries:
            return outcome
        attempt += 1
        yield from wait(seconds)

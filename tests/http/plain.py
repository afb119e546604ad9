"""Plain requests, what came back for them, and a loop whose clock the tests move."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from callsheet.http.app import CallsheetApp
from callsheet.service.clock import SYSTEM_CLOCK
from callsheet.settings import Settings
from tests.doors import Reply
from tests.http.clock import ManualClock
from tests.http.wire import Line
from tests.installation import Installation

SECRET = "sk-of-the-fast-tests"

T = TypeVar("T")


def plain(target: str = "/v1/models?limit=2", *lines: str, secret: str = SECRET) -> bytes:
    """A request as an Anthropic client sends it."""
    head = [f"GET {target} HTTP/1.1", "host: test", f"x-api-key: {secret}", "anthropic-version: 2023-06-01", *lines]
    return "\r\n".join([*head, "", ""]).encode("latin-1")


def replies(sent: bytes, *, to_head: bool = False) -> list[Reply]:
    """The answers in ``sent``, which must hold nothing else; those to HEAD have no bodies."""
    found = []
    while sent:
        head, blank, sent = sent.partition(b"\r\n\r\n")
        assert blank, head
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        length = 0 if to_head else int(headers.get("content-length", "0"))
        assert len(sent) >= length
        found.append(Reply(int(first.split(" ")[1]), headers, sent[:length]))
        sent = sent[length:]
    return found


def make_app(installation: Installation, clock: ManualClock | None = None, **settings: Any) -> CallsheetApp:
    """The app over ``installation``, which gains the key `SECRET`; it reads the time from ``clock``, if given."""
    installation.key(secret=SECRET)
    chosen = Settings(database=installation.url, **settings)
    return installation.app(chosen, SYSTEM_CLOCK if clock is None else clock.clock)


def answered_at_once(line: Line, request: bytes) -> Reply:
    """The answer to ``request``, given before anything else could run."""
    before = len(line.wire.sent)
    line.protocol.data_received(request)
    assert not line.state.tasks
    (reply,) = replies(line.wire.sent[before:])
    return reply


async def answered_later(line: Line, request: bytes) -> list[Reply]:
    """The answers to ``request``, none of which was given at once, but by a task."""
    before = len(line.wire.sent)
    line.protocol.data_received(request)
    assert len(line.wire.sent) == before
    assert line.state.tasks
    await line.settle()
    return replies(line.wire.sent[before:])


class ClockLoop(asyncio.SelectorEventLoop):
    """A loop whose clock stands still until it is moved, and that knows its timers."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.timers: list[asyncio.TimerHandle] = []
        super().__init__()

    def time(self) -> float:
        return self.now

    def call_at(self, *args: Any, **options: Any) -> asyncio.TimerHandle:  # type: ignore[override]
        timer = super().call_at(*args, **options)
        self.timers.append(timer)
        return timer

    @property
    def waiting(self) -> int:
        """How many timers are still to come."""
        return sum(not timer.cancelled() and timer.when() > self.now for timer in self.timers)

    async def pass_(self, seconds: float) -> None:
        """Let time pass, and what is due then happen."""
        self.now += seconds
        for _ in range(3):
            await asyncio.sleep(0)


def run(talk: Callable[[ClockLoop], Coroutine[Any, Any, T]]) -> T:
    """Run ``talk`` on a loop of its own."""
    loop = ClockLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(talk(loop))

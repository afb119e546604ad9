"""A run: many hostile streams against one server, with good callers in between who must notice nothing."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Final

from tests.hostile.streams import Streams
from tests.hostile.verdict import WrongAnswerError, judge

#: Seconds after which a connection hangs; everything the server waits for, it waits for less.
HANG: Final = 30.0

#: Seconds within which no server of ours closes a connection for being idle.
_QUICK: Final = 0.8

_AT_ONCE: Final = 400
_SHOWN: Final = 10  # of what went wrong


@dataclass
class Tally:
    """What came of a run."""

    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    resets: int = 0
    unanswered: int = 0
    hangs: int = 0
    good: int = 0
    slowest: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def served(self) -> int:
        """Answers that refuse nothing."""
        return sum(count for status, count in self.statuses.items() if status < 400)

    @property
    def refused(self) -> int:
        """Answers that do."""
        return sum(count for status, count in self.statuses.items() if 400 <= status < 500)

    @property
    def faults(self) -> int:
        """Answers that must never be."""
        return sum(count for status, count in self.statuses.items() if status >= 500)


@dataclass(frozen=True)
class Good:
    """A proper request, and the answer to it: its body byte for byte."""

    request: bytes
    body: bytes


async def run(
    port: int, streams: Streams, count: int, goods: Sequence[Good], forbidden: Sequence[bytes], seed: int
) -> Tally:
    """Send ``count`` streams to the server at ``port``, some hundreds at a time."""
    tally = Tally()
    random = Random(seed)
    room = asyncio.Semaphore(_AT_ONCE)

    async def attack(stream: bytes, cuts: list[int], hang_up: bool) -> None:
        async with room:
            await _attack(port, stream, cuts, hang_up, forbidden, tally)

    done = asyncio.Event()
    citizens = asyncio.gather(*(_be_good(port, good, done, tally) for good in goods))
    running: set[asyncio.Task[None]] = set()
    for _ in range(count):
        stream = streams.make()
        cuts = sorted(random.randrange(len(stream) + 1) for _ in range(random.choice((0, 0, 1, 3))))
        while len(running) >= 2 * _AT_ONCE:
            _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        running.add(asyncio.create_task(attack(stream, cuts, random.random() < 0.5)))
    if running:
        await asyncio.wait(running)
    done.set()
    await citizens
    return tally


async def _attack(
    port: int, stream: bytes, cuts: list[int], hang_up: bool, forbidden: Sequence[bytes], tally: Tally
) -> None:
    """Send one stream, in pieces, and see what comes back until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = bytearray()
    reset = False
    try:
        async with asyncio.timeout(HANG):
            with suppress(ConnectionError):
                for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True):
                    writer.write(stream[start:stop])
                    await writer.drain()
                    await asyncio.sleep(0)
                if hang_up and writer.can_write_eof():
                    writer.write_eof()
            while piece := await reader.read(65536):
                received += piece
    except TimeoutError:
        tally.hangs += 1
        tally.wrong.append(f"a hang after {bytes(received[:200])!r}, to {stream[:2000]!r}")
    except (ConnectionError, OSError):
        reset = True
    finally:
        writer.transport.abort()
    tally.sent += 1
    tally.resets += reset
    try:
        statuses = [] if reset else judge(stream, bytes(received), forbidden)
    except WrongAnswerError as wrong:
        tally.wrong.append(f"{wrong}, to {stream[:2000]!r} cut at {cuts}{', then hung up' if hang_up else ''}")
        return
    tally.statuses.update(statuses)
    tally.unanswered += not statuses and not reset


async def _be_good(port: int, good: Good, done: asyncio.Event, tally: Tally) -> None:
    """Ask properly, on one connection and on new ones, until it is done; what is answered must never differ."""
    while not done.is_set():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        used = time.monotonic()
        for _ in range(10):
            begun = time.monotonic()
            writer.write(good.request)
            try:
                head, body = await asyncio.wait_for(_read(reader), HANG)
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                if begun - used < _QUICK:  # else we were so slow ourselves that it was closed for being idle
                    tally.wrong.append(f"a good request was not answered: {error!r}")
                break
            used = time.monotonic()
            tally.slowest = max(tally.slowest, used - begun)
            if not head.startswith(b"HTTP/1.1 200 ") or body != good.body:
                tally.wrong.append(f"a good request was answered {head!r} {body[:200]!r}")
            tally.good += 1
            await asyncio.sleep(0.02)
        writer.close()


async def _read(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of an answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head, await reader.readexactly(length)


def shown(tally: Tally) -> str:
    """The first things that went wrong."""
    return "\n".join(tally.wrong[:_SHOWN])

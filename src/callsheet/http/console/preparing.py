"""Preparing: what pages need is made in the background from the first request to the console on."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

from callsheet.api.state import State
from callsheet.domain.access.visibility import SEES_ALL
from callsheet.domain.catalog import Block
from callsheet.http.console.rendering import read_template, templates
from callsheet.service.clock import Clock
from callsheet.service.giving_way import giving_way
from callsheet.service.key_counts import count_working_keys
from callsheet.service.retirements.find import standing_in
from callsheet.service.searching.texts import TEXTS
from callsheet.service.sight_counts import tally
from callsheet.service.state.live import LiveState

_log = logging.getLogger("callsheet")

#: Blocks that are looked at in one step; it takes some milliseconds.
_BLOCKS_PER_STEP: Final = 32


class Preparation:
    """Makes once, while a person signs in, what their first pages would else wait for.

    Later on, pages make what a change calls for: that is little. For as long as a step has taken, the thread waits,
    as other requests are answered by this process meanwhile.

    Parameters
    ----------
    live
        Holds the State.
    clock
        Where the time comes from.
    pause
        Waits for some seconds.
    """

    def __init__(self, live: LiveState, clock: Clock, pause: Callable[[float], object] = time.sleep) -> None:
        self._live = live
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self) -> threading.Thread:
        """Begin, unless that was done already; return the thread."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="callsheet-console", daemon=True)
                self._thread.start()
            return self._thread

    def _run(self) -> None:
        try:
            with giving_way():
                for step in _steps(self._live.current, self._clock):
                    begun = self._clock.perf_counter()
                    step()
                    self._pause(self._clock.perf_counter() - begun)
        except Exception:
            _log.exception("The pages of the console could not be prepared; each makes what it needs.")


def _steps(state: State, clock: Clock) -> Iterator[Callable[[], object]]:
    """What is to be made, most needed first."""
    for name in templates():
        yield partial(read_template, name)
    yield partial(count_working_keys, state, clock.now().timestamp())
    blocks = state.catalog.blocks
    for start in range(0, len(blocks), _BLOCKS_PER_STEP):
        yield partial(_look_at, blocks[start : start + _BLOCKS_PER_STEP])
    yield partial(TEXTS.warm, state.catalog)


def _look_at(blocks: Iterable[Block]) -> None:
    for block in blocks:
        tally(block, SEES_ALL)
        standing_in(block)

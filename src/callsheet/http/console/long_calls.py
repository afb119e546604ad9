"""LongCalls: calls that wait for others, such as an upstream, for which no page waits longer than people do."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import BoundedSemaphore, Thread
from typing import Final, TypeVar

from callsheet.http.admin.errors import AdminError, Code

#: Such calls that are under way at a time, those that no page waits for any more included.
MAX_LONG_CALLS: Final = 4

#: For how long a page waits.
LONG_CALL_TIMEOUT_SECONDS: Final = 25.0

T = TypeVar("T")


class StillRunningError(Exception):
    """A call takes longer than its page waits; it goes on."""


class LongCalls:
    """Does calls, each on a thread that goes on when nothing waits for it any more.

    Parameters
    ----------
    timeout_seconds
        For how long a call is waited for.
    """

    def __init__(self, timeout_seconds: float = LONG_CALL_TIMEOUT_SECONDS) -> None:
        self.timeout_seconds = timeout_seconds
        self._free = BoundedSemaphore(MAX_LONG_CALLS)

    def wait(self, call: Callable[[], T]) -> T:
        """Return what ``call`` returns, and raise what it raises.

        Raises
        ------
        StillRunningError
            It takes too long.
        AdminError
            Too many are under way already; this one has not begun.
        """
        if not self._free.acquire(blocking=False):
            raise AdminError(
                Code.OVERLOADED,
                f"{MAX_LONG_CALLS} upstreams are being asked already; try again when one has answered.",
            )
        answer: Future[T] = Future()
        try:
            Thread(target=self._do, args=(call, answer), name="callsheet-upstream", daemon=True).start()
        except RuntimeError:  # the machine has no thread left
            self._free.release()
            raise
        done, _ = wait([answer], self.timeout_seconds)
        if not done:
            raise StillRunningError
        return answer.result()

    def _do(self, call: Callable[[], T], answer: "Future[T]") -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # raised where the call is waited for
            answer.set_exception(error)
        finally:
            self._free.release()

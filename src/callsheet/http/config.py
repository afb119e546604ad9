"""uvicorn's configuration, with what our protocols need beside it."""

import logging
from typing import Any, Final

import uvicorn

from callsheet.http.app import CallsheetApp
from callsheet.http.fast import FastLane, FastProtocol
from callsheet.http.protocol import EnvelopeProtocol, Limits

_log = logging.getLogger("callsheet")

#: The releases of uvicorn that our protocols are tested with: from the first, up to but without the second.
TESTED: Final = ((0, 54), (0, 55))


class ServerConfig(uvicorn.Config):
    """Travels to worker processes whole.

    Parameters
    ----------
    app
        A `CallsheetApp`, or with ``factory=True`` what makes one.
    limits
        The largest request taken.
    fast
        Answer the public API without ASGI.
    memo_bytes
        How much is remembered of requests and their answers.
    """

    def __init__(
        self, app: Any, *, limits: Limits, fast: bool = True, memo_bytes: int = 32 * 2**20, **options: Any
    ) -> None:
        super().__init__(app, http=_protocol(fast), **options)
        self.limits = limits
        self._memo_bytes = memo_bytes
        self._lane: FastLane | None = None

    def lane(self) -> FastLane:
        """Return what the connections of this process share."""
        if self._lane is None:
            app: Any = self.loaded_app
            while not isinstance(app, CallsheetApp):  # uvicorn wraps it in middleware of its own
                app = app.app
            self._lane = FastLane(app, self.limits, self._memo_bytes)
        return self._lane


def _protocol(fast: bool) -> Any:
    version = tuple(int(part) for part in uvicorn.__version__.split(".")[:2])
    if not TESTED[0] <= version < TESTED[1]:
        _log.warning("uvicorn %s is not one we have tested; answering through ASGI alone.", uvicorn.__version__)
        return "httptools"
    return FastProtocol if fast else EnvelopeProtocol

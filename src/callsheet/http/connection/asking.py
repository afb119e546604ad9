"""Asking: a request waits as bytes while its key is being asked about.

As long as nothing else happens to the connection, no scope or ASGI cycle is made for it, and once its key is known
it is answered as any other. If anything does happen (more arrives, the client leaves, the server stops), or if the
request is refused, uvicorn's own path takes over, and waits for what has been asked already.
"""

from asyncio import Task
from collections.abc import Coroutine
from typing import Any, NamedTuple

from callsheet.domain.errors import APIError
from callsheet.http.connection.config import ConnectionConfig
from callsheet.http.connection.protocol import EnvelopeProtocol
from callsheet.http.public.asgi import KEY_CHECK, KeyCheck


class _Waiting(NamedTuple):
    """A complete request without a body, as it arrived, and the check of its key."""

    data: bytes
    check: "Task[APIError | None]"
    begun: float


class AskingProtocol(EnvelopeProtocol):
    """Keeps a request until its key has been asked about."""

    def __init__(self, config: ConnectionConfig, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self.waiting: _Waiting | None = None

    def wait_for_key(self, data: bytes, check: Coroutine[Any, Any, APIError | None], begun: float) -> None:
        """Keep a request until ``check``, as `PublicAPI.key_check` returns it, has ended.

        Parameters
        ----------
        data
            A request that the parser takes for one, without a body; nothing is ahead of it.
        check
            Asks about its key.
        begun
            When it arrived, by the clock's ``perf_counter``.
        """
        task = self.loop.create_task(check)
        self.waiting = _Waiting(data, task, begun)
        self.tasks.add(task)  # type: ignore[arg-type]  # which are only waited for, and cancelled
        task.add_done_callback(self._on_checked)

    def answer_checked(self, data: bytes, begun: float) -> bool:
        """Answer a request whose key has been asked about, and which is not refused; return whether it was."""
        raise NotImplementedError

    def leave_waiting(self) -> None:
        """Leave the request that waits, if there is one, to uvicorn's own path."""
        waiting, self.waiting = self.waiting, None
        if waiting is not None:
            super().data_received(waiting.data)
            self.scope[KEY_CHECK] = KeyCheck(waiting.check, waiting.begun)  # type: ignore[typeddict-unknown-key]

    def _on_checked(self, check: "Task[APIError | None]") -> None:
        waiting = self.waiting
        try:
            if waiting is None or waiting.check is not check:
                return
            if check.cancelled():  # the server has stopped waiting
                self.waiting = None
                self.transport.close()
            elif check.exception() is None and check.result() is None:
                self.waiting = None
                if not self.answer_checked(waiting.data, waiting.begun):
                    self.waiting = waiting
            self.leave_waiting()
        finally:
            self.tasks.discard(check)

    def _is_answering(self) -> bool:
        return self.waiting is not None or super()._is_answering()

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio has it
        """Let uvicorn's own path answer a caller who sends nothing more."""
        self.leave_waiting()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let uvicorn's own path end, and record, what the caller does not wait for."""
        self.leave_waiting()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Let uvicorn's own path give the last answer."""
        self.leave_waiting()
        super().shutdown()

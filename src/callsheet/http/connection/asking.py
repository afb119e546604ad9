"""Asking: a request waits as bytes while its key is being asked about.

As long as nothing else happens to the connection, no scope or ASGI cycle is made for it, and once its key is known
it is answered as any other, or refused if its key, a rate limit or the gateway is why. If anything does happen
(more arrives, the client leaves, the server stops), or if it is refused for another reason, uvicorn's own path
takes over, and waits for what has been asked already.
"""

from asyncio import Task
from typing import Any, NamedTuple

from callsheet.api.request import Request
from callsheet.domain.errors import APIError
from callsheet.http.connection.config import ConnectionConfig
from callsheet.http.connection.fast_path import REFUSED_STATUSES
from callsheet.http.connection.head import Head
from callsheet.http.connection.writing import WritingProtocol, rest_of_head
from callsheet.http.observer import Client
from callsheet.http.public.asgi import KEY_CHECK, KeyCheck
from callsheet.service.delegation.asked_by import ASKED_BY


class Waiting(NamedTuple):
    """A complete request without a body whose key is being asked about.

    Parameters
    ----------
    data
        As it arrived.
    request
        What it asks.
    client
        Who waits for the answer.
    begun
        When it arrived, by the clock's ``perf_counter``.
    check
        Comes to why it is refused, or to None.
    """

    data: bytes
    request: Request
    client: Client
    begun: float
    check: "Task[APIError | None]"


class AskingProtocol(WritingProtocol):
    """Keeps a request until its key has been asked about."""

    def __init__(self, config: ConnectionConfig, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self.waiting: Waiting | None = None

    def ask(self, data: bytes, head: Head, client: Client, now: float, begun: float) -> bool:
        """Have the key of a request asked about, and let it wait, if that must be; return whether it must.

        Nothing is ahead of the request.

        Parameters
        ----------
        data, client, begun
            As of `Waiting`.
        head
            What ``data`` means.
        now
            Seconds since the epoch.
        """
        fast_path, (path, query, lines) = self.fast_path, head
        if fast_path.live.current.delegation is None or ASKED_BY in data.lower():  # which is not among the lines
            return False
        request = Request("GET", path, query, tuple(self.reader.headers(lines)), now, "")
        check = fast_path.key_check(request, client[0] if client else "")
        if check is None:
            return False
        task = self.loop.create_task(check)
        self.waiting = Waiting(data, request, client, begun, task)
        self.tasks.add(task)  # type: ignore[arg-type]  # which are only waited for, and cancelled
        task.add_done_callback(self._on_checked)
        return True

    def answer_checked(self, waiting: Waiting, refusal: APIError | None) -> bool:
        """Answer a request whose key has been asked about, or refuse it for ``refusal`` unless that is None.

        Return whether it was answered; if not, nothing has been written.
        """
        raise NotImplementedError

    def refuse_checked(self, waiting: Waiting, now: float, refusal: APIError | None = None) -> bool:
        """Refuse a request that has waited, for ``refusal`` or for what its key has turned out to be.

        Return whether it was refused; if not, nothing has been written.
        """
        fast_path, written = self.fast_path, self.server_state.total_requests
        request_id = fast_path.ids.make()
        try:
            request = waiting.request._replace(now=now, request_id=request_id.decode("ascii"))
            response = fast_path.respond(request, refusal)
            if response.status not in REFUSED_STATUSES:
                return False
            label = fast_path.observer.label(request, response)
            self.write_answer(
                label, request_id, rest_of_head(response), response.body, waiting.begun, waiting.client
            )
        except Exception:
            if self.server_state.total_requests != written:
                raise  # an answer is out
            fast_path.record_error()
            return False
        return True

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
            elif check.exception() is None:
                self.waiting = None
                if not self.answer_checked(waiting, check.result()):
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

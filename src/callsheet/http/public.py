"""The ASGI driver of `answer`: works under any server, mounted anywhere."""

import logging
import time
from typing import Any

from callsheet.api.answer import Response, answer, apologize
from callsheet.api.request import Request
from callsheet.http.observer import Observer
from callsheet.http.paths import Scope
from callsheet.http.request_id import make_request_id
from callsheet.service.state import LiveState

_log = logging.getLogger("callsheet")


class PublicAPI:
    """Answers every request from the present State, without a thread, a lock or a query.

    Parameters
    ----------
    live
        Holds the State.
    observer
        Is told of every answer.
    """

    def __init__(self, live: LiveState, observer: Observer) -> None:
        self._live = live
        self._observer = observer

    async def answer(self, scope: Scope, path: bytes, send: Any) -> None:
        """Answer the request for ``path``, as `local_path` gives it; its body, if it has one, is not read."""
        begun = time.perf_counter()
        request = Request(
            scope["method"],
            path,
            scope["query_string"],
            scope["headers"],
            time.time(),
            make_request_id(),
        )
        response = self.respond(request)
        client = scope.get("client")
        self._observer.tell(
            self._observer.kind(request, response),
            request.request_id.encode(),
            time.perf_counter() - begun,
            client[0] if client else "",
        )
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        await send({"type": "http.response.body", "body": response.body})

    def respond(self, request: Request) -> Response:
        """Return the answer; what goes wrong in making it is logged with the request id, never shown."""
        state = self._live.current
        try:
            return answer(state, request)
        except Exception:  # whatever it was, the caller gets the envelope
            _log.exception("%s %s failed.", request.request_id, request.method)
            return apologize(state, request)

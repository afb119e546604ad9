"""The ASGI driver of `answer`: works under any server, mounted anywhere."""

import logging
import time
from typing import TYPE_CHECKING, Any

from callsheet.api.answer import Response, answer, apologize
from callsheet.api.request import Request
from callsheet.domain.errors import APIError
from callsheet.http.observer import Observer
from callsheet.http.paths import Scope
from callsheet.http.request_id import make_request_id
from callsheet.service.state import LiveState

if TYPE_CHECKING:
    from callsheet.http.limits_rate import RateLimits

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
        self.limits: RateLimits | None = None
        """Whom to refuse for asking too often."""

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
        client = scope.get("client")
        address = client[0] if client else ""
        refusal = None if self.limits is None else await self.limits.check(self._live.current, request, address)
        response = self.respond(request, refusal)
        self._observer.tell(
            self._observer.kind(request, response),
            request.request_id.encode(),
            time.perf_counter() - begun,
            address,
        )
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        await send({"type": "http.response.body", "body": response.body})

    def respond(self, request: Request, refusal: APIError | None = None) -> Response:
        """Return the answer; what goes wrong in making it is logged with the request id, never shown.

        ``refusal`` says why the request is not to be looked into.
        """
        state = self._live.current
        try:
            return answer(state, request) if refusal is None else apologize(state, request, refusal)
        except Exception:  # whatever it was, the caller gets the envelope
            told = {"request_id": request.request_id}
            _log.exception("%s %s failed.", request.request_id, request.method, extra=told)
            return apologize(state, request)

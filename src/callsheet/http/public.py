"""The ASGI driver of `answer`: works under any server, mounted anywhere."""

import logging
import time
from typing import Any

from callsheet.api.answer import Response, answer, refuse
from callsheet.api.request import Request
from callsheet.domain.errors import InternalServerError
from callsheet.http.paths import Scope, local_path
from callsheet.http.request_id import make_request_id
from callsheet.service.state import LiveState

_log = logging.getLogger("callsheet")


class PublicAPI:
    """Answers every request from the present State, without a thread, a lock or a query.

    Parameters
    ----------
    live
        Holds the State.
    root_path
        A prefix that requests may carry although the app is not mounted under it.
    """

    def __init__(self, live: LiveState, root_path: str = "") -> None:
        self._live = live
        self._root_path = root_path

    async def __call__(self, scope: Scope, _receive: Any, send: Any) -> None:
        """Answer one request; its body, if it has one, is not read."""
        status, headers, body = self.respond(
            Request(
                scope["method"],
                local_path(scope, self._root_path),
                scope["query_string"],
                scope["headers"],
                time.time(),
                make_request_id(),
            )
        )
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def respond(self, request: Request) -> Response:
        """Return the answer; what goes wrong in making it is logged with the request id, never shown."""
        try:
            return answer(self._live.current, request)
        except Exception:  # whatever it was, the caller gets the envelope
            _log.exception("%s %s failed.", request.request_id, request.method)
            return refuse(InternalServerError("Internal server error"), request)

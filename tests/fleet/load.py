"""The load: clients that read from every replica all the time, and remember every request that failed."""

import http.client
import json
import threading
from types import TracebackType
from typing import Final, NamedTuple, Self

from tests.fleet.replicas import Fleet, Replica
from tests.program import credentials

#: What each client asks for in turn.
_TARGETS: Final = ("/v1/models", "/v1/models?limit=1000", "/v1/models/claude-opus-5", "/v1/models?limit=2")

_TIMEOUT: Final = 10.0

#: Between two requests of a client, in seconds: without a pause, clients would leave the others no processor.
READ_PAUSE: Final = 0.005


class Failure(NamedTuple):
    """A read that a live replica did not answer as it should."""

    replica: int
    target: str
    what: str


class Load:
    """Clients with connections that stay open, so many for each replica, each with a pause between its requests.

    A request counts if its replica was live before it was sent and after it was answered, or was not.
    """

    def __init__(self, fleet: Fleet, key: str, clients: int = 2, pause: float = READ_PAUSE) -> None:
        self._key = key
        self._pause = pause
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.sent = 0
        self.failures: list[Failure] = []
        self._threads = [
            threading.Thread(target=self._ask, args=(replica,), daemon=True)
            for replica in fleet.replicas
            for _ in range(clients)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, replica: Replica) -> None:
        connection = _connect(replica)
        number = 0
        while not self._stop.wait(self._pause):
            if not replica.is_live:
                connection.close()
                continue
            target = _TARGETS[number % len(_TARGETS)]
            number += 1
            what = self._try(connection, target)
            if what is not None:
                connection.close()
                connection = _connect(replica)
            if replica.is_live:
                with self._lock:
                    self.sent += 1
                    if what is not None:
                        self.failures.append(Failure(replica.number, target, what))
        connection.close()

    def _try(self, connection: http.client.HTTPConnection, target: str) -> str | None:
        """What went wrong with a request, or None."""
        try:
            connection.request("GET", target, headers=credentials(self._key))
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        if response.status != 200:
            return f"{response.status} {body[:200]!r}"
        answer = json.loads(body)
        wrong = not answer["data"] if "data" in answer else answer["id"] != "claude-opus-5"
        return f"a wrong answer: {body[:200]!r}" if wrong else None


def _connect(replica: Replica) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", replica.port, timeout=_TIMEOUT)

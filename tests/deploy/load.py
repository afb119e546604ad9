"""Clients that ask again and again, and note everything that goes wrong."""

import http.client
import threading
from types import TracebackType
from typing import Final, Self

from tests.program import DEADLINE, credentials, wait_for
from tests.tiers import repeated

#: Seconds between an answer and the next request of a client; the more there are, the finer is what they notice.
PAUSE: Final = repeated(0.02, 0.0)


class Load:
    """Two clients that keep their connection, and two that open one for every request.

    Parameters
    ----------
    port
        Of a proxy on this machine.
    target
        What they ask for.
    key
        Whose secret they send.
    """

    def __init__(self, port: int, target: str, key: str) -> None:
        self.answered = 0
        self.failures: list[str] = []
        self._port = port
        self._target = target
        self._headers = credentials(key)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(keeps,)) for keeps in (True, True, False, False)]

    def _ask(self, keeps: bool) -> None:
        connection = self._connect()
        while not self._stop.is_set():
            try:
                connection.request("GET", self._target, headers=self._headers)
                response = connection.getresponse()
                body = response.read()
                if response.status != 200:
                    self.failures.append(f"{response.status} {body[:200]!r}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
            self.answered += 1
            if not keeps:
                connection.close()
            self._stop.wait(PAUSE)
        connection.close()

    def wait_for_more(self, answers: int = 200) -> None:
        """Wait until so many more have been answered."""
        enough = self.answered + answers
        wait_for(lambda: self.answered >= enough, f"{answers} answers")

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=DEADLINE)

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

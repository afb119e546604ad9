"""Observer: what is told of every answer, by both drivers alike: to the metrics, and to the access log."""

from typing import NamedTuple, TypeAlias

from callsheet.api.answer import Response
from callsheet.api.request import Request
from callsheet.http.logs.access import AccessLog
from callsheet.http.logs.formats import NO_TEMPLATE, Answered, Template
from callsheet.http.metrics.counters import Metrics, Tally, label

#: Address and port of a client; None behind a Unix socket.
Client: TypeAlias = tuple[str, int] | None


class ResponseLabel(NamedTuple):
    """What there is to tell of an answer that would be the same for an equal one."""

    tally: Tally
    template: Template


class Observer:
    """Counts every answer, and logs it if there is a log.

    Parameters
    ----------
    log
        Where lines go; None for none.
    """

    def __init__(self, log: AccessLog | None = None) -> None:
        self.metrics = Metrics()
        self.log = log

    def kind(self, request: Request, response: Response) -> ResponseLabel:
        """Return what is told of ``response`` and every one like it."""
        to_openai = any(name == b"x-request-id" for name, _ in response.headers[:2])
        template = NO_TEMPLATE
        if self.log is not None:
            _, path, query, *_ = request
            template = self.log.template(
                Answered(request.method, path, query, response.status, response.length, response.key_id)
            )
        return ResponseLabel(self.metrics.tally(label(request, response.status, to_openai=to_openai)), template)

    def tell(self, kind: ResponseLabel, request_id: bytes, seconds: float, client: Client) -> None:
        """Tell of an answer that took ``seconds`` to make and went to ``client``."""
        self.metrics.count(kind.tally, seconds)
        if self.log is not None:
            self.log.add(kind.template, request_id, seconds, client[0] if client else "")

    def start(self) -> None:
        """Begin to write the log."""
        if self.log is not None:
            self.log.start()

    def stop(self) -> None:
        """Write what is left of the log."""
        if self.log is not None:
            self.log.stop()

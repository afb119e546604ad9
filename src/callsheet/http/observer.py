"""Observer: records every answer of both drivers alike, in the metrics and in the access log."""

from typing import NamedTuple, TypeAlias

from callsheet.api.answer import Response
from callsheet.api.dialect import Dialect
from callsheet.api.request import Request
from callsheet.domain.access.grant import is_delegated
from callsheet.http.logs.access_line import NO_TEMPLATE, LoggedResponse, Template
from callsheet.http.logs.writer import AccessLog
from callsheet.http.metrics.counters import Label, Metrics, Tally, route_of

#: Address and port of a client; None behind a Unix socket.
Client: TypeAlias = tuple[str, int] | None


class ResponseLabel(NamedTuple):
    """What is recorded of an answer and would be the same for an equal one.

    Parameters
    ----------
    tally
        Counts it.
    template
        Of its line in the log.
    status, dialect
        Of the response.
    """

    tally: Tally
    template: Template
    status: int = 200
    dialect: Dialect = Dialect.ANTHROPIC


class Observer:
    """Counts every answer, and logs it if there is a log.

    Parameters
    ----------
    log
        Where lines go; None for no log.
    """

    def __init__(self, log: AccessLog | None = None) -> None:
        self.metrics = Metrics()
        self.log = log

    def label(self, request: Request, response: Response) -> ResponseLabel:
        """Return what `record` needs to know of ``response`` to ``request``, and of every answer like it."""
        template = NO_TEMPLATE
        if self.log is not None:
            _, path, query, *_ = request
            template = self.log.template(
                LoggedResponse(request.method, path, query, response.status, response.length, response.key_id)
            )
        label = Label(
            route_of(request.path), response.status, response.dialect, is_delegated=is_delegated(response.key_id)
        )
        return ResponseLabel(self.metrics.tally(label), template, response.status, response.dialect)

    def record(self, label: ResponseLabel, request_id: bytes, seconds: float, client: Client) -> None:
        """Record an answer that took ``seconds`` to make and went to ``client``."""
        self.metrics.count(label.tally, seconds)
        if self.log is not None:
            self.log.add(label.template, request_id, seconds, client[0] if client else "")

    def start(self) -> None:
        """Begin to write the log."""
        if self.log is not None:
            self.log.start()

    def stop(self) -> None:
        """Write the rest of the log."""
        if self.log is not None:
            self.log.stop()

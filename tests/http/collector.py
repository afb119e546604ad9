"""A collector of OpenTelemetry: takes what is sent by OTLP over HTTP, and keeps it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue


class Span(NamedTuple):
    """A span, with the attributes of what it was made by."""

    name: str
    kind: int
    trace_id: str
    parent_id: str
    attributes: dict[str, Any]
    resource: dict[str, Any]
    failed: bool


class Collector:
    """Listens on a free port until left; `url` is its endpoint."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.figures: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        self.resources: list[dict[str, Any]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["content-length"]))
                {"/v1/traces": collector._take_spans, "/v1/metrics": collector._take_figures}[self.path](content)
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def _take_spans(self, content: bytes) -> None:
        for sent in ExportTraceServiceRequest.FromString(content).resource_spans:
            resource = _plain(sent.resource.attributes)
            for scope in sent.scope_spans:
                self.spans += [
                    Span(
                        span.name,
                        span.kind,
                        span.trace_id.hex(),
                        span.parent_span_id.hex(),
                        _plain(span.attributes),
                        resource,
                        span.status.code == span.status.STATUS_CODE_ERROR,
                    )
                    for span in scope.spans
                ]

    def _take_figures(self, content: bytes) -> None:
        for sent in ExportMetricsServiceRequest.FromString(content).resource_metrics:
            self.resources.append(_plain(sent.resource.attributes))
            for scope in sent.scope_metrics:
                for metric in scope.metrics:
                    for point in (metric.sum if metric.HasField("sum") else metric.gauge).data_points:
                        labels = tuple(_plain(point.attributes).items())
                        value = point.as_int if point.HasField("as_int") else point.as_double
                        self.figures[metric.name, labels] = value

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _plain(attributes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    each: KeyValue
    for each in attributes:
        found[each.key] = getattr(each.value, each.value.WhichOneof("value") or "string_value")
    return found

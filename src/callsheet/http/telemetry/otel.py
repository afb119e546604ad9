"""OpenTelemetry: figures of this process pushed to a collector, and a span for every request for models.

Imported only if the setting ``otel`` is on. Where to, how often and how much is sent is set by OpenTelemetry's own
variables (``OTEL_EXPORTER_OTLP_ENDPOINT``, ``OTEL_TRACES_SAMPLER`` …), which its SDK reads.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final
from uuid import uuid4

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.propagate import extract
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer

from callsheet._version import __version__
from callsheet.api.answer import Response
from callsheet.api.request import Request
from callsheet.api.view import REQUEST_BLOCK_BUDGET
from callsheet.domain.errors import APIError
from callsheet.http.metrics.counters import route_of
from callsheet.http.metrics.families import FAMILIES, Family, Figures
from callsheet.http.observer import Observer
from callsheet.http.paths import Scope
from callsheet.http.public.asgi import PublicAPI
from callsheet.service.clock import Clock
from callsheet.service.state.live import LiveState
from callsheet.settings import Otel

_NAME: Final = "callsheet"

_ROUTES: Final = {"list": "/v1/models", "retrieve": "/v1/models/{model_id}"}

#: Methods that a span may be named after; callers can make up any number of others.
_METHODS: Final = frozenset(
    {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE", "QUERY"}
)

#: How long a stop waits for the collector to accept what is left; the SDK itself would wait for 30.
_STOP_TIMEOUT_SECONDS: Final = 1.0

#: How long the figures of one collection are those of an export.
_SAME_EXPORT_SECONDS: Final = 0.02

_UNITS: Final = {"seconds": "s", "bytes": "By"}


class Exports:
    """Sends through the providers that the host application has set up, otherwise through its own.

    Parameters
    ----------
    kind
        What is sent.
    """

    def __init__(self, kind: Otel) -> None:
        self.kind = kind
        self._started = False
        self._tracer: Tracer = trace.NoOpTracer()
        self._own: list[TracerProvider | MeterProvider] = []

    def public_api(self, live: LiveState, observer: Observer, clock: Clock) -> PublicAPI:
        """Return the public API, with a span for every answer."""
        return TracedAPI(live, observer, lambda: self._tracer, clock)

    def start(self, collect: Callable[[], Figures]) -> None:
        """Begin to send spans, and what ``collect`` returns, unless that has begun."""
        if self._started:
            return
        self._started = True
        if self.kind.traces:
            self._tracer = self._tracer_provider().get_tracer(_NAME, __version__)
        if self.kind.metrics:
            _observe(self._meter_provider().get_meter(_NAME, __version__), collect)

    def stop(self) -> None:
        """Send what is left, if the collector accepts it in time, and end."""
        self._started = False
        ending = [threading.Thread(target=provider.shutdown, daemon=True) for provider in self._own]
        self._own.clear()
        for each in ending:
            each.start()
        for each in ending:
            each.join(_STOP_TIMEOUT_SECONDS)

    def _tracer_provider(self) -> trace.TracerProvider:
        around = trace.get_tracer_provider()
        if isinstance(around, TracerProvider):
            return around
        provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._own.append(provider)
        return provider

    def _meter_provider(self) -> metrics.MeterProvider:
        around = metrics.get_meter_provider()
        if isinstance(around, MeterProvider):
            return around
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        provider = MeterProvider([reader], resource=_resource(), shutdown_on_exit=False)
        self._own.append(provider)
        return provider


class TracedAPI(PublicAPI):
    """The public API with a span for every answer.

    Parameters
    ----------
    live
        Holds the State.
    observer
        Records every answer.
    tracer
        Returns what makes spans; called once for every request.
    clock
        Where the time comes from.
    """

    def __init__(self, live: LiveState, observer: Observer, tracer: Callable[[], Tracer], clock: Clock) -> None:
        super().__init__(
            live, observer, memo_bytes=0, clock=clock
        )  # what is noted in a span is seen where an answer is made
        self._tracer = tracer

    async def answer(self, scope: Scope, path: bytes, send: Any) -> None:
        """Answer the request for ``path`` within a span, whose parent is the caller's if the request names one."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        with self._tracer().start_as_current_span(
            _method(scope["method"]),
            extract(headers),
            SpanKind.SERVER,
            _request_attributes(scope, path, headers.get("user-agent")),
        ):
            await super().answer(scope, path, send)

    def respond(
        self,
        request: Request,
        refusal: APIError | None = None,
        block_budget: int = REQUEST_BLOCK_BUDGET,
        *,
        again: bool = False,
    ) -> Response:
        """Return the answer, and record it in the span."""
        response = super().respond(request, refusal, block_budget, again=again)
        span = trace.get_current_span()
        if span.is_recording():
            _record(span, request, response)
        return response


def _resource() -> Resource:
    """Return the attributes of this process, each of which reports for itself; what the operator sets wins."""
    ours: dict[str, str | int] = {
        "service.name": _NAME,
        "service.version": __version__,
        "service.instance.id": str(uuid4()),
        "process.pid": os.getpid(),
    }
    return Resource.create({**ours}).merge(OTELResourceDetector().detect())


def _request_attributes(scope: Scope, path: bytes, user_agent: str | None) -> dict[str, str]:
    """Return what is known before the answer, by OpenTelemetry's conventions for HTTP."""
    client = scope.get("client")
    found = {
        "http.request.method": _method(scope["method"]),
        "url.path": path.decode("latin-1"),
        "url.query": scope["query_string"].decode("latin-1"),
        "url.scheme": scope.get("scheme"),
        "network.protocol.version": scope.get("http_version"),
        "client.address": client[0] if client else None,
        "user_agent.original": user_agent,
    }
    return {name: value for name, value in found.items() if value}


def _method(method: str) -> str:
    return method if method in _METHODS else "_OTHER"


def _record(span: Span, request: Request, response: Response) -> None:
    route = _ROUTES.get(route_of(request.path))
    span.set_attribute("http.response.status_code", response.status)
    span.set_attribute("callsheet.request_id", request.request_id)
    if route is not None:
        span.update_name(f"{_method(request.method)} {route}")
        span.set_attribute("http.route", route)
    if response.key_id:
        span.set_attribute("callsheet.key_id", response.key_id)
    if response.status >= 500:
        span.set_attribute("error.type", str(response.status))
        span.set_status(StatusCode.ERROR)


def _observe(meter: Meter, collect: Callable[[], Figures]) -> None:
    """Make an instrument for every series. Buckets already counted cannot be a histogram: they are counters."""
    collect = _for_all(collect)
    for family in FAMILIES:
        make = meter.create_observable_gauge if family.kind == "gauge" else meter.create_observable_counter
        for name in family.series_names:
            make(name, [_callback(name, collect)], _unit(family, name), family.sentence)


def _for_all(collect: Callable[[], Figures]) -> Callable[[], Figures]:
    """Return ``collect`` so that the callbacks of one export, which come at once, share one collection."""
    known: tuple[float, Figures] | None = None

    def figures() -> Figures:
        nonlocal known
        now = time.monotonic()
        if known is None or now - known[0] > _SAME_EXPORT_SECONDS:
            known = now, collect()
        return known[1]

    return figures


def _callback(name: str, collect: Callable[[], Figures]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def observe(_options: CallbackOptions) -> Iterable[Observation]:
        return [
            Observation(value, dict(series.labels)) for series, value in collect().items() if series.name == name
        ]

    return observe


def _unit(family: Family, name: str) -> str:
    if name.endswith(("_bucket", "_count")):
        return "1"
    return _UNITS.get(family.name.removesuffix("_total").rpartition("_")[2], "1")

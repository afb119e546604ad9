"""What is sent by OpenTelemetry, as a collector gets it."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from callsheet._version import __version__
from callsheet.settings import Otel
from tests.doors import HTTPDoor
from tests.http.collector import Collector, Span
from tests.installation import Installation
from tests.program import DEADLINE, Server, call, wait_for

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that whatever starts now sends to, soon and often."""
    with Collector() as running:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", running.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
        monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "50")
        yield running


@pytest.fixture
def door(installation: Installation) -> Iterator[HTTPDoor]:
    opened = HTTPDoor(installation)
    yield opened
    opened.close()


def _span(collector: Collector, name: str) -> Span:
    return wait_for(lambda: next((span for span in collector.spans if span.name == name), None), f"a span {name!r}")


def test_a_request_becomes_a_span_that_says_who_asked_for_what(door: HTTPDoor, collector: Collector) -> None:
    door.set_up(otel=Otel.TRACES)
    reply = door.get("/v1/models?limit=3", {"user-agent": "tester/1"})
    span = _span(collector, "GET /v1/models")
    assert span.kind == 2  # a server's
    (key,) = door.installation.access.list_keys()
    assert span.attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/v1/models",
        "url.path": "/v1/models",
        "url.query": "limit=3",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
        "client.address": "127.0.0.1",
        "user_agent.original": "tester/1",
        "callsheet.request_id": reply.headers["request-id"],
        "callsheet.key_id": key.id,
    }
    assert span.resource["service.name"] == "callsheet"
    assert span.resource["service.version"] == __version__


def test_routes_have_the_names_of_their_patterns_and_refusals_their_status(
    door: HTTPDoor, collector: Collector
) -> None:
    door.set_up(otel=Otel.TRACES)
    door.get("/v1/models/claude-opus-5")
    door.ask("DELETE", "/v1/models/claude-opus-5")
    door.ask("PROPFIND", "/elsewhere")
    assert _span(collector, "GET /v1/models/{model_id}").attributes["http.response.status_code"] == 200
    refused = _span(collector, "DELETE /v1/models/{model_id}")
    assert refused.attributes["http.response.status_code"] == 405
    assert not refused.failed
    assert "callsheet.key_id" not in refused.attributes
    assert _span(collector, "_OTHER").attributes["http.response.status_code"] == 404


def test_a_span_belongs_to_the_trace_of_its_caller(door: HTTPDoor, collector: Collector) -> None:
    door.set_up(otel=Otel.TRACES)
    door.get("/v1/models", {"traceparent": f"00-{TRACE}-{PARENT}-01"})
    span = _span(collector, "GET /v1/models")
    assert (span.trace_id, span.parent_id) == (TRACE, PARENT)


def test_the_sampler_decides_which_requests_are_traced(
    door: HTTPDoor, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    door.set_up(otel=Otel.TRACES)
    for _ in range(3):
        door.get("/v1/models")
    door.get("/v1/models", {"traceparent": f"00-{TRACE}-{PARENT}-01"})
    door.close()  # sends what is left
    assert [span.trace_id for span in collector.spans] == [TRACE]
    door.set_up()


def test_the_figures_sent_are_those_of_metrics(door: HTTPDoor, collector: Collector) -> None:
    door.set_up(otel=Otel.METRICS)
    for _ in range(4):
        door.get("/v1/models")
    answered = ("callsheet_requests_total", (("route", "list"), ("status", "200"), ("dialect", "anthropic")))
    wait_for(lambda: collector.figures.get(answered) == 4, "the figures")
    assert collector.figures["callsheet_memo_hits_total", ()] > 0  # the fast protocol goes on answering
    assert collector.figures["callsheet_models", ()] == 34
    assert collector.figures["callsheet_request_seconds_bucket", (("le", "+Inf"),)] == 4
    assert collector.figures["callsheet_request_seconds_count", ()] == 4
    told = door.ask("GET", "/metrics").body.decode()
    names = {line.partition(" ")[0].partition("{")[0] for line in told.splitlines() if not line.startswith("#")}
    assert {name for name, _ in collector.figures} == names
    assert collector.spans == []


def test_the_operator_says_who_we_are(
    door: HTTPDoor, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "models")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    door.set_up(otel=Otel.METRICS)
    wait_for(lambda: collector.resources, "the figures")
    assert collector.resources[0]["service.name"] == "models"
    assert collector.resources[0]["deployment.environment.name"] == "test"
    assert collector.resources[0]["telemetry.sdk.language"] == "python"


def test_each_worker_sends_for_itself(installation: Installation, collector: Collector) -> None:
    key = installation.key()
    database = installation.store.display_name
    with Server(database, "--otel", "both", "--workers", "2") as server:  # type: ignore[arg-type]
        wait_for(lambda: len({each["service.instance.id"] for each in collector.resources}) == 2, "both workers")
        server.get("/v1/models", key)
        _span(collector, "GET /v1/models")
        assert server.stop() == 0
        assert server.stderr == ""


def test_a_collector_that_is_away_holds_up_neither_an_answer_nor_a_stop(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and never listens
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        key = installation.key()
        with Server(installation.store.display_name, "--otel", "both") as server:  # type: ignore[arg-type]
            assert server.get("/v1/models", key)[0] == 200
            assert server.stop() == 0


def test_without_the_packages_the_start_is_refused_with_a_sentence(installation: Installation) -> None:
    program = (
        "import sys; sys.modules['opentelemetry'] = None; from callsheet.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "serve", "--port", "0", "--otel", "both", "--database", installation.url],
        capture_output=True, text=True, timeout=DEADLINE, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == (
        "callsheet: otel: both needs packages that are not installed; install callsheet[otel], or turn it off.\n"
    )


def test_an_application_that_has_set_up_opentelemetry_gets_the_spans(installation: Installation) -> None:
    program = """
import asyncio, json, sys
import httpx2
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.applications import Starlette
from starlette.routing import Mount
from callsheet.http.app import create_app
from callsheet.settings import Otel, Settings

spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)
models = create_app(Settings(database=sys.argv[1], otel=Otel.TRACES))
app = Starlette(routes=[Mount("/anthropic", models)])

async def ask():
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://host") as client:
        await client.get("/anthropic/v1/models")

asyncio.run(ask())
models.live.stop()
print(json.dumps([span.name for span in spans.get_finished_spans()]))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, installation.url],
        capture_output=True, text=True, timeout=DEADLINE, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert json.loads(done.stdout) == ["GET /v1/models"]


def test_without_the_setting_nothing_of_opentelemetry_is_imported(installation: Installation) -> None:
    program = (
        "import sys; from callsheet.http.app import create_app; from callsheet.settings import Settings;"
        "create_app(Settings(database=sys.argv[1])); print([m for m in sys.modules if 'opentelemetry' in m])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, installation.url],
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLINE,
    )
    assert done.stdout == "[]\n"


def test_the_setting_takes_only_what_it_knows() -> None:
    done = call("serve", "--otel", "yes")
    assert done.returncode == 2

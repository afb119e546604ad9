"""An app whose unknown keys are asked about, and lines to it through both drivers."""

from collections.abc import Awaitable, Callable
from typing import Any

from callsheet.http.app import CallsheetApp
from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.sources import SourcesService
from callsheet.sources.upstream import SourceKind
from tests.doors import Reply
from tests.http.clock import ManualClock
from tests.http.plain import ClockLoop, make_app, replies, run
from tests.http.wire import Line
from tests.installation import Installation
from tests.service.delegation.gateway import Gateway, serve_gateway

VERSION = "anthropic-version: 2023-06-01"


class Site:
    """An installation that asks ``gateway`` about keys."""

    def __init__(
        self, installation: Installation, gateway: Gateway, settings: dict[str, Any], config: dict[str, Any]
    ) -> None:
        self.installation = installation
        self.gateway = gateway
        self.clock = ManualClock()
        self.sources = SourcesService(installation.store, "test", self.clock.clock.now)
        wanted: dict[str, Any] = {
            "kind": SourceKind.OPENAI,
            "url": gateway.url,
            "asks_keys": True,
            "every_seconds": 0,
            **config,
        }
        self.sources.add("gateway", SourceConfig(**wanted))
        self.app: CallsheetApp = make_app(installation, self.clock, **settings)

    def line(self, *, fast: bool = True) -> Line:
        """A connection."""
        return Line(self.app, fast=fast)

    @property
    def figures(self) -> dict[str, float]:
        """The metrics, by name and labels."""
        return {
            ",".join([series.name, *(f"{name}={value}" for name, value in series.labels)]): value
            for series, value in self.app.telemetry.collect().items()
        }

    def checks(self) -> dict[str, int]:
        """How many keys were judged, by how, but for those that were not at all."""
        name = "callsheet_key_checks_total,outcome="
        return {key.removeprefix(name): int(count) for key, count in self.figures.items() if name in key and count}


def talk(
    installation: Installation,
    what: Callable[[Site], Awaitable[Any]],
    settings: dict[str, Any] | None = None,
    **config: Any,
) -> None:
    """Run ``what`` with an app whose gateway knows no key yet."""

    async def begin(_: ClockLoop) -> None:
        async with serve_gateway() as gateway:
            here = Site(installation, gateway, settings or {}, config)
            try:
                await what(here)
            finally:
                await here.app.keys.close()

    run(begin)


async def ask(line: Line, *lines: str, target: str = "/v1/models", method: str = "GET") -> Reply:
    """The answer to a request with these lines."""
    before = len(line.wire.sent)
    await line.feed(["\r\n".join([f"{method} {target} HTTP/1.1", "host: x", *lines, "", ""]).encode("latin-1")])
    (reply,) = replies(line.wire.sent[before:], to_head=method == "HEAD")
    return reply

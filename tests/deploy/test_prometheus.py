"""The alerts and the dashboard ask for figures that there are, and Prometheus takes them as they stand."""

import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from callsheet.http.metrics.families import FAMILIES
from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.sources import SourcesService
from callsheet.service.webhooks.service import WebhooksService
from callsheet.sources.upstream import SourceKind
from callsheet.storage.store import Store
from tests.deploy.conftest import KEY
from tests.deploy.proxies import free_port
from tests.deploy.tools import DEPLOY, tool
from tests.installation import now
from tests.program import DEADLINE, Program, Server, wait_for

RULES = DEPLOY / "prometheus"
DASHBOARD = json.loads((DEPLOY / "grafana" / "callsheet.json").read_text())

PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    """What the panels ask, as Grafana would with everything chosen."""
    return [
        target["expr"].replace("$job", "callsheet").replace("$instance", ".*").replace("$__rate_interval", "10s")
        for panel in PANELS
        for target in panel["targets"]
    ]


def told(server: Server) -> str:
    """What one replica tells."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=DEADLINE) as reply:
        text: str = reply.read().decode()
    return text


def promtool(*arguments: str, stdin: str = "") -> str:
    """Run it; it must be content."""
    done = subprocess.run(
        [tool("promtool"), *arguments], input=stdin, capture_output=True, text=True, timeout=DEADLINE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_promtool_takes_the_alerts_and_their_tests_pass() -> None:
    promtool("check", "config", str(RULES / "scrape.yml"))
    promtool("test", "rules", str(RULES / "alerts_test.yml"))


def test_every_alert_has_a_test_that_it_is_raised() -> None:
    alerts = set(re.findall(r"- alert: (\w+)", (RULES / "alerts.yml").read_text()))
    tested = set(
        re.findall(r"alertname: (\w+)\n +exp_alerts:\n +- exp_labels", (RULES / "alerts_test.yml").read_text())
    )
    assert alerts == tested


def test_promtool_finds_nothing_to_say_about_the_figures(replicas: tuple[Server, Server]) -> None:
    replicas[0].get("/v1/models", KEY)
    assert promtool("check", "metrics", stdin=told(replicas[0])) == ""


def test_the_alerts_and_the_dashboard_name_only_figures_that_are_told(replicas: tuple[Server, Server]) -> None:
    replicas[0].get("/v1/models", KEY)
    absent = [
        family for family in FAMILIES if re.search("_(source|webhook|catalog_file|key_gateway)_", family.name)
    ]  # there are none here
    of_absent = {name for family in absent for name in family.series_names}
    names = set(re.findall(r"^(\w+)", told(replicas[0]), re.MULTILINE)) | {"up"} | of_absent
    asked = re.findall(r"\b(?:callsheet|process)_\w+", (RULES / "alerts.yml").read_text() + "".join(expressions()))
    assert set(asked) - names == set()


def test_the_dashboard_can_be_imported() -> None:
    identifiers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(identifiers)) == len(identifiers)
    variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    text = json.dumps(DASHBOARD)
    assert set(re.findall(r"\$\{?(\w+)", text)) - {"__rate_interval"} == variables
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert max(x for x, _ in cells) < 24, panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in PANELS:
        assert panel["title"]
        assert panel["description"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


class Prometheus(Program):
    """It, with the configuration of ``deploy/`` and two replicas to ask five times a second."""

    def __init__(self, replicas: tuple[Server, Server], folder: Path) -> None:
        shutil.copy(RULES / "alerts.yml", folder)
        text = (RULES / "scrape.yml").read_text().replace("15s", "200ms")
        for shown, server in zip((8484, 8485), replicas, strict=True):
            text = text.replace(f"127.0.0.1:{shown}", f"127.0.0.1:{server.port}")
        (folder / "scrape.yml").write_text(text)
        self.port = free_port()
        address = f"--web.listen-address=127.0.0.1:{self.port}"
        files = [f"--config.file={folder / 'scrape.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
        super().__init__(command=[tool("prometheus"), address, *files, "--log.level=warn"])

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """The series that an expression has now; none while it starts."""
        query = urllib.parse.urlencode({"query": expression})
        url = f"http://127.0.0.1:{self.port}/api/v1/query?{query}"
        try:
            with urllib.request.urlopen(url, timeout=DEADLINE) as reply:
                found: list[dict[str, Any]] = json.load(reply)["data"]["result"]
        except OSError as error:
            is_starting = getattr(error, "code", 503) == 503 and self.process.poll() is None
            if not is_starting:
                raise AssertionError(f"{expression}: {error}\n{self.stderr}") from error
            return []
        return found


@pytest.fixture
def prometheus(replicas: tuple[Server, Server], tmp_path: Path) -> Iterator[Prometheus]:
    with Prometheus(replicas, tmp_path) as running:
        yield running


def test_every_panel_of_the_dashboard_shows_something(
    prometheus: Prometheus, replicas: tuple[Server, Server], database: Path, tmp_path: Path
) -> None:
    recorded = tmp_path / "list.json"
    recorded.write_text('{"data": [{"id": "from-a-file"}]}')
    config = SourceConfig(kind=SourceKind.FILE, url=recorded.as_uri(), every_seconds=10)
    store = Store(f"sqlite:///{database}")
    WebhooksService(store, "test", now).create("chat", "https://hooks.invalid/in", ["*"])
    SourcesService(store, "test", now).add("recorded", config)
    for server in replicas:
        server.get("/v1/models", KEY)
    wait_for(lambda: prometheus.ask("count(count_over_time(up[1m]) > 2) == 2"), "both replicas to be asked thrice")
    assert [each["value"][1] for each in prometheus.ask("sum(up)")] == ["2"]
    for expression in expressions():
        assert wait_for(partial(prometheus.ask, expression), f"something of {expression}")
    assert prometheus.ask("ALERTS") == []

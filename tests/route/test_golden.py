"""Every configuration as it is printed, whole. After a change on purpose: python -m tests.route.test_golden"""

from pathlib import Path
from typing import Final

import pytest

from callsheet.route.route import DEFAULT_CALLSHEET, DEFAULT_LISTEN, Route, read_route
from callsheet.route.write import Proxy, write_route

GOLDEN: Final = Path(__file__).parent / "golden"

PLAIN: Final = read_route("http://127.0.0.1:4000", DEFAULT_CALLSHEET, [], DEFAULT_LISTEN)
FULL: Final = read_route("https://litellm.example.com/v1", "http://[::1]:8484", ["/anthropic", "/a.b/c"], ":8443")
SERVICE: Final = read_route("http://litellm:4000", "http://callsheet:8484", [], DEFAULT_LISTEN)
SERVICES: Final = read_route(
    "http://litellm.ai.svc:4000", "http://callsheet.models", ["/anthropic"], DEFAULT_LISTEN
)

CASES: Final = [
    *((proxy, "plain", PLAIN) for proxy in Proxy if proxy is not Proxy.KUBERNETES),
    *((proxy, "full", FULL) for proxy in Proxy if proxy is not Proxy.KUBERNETES),
    (Proxy.KUBERNETES, "plain", SERVICE),
    (Proxy.KUBERNETES, "full", SERVICES),
]


def _file(proxy: Proxy, name: str) -> Path:
    return GOLDEN / f"{proxy}-{name}.txt"


@pytest.mark.parametrize(("proxy", "name", "route"), CASES)
def test_the_configuration_is_printed_as_recorded(proxy: Proxy, name: str, route: Route) -> None:
    assert write_route(proxy, route) == _file(proxy, name).read_text()


@pytest.mark.parametrize(("proxy", "name", "route"), CASES)
def test_no_place_of_a_template_is_left(proxy: Proxy, name: str, route: Route) -> None:
    text = write_route(proxy, route)
    assert "{{" not in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert text.count(">>> copy") == text.count("# <<<") > 0


def test_every_recording_is_of_a_case() -> None:
    assert set(GOLDEN.iterdir()) == {_file(proxy, name) for proxy, name, _ in CASES}


if __name__ == "__main__":
    for each in CASES:
        _file(each[0], each[1]).write_text(write_route(each[0], each[2]))

"""Programs that the tests of ``deploy/`` and of routes need, and where Debian has them."""

import os
import shutil
from typing import Final

import pytest

from tests.clients.installed import installed
from tests.docs.pages import ROOT

DEPLOY: Final = ROOT / "deploy"

#: The package that brings each program.
_PACKAGES: Final = {
    "caddy": "caddy",
    "haproxy": "haproxy",
    "nginx": "nginx-light",
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "systemd-analyze": "systemd",
}


def tool(name: str) -> str:
    """The path of a program. Where it is missing the test is skipped, but in CI it fails."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        assert "CI" not in os.environ, f"{name} is missing; .ci/run installs it"
        pytest.skip(f"{name} is not there; install it (apt-get install {_PACKAGES[name]})")
    return found


def envoy() -> str:
    """The path of Envoy. Where it is missing the test is skipped, but in CI it fails."""
    folder = installed("envoy")
    if folder is None:
        assert "CI" not in os.environ, "envoy is missing; python -m tests.clients.install --all installs it"
        pytest.skip("envoy is not there; run: python -m tests.clients.install --all")
    return str(folder / "bin" / "envoy")

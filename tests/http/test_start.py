"""What a server loads before it is asked for anything."""

import subprocess
import sys

import pytest

_SERVER = "import callsheet.http.app, callsheet.http.serve.run"


@pytest.fixture(scope="module")
def loaded() -> list[str]:
    """The modules of a server, each with a dot behind it."""
    program = f"{_SERVER}, sys; print(*(name + '.' for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    "package", ["callsheet.files", "callsheet.service.manifests", "callsheet.sources", "httpx2"]
)
def test_a_server_without_sources_and_files_loads_nothing_for_them(loaded: list[str], package: str) -> None:
    assert "callsheet.http.app." in loaded
    assert [name for name in loaded if name.startswith(f"{package}.")] == []

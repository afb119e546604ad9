"""What a server loads before it is asked for anything."""

import subprocess
import sys

import pytest

_SERVER = "import callsheet.http.app, callsheet.http.serve.run"


@pytest.mark.parametrize(
    "package", ["callsheet.files", "callsheet.service.manifests", "callsheet.sources", "httpx2"]
)
def test_a_server_without_sources_and_files_loads_nothing_for_them(package: str) -> None:
    program = f"{_SERVER}, sys; print(*(name for name in sys.modules if (name + '.').startswith('{package}.')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []

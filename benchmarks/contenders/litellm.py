"""LiteLLM's proxy, in an environment of its own."""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Final

from benchmarks.contenders.contender import Contender, Place, everywhere
from benchmarks.process import Launch, free_port
from benchmarks.requests import Kind
from benchmarks.start import SECRET
from benchmarks.terminal import progress

_ROOT: Final = Path(__file__).parents[2]
INSTALLER: Final = _ROOT / "requirements" / "install.py"
_REQUIREMENTS: Final = _ROOT / "benchmarks" / "requirements-litellm.txt"
_FOLDER: Final = _ROOT / ".bench" / "litellm"
_PROGRAM: Final = _FOLDER / "bin" / "litellm"
_STAMP: Final = _FOLDER / ".made-from"  # written last: without it the folder is half made


def install() -> None:
    """Make its environment from the locked requirements, if it is not there; a failure ends the program."""
    if _is_installed():
        return
    progress("Installing LiteLLM…")
    _FOLDER.parent.mkdir(exist_ok=True)
    python = str(_FOLDER / "bin" / "python")
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(_FOLDER)],
        [sys.executable, str(INSTALLER), "--into", python, str(_REQUIREMENTS)],
    ):
        if subprocess.run(command, check=False, stdout=sys.stderr).returncode:
            sys.exit("LiteLLM could not be installed, as said above; leave it out with --only, or try again.")
    _STAMP.write_text(_digest())


def _is_installed() -> bool:
    return _PROGRAM.exists() and _STAMP.is_file() and _STAMP.read_text() == _digest()


def _digest() -> str:
    return sha256(_REQUIREMENTS.read_bytes()).hexdigest()


def version() -> str:
    """Return which version is locked."""
    lines = _REQUIREMENTS.read_text().splitlines()
    return next(line.split()[0].partition("==")[2] for line in lines if line.startswith("litellm=="))


def _why_not() -> str | None:
    return None if _is_installed() else "LiteLLM is not installed"


def _launch(place: Place) -> Launch:
    ids = place.prepared.ids
    models = [
        {"model_name": ids.id(n), "litellm_params": {"model": f"anthropic/{ids.id(n)}", "api_key": "none"}}
        for n in range(ids.size)
    ]
    configuration = place.folder / "config.yaml"  # JSON is YAML
    configuration.write_text(json.dumps({"model_list": models, "general_settings": {"master_key": SECRET}}))
    port = free_port()
    command = [str(_PROGRAM), "--config", str(configuration), "--host", "127.0.0.1", "--port", str(port)]
    return Launch(
        [*command, "--telemetry", "False"],
        everywhere(port),
        {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"},
    )


LITELLM = Contender(
    "litellm",
    "LiteLLM's proxy",
    _launch,
    kinds=frozenset({Kind.RETRIEVE, Kind.LIST, Kind.NEW_TRACE}),  # it ignores limit and cursors
    same_bytes=False,
    why_not=_why_not,
)

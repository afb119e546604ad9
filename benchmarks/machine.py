"""What the figures were measured on, and with which versions."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.contenders import litellm
from benchmarks.cores import Cores


def describe(cores: Cores) -> list[str]:
    """Return lines of Markdown."""
    packages = ("callsheet", "uvicorn", "uvloop", "httptools", "starlette", "fastapi", "pydantic")
    versions = [f"Python {platform.python_version()}", f"nginx {_nginx()}", f"wrk {_wrk()}"]
    versions += [f"{name} {version(name)}" for name in packages] + [f"LiteLLM {litellm.version()}"]
    machine = f"a machine with {len(cores.all)} usable cores ({_processor()}), {_memory_gib():.0f} GiB"
    lines = [
        f"Measured on {datetime.now(UTC):%Y-%m-%d} on {machine}, Linux {platform.release()}.",
        f"Versions: {', '.join(versions)}.",
    ]
    if cores.shared:
        lines.append("There is one core only, which servers and load generator share: these figures say little.")
    return lines


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _memory_gib() -> float:
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) / 2**30


def _nginx() -> str:
    output = subprocess.run(["nginx", "-v"], check=True, capture_output=True, text=True).stderr
    return output.rpartition("/")[2].split()[0]


def _wrk() -> str:
    output = subprocess.run(["wrk", "-v"], check=False, capture_output=True, text=True).stdout  # it exits with 1
    return output.split()[1].rpartition("/")[2]

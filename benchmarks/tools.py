"""The tools that are no Python packages: installed where that is possible, else named."""

import os
import shutil
import subprocess
import sys
from typing import Final

from benchmarks.terminal import progress

#: Program, and the Debian package that holds it.
_NEEDED: Final = {"wrk": "wrk", "nginx": "nginx-light"}


def provide() -> None:
    """Install what is missing, as root on Debian; elsewhere end, naming it."""
    missing = _missing()
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        progress(f"Installing {' '.join(missing)}…")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
        ):
            if subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL).returncode:
                break
        missing = _missing()
    if missing:
        names = " ".join(missing)
        sys.exit(f"The benchmark needs what is missing here: {names} (Debian: apt-get install {names}).")


def _missing() -> list[str]:
    return [package for program, package in _NEEDED.items() if not shutil.which(program)]

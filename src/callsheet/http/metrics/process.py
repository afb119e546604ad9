"""What a process uses, under the names that Prometheus' own clients give it."""

import os
import resource
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from callsheet.http.metrics.families import Figures, Series

_PROC: Final = Path("/proc/self")


def process_figures(begun: float) -> Figures:
    """Return what this process uses; memory and descriptors only where the system tells (Linux).

    Parameters
    ----------
    begun
        When it began, in Unix time.
    """
    figures: Figures = {
        Series("process_start_time_seconds"): round(begun, 3),
        Series("process_cpu_seconds_total"): round(time.process_time(), 3),
    }
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if most != resource.RLIM_INFINITY:
        figures[Series("process_max_fds")] = most
    with suppress(OSError):
        pages = int((_PROC / "statm").read_text().split()[1])
        figures[Series("process_resident_memory_bytes")] = pages * os.sysconf("SC_PAGE_SIZE")
        figures[Series("process_open_fds")] = sum(1 for _ in (_PROC / "fd").iterdir()) - 1  # one of them to look
    return figures

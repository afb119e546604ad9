"""Time, memory and files that a process uses, under the names that Prometheus' own clients give them."""

import os
import resource
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from callsheet.http.metrics.families import Figures, Series

_PROC: Final = Path("/proc/self")


def process_figures(begun: float) -> Figures:
    """Return what this process uses; memory and descriptors only on Linux.

    Parameters
    ----------
    begun
        When it began, in Unix time.
    """
    figures: Figures = {
        Series("process_start_time_seconds"): round(begun, 3),
        Series("process_cpu_seconds_total"): round(time.process_time(), 3),
    }
    max_files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if max_files != resource.RLIM_INFINITY:
        figures[Series("process_max_fds")] = max_files
    with suppress(OSError):
        pages = int((_PROC / "statm").read_text().split()[1])
        figures[Series("process_resident_memory_bytes")] = pages * os.sysconf("SC_PAGE_SIZE")
        figures[Series("process_open_fds")] = (
            sum(1 for _ in (_PROC / "fd").iterdir()) - 1
        )  # less the one used to count them
    return figures

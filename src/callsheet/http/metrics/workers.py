"""MetricsFolder: the workers of one server share their figures there, so that each can report those of all."""

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from callsheet.http.metrics.families import Figures, Series, family_of, join

_log = logging.getLogger("callsheet")

_WRITE_INTERVAL_SECONDS: Final = 1.0


class MetricsFolder:
    """Writes the figures of this process to its own file, and reads those of the others.

    A worker that is asked writes its own figures first and then reads all files, so that no counter ever seems to
    fall, whichever worker is asked. The counters of a worker that has ended stay in its file until a new worker
    takes it over; its gauges no longer count.

    Parameters
    ----------
    folder
        Private to the server; it exists as long as the server runs.
    collect
        Returns the figures of this process.
    """

    def __init__(self, folder: Path, collect: Callable[[], Figures]) -> None:
        self._folder = folder
        self._collect = collect
        self._past: Figures = {}
        self._file = folder / f"{os.getpid()}.json"
        self._writing = threading.Lock()
        self._has_warned = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Take over the counters of a worker that has ended, and begin to write."""
        if self._thread is None:
            self._past = self._inherit()
            self._write(self._collect())
            self._thread = threading.Thread(target=self._run, name="callsheet-metrics", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Write for the last time, and only counters: gauges end with the process."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None

    def figures(self) -> Figures:
        """Return the figures of all workers as one."""
        self._write(self._collect())
        return join(self._read_all())

    def _run(self) -> None:
        while not self._stop.wait(_WRITE_INTERVAL_SECONDS):
            self._write(self._collect())
        self._write(_lasting(self._collect()))

    def _write(self, figures: Figures) -> None:
        """Replace the file atomically, so that no other worker reads half of it."""
        content = [[*series, value] for series, value in join((self._past, figures)).items()]
        fresh = self._file.with_suffix(".new")
        try:
            with self._writing:  # a scrape, and the thread
                fresh.write_text(json.dumps(content))
                fresh.replace(self._file)
        except OSError as error:  # with a full disk, answering goes on
            if not self._has_warned:
                _log.error("Metrics cannot be shared with the other workers: %s.", error.strerror)
            self._has_warned = True

    def _read_all(self) -> list[Figures]:
        while True:
            with suppress(FileNotFoundError):  # a new worker has just taken a file over: read again
                return [
                    figures if _is_running(pid) else _lasting(figures)
                    for pid, figures in ((pid, _read(file)) for pid, file in self._files())
                ]

    def _inherit(self) -> Figures:
        """Take over the file of a worker that has ended, so that files do not accumulate; return its counters."""
        for pid, file in self._files():
            with suppress(FileNotFoundError):  # another worker was quicker
                if pid == os.getpid() or not _is_running(pid):
                    file.rename(self._file)
                    return _lasting(_read(self._file))
        return {}

    def _files(self) -> Iterator[tuple[int, Path]]:
        return ((int(file.stem), file) for file in list(self._folder.glob("*.json")))


def _read(file: Path) -> Figures:
    return {
        Series(name, tuple((label, text) for label, text in labels)): value
        for name, labels, value in json.loads(file.read_text())
    }


def _lasting(figures: Figures) -> Figures:
    return {series: value for series, value in figures.items() if family_of(series).is_lasting}


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # the number now belongs to a process of another user
        return False
    return True

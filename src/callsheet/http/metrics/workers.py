"""MetricsFolder: where the workers of one server leave their figures, so that each can tell those of all."""

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

_EVERY: Final = 1.0  # seconds between writes


class MetricsFolder:
    """Writes the figures of this process to a file of its own, and reads those of the others.

    Whoever tells the figures writes its own first and then reads all files, so that no counter ever seems to
    fall, whichever worker is asked. The counters of a worker that has ended stay in its file until a new one
    takes that over; its gauges no longer count.

    Parameters
    ----------
    folder
        Private to the server, and there as long as that is.
    collect
        Returns the figures of this process.
    """

    def __init__(self, folder: Path, collect: Callable[[], Figures]) -> None:
        self._folder = folder
        self._collect = collect
        self._past: Figures = {}
        self._file = folder / f"{os.getpid()}.json"
        self._writing = threading.Lock()
        self._complained = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Take over what a worker that has ended has counted, and begin to write."""
        if self._thread is None:
            self._past = self._inherit()
            self._write(self._collect())
            self._thread = threading.Thread(target=self._run, name="callsheet-metrics", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Write for the last time: counters only, as nothing else remains."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None

    def figures(self) -> Figures:
        """Return the figures of all workers as one."""
        self._write(self._collect())
        return join(self._read_all())

    def _run(self) -> None:
        while not self._stop.wait(_EVERY):
            self._write(self._collect())
        self._write(_lasting(self._collect()))

    def _write(self, figures: Figures) -> None:
        """Replace the file at once: nobody reads half of it."""
        content = [[*series, value] for series, value in join((self._past, figures)).items()]
        fresh = self._file.with_suffix(".new")
        try:
            with self._writing:  # a scrape, and the thread
                fresh.write_text(json.dumps(content))
                fresh.replace(self._file)
        except OSError as error:  # a full disk is no reason to stop answering
            if not self._complained:
                _log.error("Metrics cannot be shared with the other workers: %s.", error.strerror)
            self._complained = True

    def _read_all(self) -> list[Figures]:
        while True:
            with suppress(FileNotFoundError):  # taken over by a new worker meanwhile: look again
                return [
                    figures if _is_running(pid) else _lasting(figures)
                    for pid, figures in ((pid, _read(file)) for pid, file in self._files())
                ]

    def _inherit(self) -> Figures:
        """Make the file of a worker that has ended our own, so that there are never many."""
        for pid, file in self._files():
            with suppress(FileNotFoundError):  # somebody else was quicker
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
    except PermissionError:  # somebody else's by now
        return False
    return True

"""What the benchmark must know of a contender."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.catalog import Prepared
from benchmarks.process import Launch
from benchmarks.requests import Kind

PYTHON: Final = sys.executable


class Place(NamedTuple):
    """What a contender is given to serve from.

    Parameters
    ----------
    folder
        Its own, empty.
    prepared
        The catalogue.
    database
        The same, for Callsheet.
    models
        The same, as JSON lines.
    kinds
        What will be asked of it.
    """

    folder: Path
    prepared: Prepared
    database: Path
    models: Path
    kinds: Sequence[Kind]


class Contender(NamedTuple):
    """A server that is measured.

    Parameters
    ----------
    name
        For ``--only``.
    title
        For tables and charts.
    launch
        Says how to start it.
    kinds
        What it can answer.
    same_bytes
        Whether its bodies are Callsheet's, byte for byte; they are compared before anything is measured.
    why_not
        Returns why it cannot run here, or None.
    """

    name: str
    title: str
    launch: Callable[[Place], Launch]
    kinds: frozenset[Kind] = frozenset(Kind)
    same_bytes: bool = True
    why_not: Callable[[], str | None] = lambda: None


def everywhere(port: int) -> dict[Kind, int]:
    """Return ports for a server that answers every kind on one."""
    return dict.fromkeys(Kind, port)

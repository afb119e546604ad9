"""Two tiers: what `scripts/test` runs, and what `scripts/test --all` adds: more seeds, rounds and combinations.

Every property is proved in the first tier; the second proves it again and again.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

#: Marks a test, or a set of parameters, that is left to ``--all``.
exhaustive: Final = pytest.mark.exhaustive

#: How many examples a property is tried with, by profile: as one works, with ``--all``, and in long runs.
PROFILES: Final = {"dev": 6, "ci": 12, "long": 1000}

#: Files in which single tests take longest: they run first, so that at the end no process waits for one of them.
LONGEST: Final = (
    "tests/benchmarks/",
    "tests/fleet/",
    "tests/process/test_crash_commands.py",
    "tests/process/test_newcomer.py",
    "tests/process/test_slow_callers.py",
    "tests/process/test_slow_readers.py",
    "tests/clients/test_claude_code_runs.py",  # which may still be being installed
)

T = TypeVar("T")

_whole = False
_read_constants = providers._get_local_constants


def register_profiles() -> None:
    """Make the profiles known to hypothesis, and use the quickest.

    With it, hypothesis does not try the constants of the program as values: to find them, each process parses every
    file of the package, for two seconds in a fresh clone.
    """
    for name, count in PROFILES.items():
        settings.register_profile(
            name,
            max_examples=count,
            deadline=None,
            print_blob=True,
            suppress_health_check=[HealthCheck.function_scoped_fixture],
        )
    settings.load_profile("dev")
    providers._get_local_constants = lambda: providers._local_constants


def use_everything(profile: str) -> None:
    """From now on, have as many seeds and rounds as there are, and as many examples as ``profile`` says."""
    global _whole
    _whole = True
    providers._get_local_constants = _read_constants
    settings.load_profile(profile)


def examples(times: float, **more: Any) -> Callable[[Any], Any]:
    """Try a property ``times`` as often as the profile says; ``more`` is as in `hypothesis.settings`."""
    assert settings.default is not None
    return settings(max_examples=max(3, round(settings.default.max_examples * times)), **more)


def repeated(quick: T, everything: T) -> T:
    """Return how often or how finely to repeat something, in the first tier and with ``--all``."""
    return everything if _whole else quick


def first(values: Iterable[Any], quick: int = 1) -> list[Any]:
    """Return parameters of which all but the ``quick`` first are left to ``--all``."""
    return [
        value if number < quick else pytest.param(value, marks=exhaustive) for number, value in enumerate(values)
    ]

"""The test double: the Models API of this package in memory, for tests of what asks it.

Importing this imports next to nothing, as every run of pytest does so for the plugin beside it; the names below
are looked up when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from callsheet.testing.clock import START, Clock
    from callsheet.testing.double import API_KEY, ModelsAPI
    from callsheet.testing.faults import Fault
    from callsheet.testing.journal import RecordedRequest

__all__ = ["API_KEY", "START", "Clock", "Fault", "ModelsAPI", "RecordedRequest"]

_HOMES: Final = {
    "API_KEY": "double",
    "START": "clock",
    "Clock": "clock",
    "Fault": "faults",
    "ModelsAPI": "double",
    "RecordedRequest": "journal",
}


def __getattr__(name: str) -> Any:
    """Import the module that a public name lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

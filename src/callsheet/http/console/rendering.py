"""Rendering: pages as HTML, from the templates."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from callsheet.domain.access.visibility import NOTHING
from callsheet.domain.times import parse_instant
from callsheet.http.console.address import Address
from callsheet.http.console.labels import label_of, term_of
from callsheet.http.console.static_files import static_path

#: Units of time, in seconds.
_STEPS: Final = ((60, "minute"), (3600, "hour"), (86400, "day"), (30 * 86400, "month"), (365 * 86400, "year"))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("callsheet.http.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals |= {"NOTHING": NOTHING, "label_of": label_of, "term_of": term_of}
    return environment


@cache
def templates() -> Sequence[str]:
    """Return the names of the templates of all pages."""
    return [name for name in _environment().list_templates() if not name.startswith("_")]


def read_template(name: str) -> None:
    """Read a template, which takes some hundredths of a second the first time."""
    _environment().get_template(name)


def render(template: str, address: Address, **values: Any) -> bytes:
    """Return a page as HTML.

    Parameters
    ----------
    template
        The name of its file.
    address
        Makes the addresses in it.
    values
        What the template shows.
    """
    page = _environment().get_template(template)
    globals_: Mapping[str, Any] = {"url": address.url, "static": lambda name: address.url(*static_path(name))}
    return page.render({**globals_, **values}).encode("utf-8", "replace")


def relative(instant: str, now: datetime) -> str:
    """Return how far an instant is from ``now``, for people, such as ``3 hours ago`` or ``in 12 days``."""
    seconds = int((parse_instant(instant) - now).total_seconds())
    distance = abs(seconds)
    if distance < _STEPS[0][0]:
        return "now"
    size, unit = next((size, unit) for size, unit in reversed(_STEPS) if distance >= size)
    number = distance // size
    words = f"{number} {unit}{'' if number == 1 else 's'}"
    return f"in {words}" if seconds > 0 else f"{words} ago"


def days_until(instant: str, now: datetime) -> int:
    """Return how many days are left until an instant; negative if it has passed. Days are UTC's."""
    return (parse_instant(instant).astimezone(UTC).date() - now.astimezone(UTC).date()).days

"""Templates of configurations, with places in double braces, which none of the proxies' languages uses."""

import re
from textwrap import indent
from typing import Final

_PLACE: Final = re.compile(r"\{\{(\w+)\}\}")
_LINE: Final = re.compile(r"^( *)\{\{(\w+)\}\}\n", re.MULTILINE)


def fill(template: str, **values: object) -> str:
    """Return ``template`` with a value in each of its places.

    A place that has a line to itself takes any number of lines, which are indented as it is; an empty value
    removes the line.
    """
    lines = _LINE.sub(lambda found: _lines(str(values[found[2]]), found[1]), template)
    return _PLACE.sub(lambda found: str(values[found[1]]), lines)


def _lines(text: str, margin: str) -> str:
    return indent(text.rstrip("\n"), margin) + "\n" if text else ""

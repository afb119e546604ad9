"""The formats of catalogue files, by the endings of their names."""

from collections.abc import Callable, Mapping
from typing import Final

from callsheet.files.json_text import parse_json
from callsheet.files.node import Node
from callsheet.files.toml_text import parse_toml
from callsheet.files.yaml_text import parse_yaml

#: Ending to the function that reads a text.
FORMATS: Final[Mapping[str, Callable[[str], Node]]] = {
    ".yaml": parse_yaml,
    ".yml": parse_yaml,
    ".toml": parse_toml,
    ".json": parse_json,
}


def parse(text: str, ending: str) -> Node:
    """Return what ``text`` holds, in the format of an ending in `FORMATS`; raise TextFault if it is not valid."""
    return FORMATS[ending](text)

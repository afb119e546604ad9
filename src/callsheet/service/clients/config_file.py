"""ConfigFile: a file that a client reads, and how texts are written in one."""

import json
import re
from typing import Any, Final, NamedTuple

#: Where clients whose own variable does not suit find their key.
KEY_VARIABLE: Final = "CALLSHEET_API_KEY"

_UNSEEN: Final = re.compile(r"[^\n -~]")


class ConfigFile(NamedTuple):
    """A file of a client's configuration.

    Parameters
    ----------
    name
        Its name in the client's folder.
    text
        What it holds; no secret.
    """

    name: str
    text: str


def json_file(name: str, content: Any) -> ConfigFile:
    """Return a file with ``content`` as JSON, in which what cannot be seen is escaped."""
    return ConfigFile(name, _UNSEEN.sub(_escape, json.dumps(content, indent=2, ensure_ascii=False)) + "\n")


def _escape(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]

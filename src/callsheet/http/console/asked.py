"""Asked: how what a page asks for is asked for without the console."""

import shlex
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from callsheet.http.console.operations import endpoint_of


def as_command(words: Sequence[str], operation: str, query: Mapping[str, str]) -> dict[str, str]:
    """Return the command and the call for people who would rather use these.

    Parameters
    ----------
    words
        Of the command, without ``callsheet``.
    operation, query
        The name of the call, which has no variable part in its path, and its parameters.
    """
    path = endpoint_of(operation).path + (f"?{urlencode(query)}" if query else "")
    return {"command": shlex.join(["callsheet", *words]), "call": f"GET {path}"}

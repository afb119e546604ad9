"""Resolving: the addresses of a host."""

import socket
from collections.abc import Callable, Sequence
from typing import TypeAlias

#: Returns the addresses of a host and port; OSError if there are none.
Resolve: TypeAlias = Callable[[str, int], Sequence[str]]


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host as the system knows them, each once; OSError if there are none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))

"""ConnectionConfig: what every connection of a process gets from the server's configuration."""

from collections.abc import Callable, Collection
from typing import Any

import uvicorn

from callsheet.http.connection.fast_path import FastPath
from callsheet.http.connection.limits import ConnectionLimits
from callsheet.http.connection.sweep import Sweep
from callsheet.http.public.unread_bytes import UnreadBytes


class ConnectionConfig(uvicorn.Config):
    """uvicorn's configuration, and what our protocols share beside it.

    Parameters
    ----------
    limits
        What callers may take.
    """

    fast_path: FastPath
    """What answers plain requests; there once the configuration is loaded, for `FastProtocol` only."""

    def __init__(self, app: Any, *, limits: ConnectionLimits, **options: Any) -> None:
        super().__init__(app, **options)
        self.limits = limits
        self.sweep = Sweep(limits.max_connections)
        self.unread = UnreadBytes(limits.max_unread_bytes)
        self.is_forwarded: Callable[[str, bytes], bool] | None = None
        """Whether a request, by its method and its URL as sent, is handed over to be forwarded; None: none is."""
        self.connections: Collection[Any] = ()
        """Those of the server that runs with this configuration; its protocols set it."""

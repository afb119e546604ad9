"""The certificates of the system are read once for all HTTP clients of a process."""

import os
from functools import cache
from typing import Any, Final

import httpcore2

#: What names the certificates to trust, or where keys are to be logged.
_NAMES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


def trust_once() -> None:
    """From now on, let all clients of httpx2 that trust the same certificates share what was read of them.

    The tests make thousands of clients and send a few requests with each, most of them without TLS: to read the
    certificates was a tenth of the work of the doctor.
    """
    make = httpcore2.default_ssl_context

    @cache
    def made(_trusted: tuple[str | None, ...], trust_env: bool) -> Any:
        return make(_trust_env=trust_env)

    def shared(*, _trust_env: bool = True) -> Any:
        return made(tuple(map(os.environ.get, _NAMES)), _trust_env)

    httpcore2.default_ssl_context = shared

"""Why a connection failed: the errors of the operating system and of OpenSSL that httpx2 wraps."""

import os
import ssl
from collections.abc import Iterator

from callsheet.client.printable import printable


def find_cause(error: BaseException, kind: type[OSError]) -> OSError | None:
    """Return the error of this kind in the causes of ``error``, rather one with a number; None if there is none."""
    found = [each for each in _chain(error) if isinstance(each, kind)]
    return next((each for each in found if each.errno is not None), found[0] if found else None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):  # one for each address of a name
            yield from error.exceptions
        error = error.__cause__ or error.__context__


def reason(error: OSError) -> str:
    """Return what went wrong, in the system's words and without addresses."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return printable(error.verify_message)
    if isinstance(error, ssl.SSLError):
        return printable(error.reason or "TLS failed").lower().replace("_", " ")
    if error.errno is not None and error.errno > 0:  # asyncio's own words name addresses, not the reason
        return os.strerror(error.errno)
    return printable(error.strerror or str(error) or type(error).__name__)

"""Response headers as bytes of HTTP/1.1."""

from collections.abc import Sequence

from callsheet.api.request import Header


def write_lines(headers: Sequence[Header]) -> bytes:
    """Return ``headers`` as they go over the wire, one line each."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])

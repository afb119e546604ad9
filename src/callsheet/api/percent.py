"""Percent-encoding, undone in one call of a library written in C: a URL may hold thousands of escapes."""

import binascii
import urllib.parse


def unquote_to_bytes(text: bytes) -> bytes:
    """Return ``text`` with its escapes undone; what is no escape stays, as `urllib.parse` has it.

    An escape is that of quoted-printable with another sign. The length shows whether all of them were whole, as
    broken ones stay longer.
    """
    escapes = text.count(b"%")
    if not escapes:
        return text
    if b"\n" not in text and b"\r" not in text:
        undone = binascii.a2b_qp(text.replace(b"=", b"=3D").replace(b"%", b"="))
        if len(undone) == len(text) - 2 * escapes:
            return undone
    return urllib.parse.unquote_to_bytes(text)


def unquote(text: str) -> str:
    """Return ``text`` with its escapes undone and read as UTF-8; bytes that are none become U+FFFD."""
    if "%" not in text or not text.isascii():
        return urllib.parse.unquote(text)
    return unquote_to_bytes(text.encode("ascii")).decode("utf-8", "replace")

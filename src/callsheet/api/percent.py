"""Percent-decoding in one call of a library written in C, as a URL may hold thousands of escapes."""

import binascii
import urllib.parse


def unquote_to_bytes(text: bytes) -> bytes:
    """Return ``text`` percent-decoded; a broken escape stays as it is, as with `urllib.parse`.

    Quoted-printable has the same escapes with another sign. The length of the result shows whether all of them were
    valid: a broken one is not shortened.
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
    """Return ``text`` percent-decoded as UTF-8; bytes that are not UTF-8 become U+FFFD."""
    if "%" not in text or not text.isascii():
        return urllib.parse.unquote(text)
    return unquote_to_bytes(text.encode("ascii")).decode("utf-8", "replace")

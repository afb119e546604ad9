"""The header in which a question about a key names the installations that it has come through. Pure."""

import re
from collections.abc import Iterable
from typing import Final

ASKED_BY: Final = b"callsheet-asked-by"

#: Installations that may ask one for the next about a key.
MAX_INSTALLATIONS: Final = 8

#: One of them: its mark, and the number of its process.
_ASKER: Final = re.compile(rb"[0-9a-f]{16}-[0-9a-f]{16}")


def find_asked_by(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the askers that `ASKED_BY` names among ``headers``, up to the number that is too many.

    Nothing else that a client sends there goes on to the gateway: if it refused such a header, it would not have
    judged the key, and what that was granted before would go on to be served.
    """
    sent = b",".join(value for name, value in headers if name == ASKED_BY)
    askers = [asker for each in sent.split(b",") if _ASKER.fullmatch(asker := each.strip(b" \t"))]
    return b", ".join(askers[:MAX_INSTALLATIONS])

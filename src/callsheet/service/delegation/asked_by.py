"""The header in which a question about a key names the installations that it has come through."""

from typing import Final

ASKED_BY: Final = b"callsheet-asked-by"

"""AnswerHead: the head of an answer as a server sent it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from callsheet.http1.fields import Field, is_well_formed, tokens

NO_BODY_STATUSES: Final = frozenset({204, 304})


class AnswerHead(NamedTuple):
    """The head of an answer as the server sent it.

    Parameters
    ----------
    status, reason
        The words of the reason may be empty.
    headers
        As sent.
    version
        Of HTTP, such as ``1.1``.
    """

    status: int
    reason: bytes
    headers: Sequence[Field]
    version: str

    def has_body(self, method: str) -> bool:
        """Return whether a body follows, if it answers ``method``."""
        return method != "HEAD" and self.status not in NO_BODY_STATUSES

    @property
    def announces_body(self) -> bool:
        """Whether its headers promise a body, also where the method or the status rules one out."""
        if self.length is None:
            return self.is_chunked or self.status not in NO_BODY_STATUSES
        return self.length > 0

    @property
    def is_chunked(self) -> bool:
        """Whether its body comes in chunks."""
        return bool(tokens(self.headers, b"transfer-encoding"))

    @property
    def length(self) -> int | None:
        """Of the body, as the answer says; None if it does not."""
        lengths = [value for name, value in self.headers if name.lower() == b"content-length"]
        return int(lengths[0]) if lengths else None

    @property
    def is_well_framed(self) -> bool:
        """Whether every recipient reads the same body in it."""
        codings = tokens(self.headers, b"transfer-encoding")
        lengths = [value.strip() for name, value in self.headers if name.lower() == b"content-length"]
        return (
            is_well_formed([*self.headers, (b"reason", self.reason)])
            and len(lengths) <= 1
            and all(value.isdigit() for value in lengths)
            and (not codings or (codings == [b"chunked"] and not lengths and self.version == "1.1"))
        )

    @property
    def keeps_connection(self) -> bool:
        """Whether the server takes another request over the same connection."""
        return self.version == "1.1" and b"close" not in tokens(self.headers, b"connection")

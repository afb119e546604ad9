"""Loops: whether an upstream's list comes, over however many installations, from this installation itself.

Every answer of Callsheet names its organization, so an installation that is its own upstream is found at once. In a
ring, where A lists from B and B from A, each would keep alive what the other no longer lists. So every installation
publishes on ``/readyz`` which installations its list comes through, by marks from which no organization id can be
derived, and refuses to list from an upstream that publishes its own mark. The marks travel one installation further
with each run, so a ring of any length is found after as many runs as it has members.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from callsheet.service.sync.member import MEMBER
from callsheet.sources.upstream import Answer

#: The header in which Callsheet, like Anthropic, names the organization that a credential belongs to.
ORGANIZATION: Final = "anthropic-organization-id"

#: Where an installation says what its list comes through, in `MEMBER`.
PAGE: Final = "/readyz"

_MAX_MARKS: Final = 1_000
_MARK: Final = re.compile(r"[0-9a-f]{16}", re.ASCII)


def mark_of(organization_id: str) -> str:
    """Return the mark of an installation."""
    return hashlib.sha256(b"callsheet lists from " + organization_id.encode()).hexdigest()[:16]


def may_be_callsheet(url: str) -> bool:
    """Whether the server that names an organization may be Callsheet: Anthropic's own does so, too."""
    host = urlsplit(url).hostname or ""
    return not (host == "anthropic.com" or host.endswith(".anthropic.com"))


def path_through(organization_id: str, answer: Answer | None) -> frozenset[str]:
    """Return the marks of an upstream and of what its list comes through, as far as it says so.

    Parameters
    ----------
    organization_id
        Of the upstream.
    answer
        Its answer to `PAGE`; None if there was none.
    """
    return frozenset({mark_of(organization_id), *_marks(answer)})


def _marks(answer: Answer | None) -> Iterable[str]:
    try:
        said = json.loads(b"" if answer is None else answer.body)
    except (ValueError, RecursionError):
        return []
    marks = said.get(MEMBER) if isinstance(said, dict) else None
    if not isinstance(marks, list):
        return []
    return [mark for mark in marks[:_MAX_MARKS] if isinstance(mark, str) and _MARK.fullmatch(mark)]

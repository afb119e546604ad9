"""ListQuery: which models a list request asks for, and its limits."""

from typing import Final, NamedTuple

from callsheet.domain.model import Lifecycle

MIN_LIMIT: Final = 1
MAX_LIMIT: Final = 1000
DEFAULT_LIMIT: Final = 20

#: The lifecycles of a list for which the caller names none (contract, section 3).
LISTED: Final = frozenset({Lifecycle.ACTIVE, Lifecycle.DEPRECATED})


def is_listed(lifecycle: str, *, hidden: bool) -> bool:
    """Return whether a list shows a model, if the caller does not say which and its workspace sees it."""
    return not hidden and lifecycle in LISTED


class ListQuery(NamedTuple):
    """The page that a list request asks for (contract, section 3).

    Parameters
    ----------
    limit
        Models on the page at most, 1-1000.
    after_id, before_id
        Cursors: ids or aliases, or None.
    lifecycles
        The lifecycles listed.
    after_literal, before_literal
        The same cursors with the plus signs that were sent, if any: `after_id` and `before_id` have spaces in their
        place, as forms write spaces so. These are meant if the others name nothing.
    """

    limit: int = DEFAULT_LIMIT
    after_id: str | None = None
    before_id: str | None = None
    lifecycles: frozenset[Lifecycle] = LISTED
    after_literal: str | None = None
    before_literal: str | None = None

"""ListQuery: which models a list asks for."""

from typing import Final, NamedTuple

from callsheet.domain.model import Lifecycle

MIN_LIMIT: Final = 1
MAX_LIMIT: Final = 1000
DEFAULT_LIMIT: Final = 20

#: What a list holds when the caller does not say (contract, section 3).
LISTED: Final = frozenset({Lifecycle.ACTIVE, Lifecycle.DEPRECATED})


def is_listed(lifecycle: str, *, hidden: bool) -> bool:
    """Return whether a list shows a model, if the caller does not say which and its workspace sees it."""
    return not hidden and lifecycle in LISTED


class ListQuery(NamedTuple):
    """A page to cut (contract, section 3).

    Parameters
    ----------
    limit
        At most so many models, 1-1000.
    after_id, before_id
        Cursors: ids or aliases, or None.
    lifecycles
        The lifecycles listed.
    after_literal, before_literal
        The same cursors with plus signs for what forms write as a space, where there are any: they are what the
        caller means if it cannot mean the others.
    """

    limit: int = DEFAULT_LIMIT
    after_id: str | None = None
    before_id: str | None = None
    lifecycles: frozenset[Lifecycle] = LISTED
    after_literal: str | None = None
    before_literal: str | None = None

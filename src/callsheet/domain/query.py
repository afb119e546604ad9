"""ListQuery: which models a list request asks for, and its limits."""

from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from callsheet.domain.access.visibility import Visibility
from callsheet.domain.model import Lifecycle, Model

MIN_LIMIT: Final = 1
MAX_LIMIT: Final = 1000
DEFAULT_LIMIT: Final = 20

#: The lifecycles of a list for which the caller names none (contract, section 3).
LISTED: Final = frozenset({Lifecycle.ACTIVE, Lifecycle.DEPRECATED})


def is_listed(lifecycle: str, *, hidden: bool, lifecycles: frozenset[Lifecycle] = LISTED) -> bool:
    """Return whether a list of these ``lifecycles`` shows a model, if the workspace of the caller sees it."""
    return not hidden and lifecycle in lifecycles


class Reach(StrEnum):
    """How far a model is within a caller's reach."""

    LISTED = "listed"
    #: In no list for which the caller names no lifecycle, but retrievable by its name.
    RETRIEVABLE = "retrievable"
    ABSENT = "absent"


def reach_of(model: Model | None) -> Reach:
    """Return how far the model is within reach of those whom the rules let see it; None is none."""
    if model is None:
        return Reach.ABSENT
    return Reach.LISTED if is_listed(model.lifecycle, hidden=model.hidden) else Reach.RETRIEVABLE


class Names(Protocol):
    """The part of a catalogue that says which model a name means."""

    def get(self, model_id: str) -> Model | None:
        """Return the model with this id."""

    def id_of(self, name: str) -> str:
        """Return the id of the model that ``name`` is an alias of; any other name as it is."""


def find_seen(catalog: Names, rules: Visibility, name: str) -> Model | None:
    """Return the model that ``name``, an id or alias, means to a caller who sees by ``rules``.

    None, by the same steps, if there is none or the rules do not show it.
    """
    return _seen(catalog, rules, name) or _seen(catalog, rules, catalog.id_of(name))


def _seen(catalog: Names, rules: Visibility, model_id: str) -> Model | None:
    model = catalog.get(model_id)
    return model if rules.sees(model_id) else None


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

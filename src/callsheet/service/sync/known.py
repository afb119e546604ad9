"""Known: what a source said until now, what it says now, and what others say of the same names."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from callsheet.domain.claims.claims import Claims
from callsheet.domain.sources.absence import Absence
from callsheet.sources.upstream import Listed

#: Why a model that is held may be rejected.
APPEARED: Final = "new"


class Known(NamedTuple):
    """What a source said until now.

    Parameters
    ----------
    models, aliases
        What it claims of each.
    absences
        Which of them it no longer lists.
    rejected
        Names of which a person rejected what it said, with the `Cause`, or `APPEARED`. They stay as they are.
    """

    models: Mapping[str, Claims]
    aliases: Mapping[str, Claims]
    absences: Mapping[str, Absence]
    rejected: Mapping[str, str]


class Said(NamedTuple):
    """What a source says now.

    Parameters
    ----------
    listed
        The models that it lists, as chosen by its configuration.
    excluded
        Models and aliases that it would list still, had its configuration not changed since the last good run.
    """

    listed: Sequence[Listed]
    excluded: Collection[str] = frozenset()


class Surroundings(NamedTuple):
    """What others say of the names that are new in a list.

    Parameters
    ----------
    aliases
        Those that are aliases of others, with the model that each means; but none that only the built-in facts
        list, which makes way for a model.
    models
        Those that are models.
    claims
        What other sources claim of them.
    """

    aliases: Mapping[str, str]
    models: Collection[str]
    claims: Mapping[str, Sequence[Claims]]

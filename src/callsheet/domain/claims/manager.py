"""Manager: who may say something of a model, and who outranks whom."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from callsheet.domain.errors import InvalidError

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)


class ManagerKind(StrEnum):
    """The kinds of managers, from the lowest rank to the highest. The values are what databases hold."""

    BUILTIN = "builtin"
    ENRICHMENT = "enrichment"
    SOURCE = "source"
    FILE = "file"
    PERSON = "person"


#: The kinds of which there are several managers, each with a name.
NAMED: Final = frozenset({ManagerKind.ENRICHMENT, ManagerKind.SOURCE, ManagerKind.FILE})

_RANKS: Final = {kind: rank for rank, kind in enumerate(ManagerKind)}


@dataclass(frozen=True, slots=True)
class Manager:
    """Who says something of models.

    Parameters
    ----------
    kind
        Decides the rank: a person outranks a file, which outranks a source, and so on.
    name
        Of an enrichment, a source or a file; empty for the others, of which there is one each.

    Raises
    ------
    InvalidError
        The name is missing, is not 1 to 63 small letters, digits and ``. _ -``, or the kind takes none.
    """

    kind: ManagerKind
    name: str = ""

    def __post_init__(self) -> None:
        if self.kind in NAMED:
            check_manager_name(self.name, self.kind)
        elif self.name:
            raise InvalidError(f"The manager {self.kind} takes no name.")

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else str(self.kind)

    @property
    def rank(self) -> int:
        """The higher, the more its claims count."""
        return _RANKS[self.kind]


BUILTIN: Final = Manager(ManagerKind.BUILTIN)
PERSON: Final = Manager(ManagerKind.PERSON)


def check_manager_name(name: str, kind: str) -> str:
    """Return ``name`` if an enrichment, source or file may have it; InvalidError, about ``kind``, if not."""
    if not _NAME.fullmatch(name):
        raise InvalidError(
            f"The name of a {kind} must be 1 to 63 small letters, digits and . _ -, and begin with a letter or "
            f"digit, not {name[:80]!r}."
        )
    return name


def parse_manager(text: str) -> Manager:
    """Return the manager that `str` gave as ``text``; InvalidError if there can be none."""
    kind, _, name = text.partition(":")
    try:
        return Manager(ManagerKind(kind), name)
    except ValueError:
        raise InvalidError(f"{text[:80]!r} is not a manager such as builtin, source:NAME or person.") from None

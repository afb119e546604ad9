"""Intents: what a person wants of a source, for plans of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from callsheet.domain.changes.change import AnyChange
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.service.renewal import change_builtin_mode
from callsheet.service.sync.config import read_config
from callsheet.service.sync.sources import (
    acceptance_of,
    addition_of,
    forgetting_of,
    reconfiguration_of,
    removal_of,
)
from callsheet.storage.transactions.read import ReadTransaction

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Verb(StrEnum):
    """What is done."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    FORGET = "forget"
    ACCEPT = "accept"
    BUILTIN = "builtin"


class Intent(NamedTuple):
    """What a person wants.

    Parameters
    ----------
    verb
        What is done.
    name
        Of the source; of the built-in facts, a `BuiltinMode`.
    members, before
        Of what is added or changed: see `SourcesService.change`.
    """

    verb: Verb
    name: str
    members: Mapping[str, Any] = _NOTHING
    before: str | None = None

    def changes(self, reading: ReadTransaction, now: datetime) -> Sequence[AnyChange]:
        """Return what would change at ``now`` (aware); errors as of the method of `SourcesService`."""
        match self.verb:
            case Verb.ADD:
                return addition_of(reading, self.name, read_config(self.members), now)
            case Verb.CHANGE:
                return reconfiguration_of(reading, self.name, self.members, self.before)
            case Verb.REMOVE:
                return removal_of(reading, self.name)
            case Verb.FORGET:
                return forgetting_of(reading, self.name, now)
            case Verb.ACCEPT:
                return acceptance_of(reading, self.name)
            case Verb.BUILTIN:
                return change_builtin_mode(reading, BuiltinMode(self.name))

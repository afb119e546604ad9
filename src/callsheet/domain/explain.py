"""Explanation: why a caller sees a model, or does not, as the checks of a request in their order."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from callsheet.domain.query import Reach


class Check(StrEnum):
    """What a request for models is checked for, in the order of the server."""

    KEY = "key"
    DIALECT = "dialect"
    WORKSPACE = "workspace"
    NAME = "name"
    GRANT = "grant"
    RULES = "rules"
    HIDDEN = "hidden"
    LIFECYCLE = "lifecycle"


class Reason(StrEnum):
    """Why a check passes, or does not. The values are those of ``--json``."""

    WORKS = "works"
    ANY_KEY = "any-key"
    INACTIVE = "inactive"
    ARCHIVED_WORKSPACE = "archived-workspace"
    EXPIRED = "expired"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    AWAY = "away"
    NOT_ASKED = "not-asked"
    NO_GATEWAY = "no-gateway"
    ANSWERED = "answered"
    NOT_ANSWERED = "not-answered"
    OWN = "own"
    DEFAULT = "default"
    CHOSEN = "chosen"
    ARCHIVED = "archived"
    NOT_AVAILABLE = "not-available"
    ID = "id"
    ALIAS = "alias"
    ORPHAN_ALIAS = "orphan-alias"
    REMOVED = "removed"
    UNKNOWN = "unknown"
    GRANTED = "granted"
    NOT_GRANTED = "not-granted"
    NOT_APPLIED = "not-applied"
    NO_RULES = "no-rules"
    ALLOWED = "allowed"
    DENIED = "denied"
    NOT_ALLOWED = "not-allowed"
    SHOWN = "shown"
    HIDDEN = "hidden"
    ACTIVE = "active"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


#: The checks that only keep a model out of lists.
_OF_LISTS: Final = frozenset({Check.HIDDEN, Check.LIFECYCLE})


class Step(NamedTuple):
    """One check of a request.

    Parameters
    ----------
    check
        What is checked.
    passes
        Whether the request gets past it.
    reason
        Why.
    subject
        The id of what the check is about: key, workspace, or the model that the name means; where a gateway is
        asked about a key, the name of the source. Empty if there is none.
    patterns
        The patterns of the workspace's rules that decide.
    """

    check: Check
    passes: bool
    reason: Reason
    subject: str = ""
    patterns: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {**self._asdict(), "patterns": list(self.patterns)}


class Explanation(NamedTuple):
    """Why a caller sees the model that a name means, or does not.

    Parameters
    ----------
    name
        The id or alias that was asked for.
    model_id
        The id of the model that it means; of one that does not exist, the id that one would need to have.
    workspace_id
        The workspace by whose rules the caller sees; None if there is none in use.
    steps
        The checks, in the order of the server; those that cannot be made, as an earlier one failed, are left out.
    """

    name: str
    model_id: str
    workspace_id: str | None
    steps: tuple[Step, ...]

    @property
    def reach(self) -> Reach:
        """How far the model is within reach."""
        failed = {step.check for step in self.steps if not step.passes}
        if not failed:
            return Reach.LISTED
        return Reach.RETRIEVABLE if failed <= _OF_LISTS else Reach.ABSENT

    @property
    def obstacle(self) -> Step | None:
        """The first check that does not pass."""
        return next((step for step in self.steps if not step.passes), None)

    def step(self, check: Check) -> Step | None:
        """Return the step of this check, if it was made."""
        return next((step for step in self.steps if step.check is check), None)

    def record(self) -> Mapping[str, Any]:
        """Return it as plain JSON values."""
        return {
            "name": self.name,
            "model_id": self.model_id,
            "workspace_id": self.workspace_id,
            "reach": self.reach,
            "steps": [step.record() for step in self.steps],
        }

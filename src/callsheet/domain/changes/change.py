"""Change: one thing before and after, as the rules decide it and change records keep it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from callsheet.domain.access.admin_key import AdminKey
from callsheet.domain.access.calendar import Calendar
from callsheet.domain.access.key import APIKey
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.alias import Alias
from callsheet.domain.claims.claims import Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.errors import StorageError
from callsheet.domain.hints import Hint
from callsheet.domain.model import Model
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.webhooks.webhook import Webhook


class Action(StrEnum):
    """What was done. The values are what databases hold; none may ever change."""

    ADD = "add"
    CHANGE = "change"
    DEPRECATE = "deprecate"
    RETIRE = "retire"
    REMOVE = "remove"
    HIDE = "hide"
    UNHIDE = "unhide"
    ALIAS = "alias"
    UNALIAS = "unalias"
    CREATE = "create"
    ARCHIVE = "archive"
    DISABLE = "disable"
    ENABLE = "enable"
    ROTATE = "rotate"
    RESTORE = "restore"
    CLAIM = "claim"
    RELEASE = "release"
    REVOKE = "revoke"


class Subject(StrEnum):
    """What kind of thing a change is of. The values are what databases hold; none may ever change."""

    MODEL = "model"
    ALIAS = "alias"
    WORKSPACE = "workspace"
    KEY = "key"
    INSTALLATION = "installation"
    CLAIM = "claim"
    SOURCE = "source"
    ADMIN_KEY = "admin_key"
    CALENDAR = "calendar"
    WEBHOOK = "webhook"


_Thing: TypeAlias = Model | Alias | Claims | SourceRecord | Workspace | APIKey | AdminKey | Calendar | Webhook

Value = TypeVar("Value", bound=_Thing)
Value_co = TypeVar("Value_co", bound=_Thing, covariant=True)

_KINDS: Final[Mapping[type, Subject]] = {
    Model: Subject.MODEL,
    Alias: Subject.ALIAS,
    Claims: Subject.CLAIM,
    SourceRecord: Subject.SOURCE,
    Workspace: Subject.WORKSPACE,
    APIKey: Subject.KEY,
    Webhook: Subject.WEBHOOK,
    AdminKey: Subject.ADMIN_KEY,
    Calendar: Subject.CALENDAR,
}


@dataclass(frozen=True, slots=True)
class Change(Generic[Value_co]):
    """One change of one thing.

    Parameters
    ----------
    action
        What is done.
    before
        The thing as it is; None if it is new.
    after
        The thing as it will be; None if it goes.
    manager
        Whose claims bring it about; None if there are no claims on such a thing.
    """

    action: Action
    before: Value_co | None
    after: Value_co | None
    manager: Manager | None = field(default=None, compare=False)

    @property
    def value(self) -> Value_co:
        """What changes: as it will be, or as it was if it goes."""
        value = self.before if self.after is None else self.after
        if value is None:
            raise ValueError(f"a change to {self.action} changes nothing")
        return value

    @property
    def kind(self) -> Subject:
        """What kind of thing changes."""
        return _KINDS[type(self.value)]

    @property
    def subject(self) -> str:
        """The id of what changes; of an alias, the alias; of claims, what they are about; of a source, its name."""
        value = self.value
        match value:
            case Alias(alias):
                return alias
            case Claims(subject):
                return subject
            case SourceRecord(name):
                return name
            case _:
                return value.id


AnyChange: TypeAlias = Change[_Thing]


def change_of(action: Action, before: Value, after: Value) -> list[Change[Value]]:
    """Return the change from ``before`` to ``after`` as a list, which is empty if they are equal."""
    return [] if before == after else [Change(action, before, after)]


def result_of(changes: Sequence[Change[Value]], value: Value) -> Value:
    """Return ``value`` as these changes, all of it, leave it."""
    return changes[-1].value if changes else value


class ChangeRecord(NamedTuple):
    """A change that was made, as it was recorded.

    Parameters
    ----------
    number
        Counts the records of the installation.
    revision
        Of the transaction that made it.
    at
        When that was, as it was recorded: in UTC, as `format_instant` writes it.
    actor
        Who made it.
    action, kind
        An `Action` and a `Subject`, or those of a later release.
    subject
        The id of what was changed; of an alias, the alias.
    before, after
        Its fields as plain JSON values; None if it was new, or went.
    manager
        Whose claims brought it about, as `parse_manager` reads it; None if a person's did, or none.
    reason
        What the actor gave as the reason; None if nothing.
    """

    number: int
    revision: int
    at: str
    actor: str
    action: str
    kind: str
    subject: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    manager: str | None = None
    reason: str | None = None

    @property
    def is_damaged(self) -> bool:
        """Whether `before` or `after` is something else than the fields of a thing."""
        return not all(side is None or isinstance(side, Mapping) for side in (self.before, self.after))

    @property
    def sides(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """`before` and `after`, empty where there is none.

        Raises
        ------
        StorageError
            The record is damaged.
        """
        if self.is_damaged:
            raise StorageError(
                f"Change {self.number} of the {self.kind} {self.subject} is damaged, so what it did is not known",
                hint=Hint.CHECK_DATABASE,
            )
        return self.before or {}, self.after or {}

    def record(self) -> dict[str, object]:
        """Return every field as plain JSON values."""
        return self._asdict()

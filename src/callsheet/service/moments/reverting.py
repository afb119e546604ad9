"""RevertService: making models, aliases and workspaces what they were, as a change like any other."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.change import AnyChange, Subject
from callsheet.domain.changes.choosing import find_model
from callsheet.domain.changes.lookup import find_workspace
from callsheet.domain.changes.reverting import revert, with_the_same
from callsheet.domain.changes.workspaces import WorkspaceChange, change_workspace
from callsheet.domain.errors import DoesNotExistError, InvalidError
from callsheet.domain.history.moment import AsOf, Moment
from callsheet.domain.times import format_instant
from callsheet.service.moments.locating import locate
from callsheet.service.moments.past import PastReading
from callsheet.storage.store import Transactions
from callsheet.storage.transactions.read import ReadTransaction

#: What can be made what it was.
REVERTED: Final = (Subject.MODEL, Subject.ALIAS, Subject.WORKSPACE)

_LAST: Final = 2**62  # above the number of every change record


class Reverted(NamedTuple):
    """What was made what it was.

    Parameters
    ----------
    as_of
        The moment.
    changed
        The ids of what changed for it, by kind, each sorted; all are empty if everything was as it had been.
    """

    as_of: AsOf
    changed: Mapping[Subject, Sequence[str]]

    @classmethod
    def of(cls, as_of: AsOf, changes: Sequence[AnyChange]) -> "Reverted":
        """Return what ``changes`` made what it was at ``as_of``."""
        return cls(
            as_of, {kind: sorted({each.subject for each in changes if each.kind is kind}) for kind in REVERTED}
        )

    def record(self) -> dict[str, object]:
        """Return both as plain JSON values."""
        return {
            "as_of": self.as_of.record(),
            "changed": {str(kind): list(ids) for kind, ids in self.changed.items()},
        }


class _Sides(NamedTuple):
    """What there is, what there was, the last change record of then, and the moment."""

    present: ReadTransaction
    then: PastReading
    number: int
    as_of: AsOf


class RevertService:
    """Goes back to earlier moments of one installation, by changes of the present.

    Parameters
    ----------
    store, actor, clock
        As for `CatalogService`. The reason of the change records is the moment.

    A method that raises has changed nothing. Each may also raise StorageError: the database cannot be used.
    """

    def __init__(self, store: Transactions, actor: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._actor = actor
        self._clock = clock

    def models(self, moment: Moment, names: Sequence[str] = ()) -> Reverted:
        """Make the models with these ids, or all models, what they were at ``moment``, with their aliases.

        Raises
        ------
        InvalidError
            The moment is still to come.
        DoesNotExistError
            There is no such model, and was none; or as for `locate`.
        ConflictError
            A name is an alias; or as for `locate` and `revert`.
        """
        return self._revert(moment, lambda sides: _models(sides, names))

    def workspaces(self, moment: Moment, names: Sequence[str]) -> Reverted:
        """Make the workspaces with these ids or names what they were at ``moment``, but for being archived.

        Raises
        ------
        InvalidError
            The moment is still to come.
        DoesNotExistError
            There is no such workspace, or was none; or as for `locate`.
        ConflictError
            A workspace is archived, or another one has its name; or as for `locate`.
        """
        return self._revert(moment, lambda sides: _workspaces(sides, names))

    def _revert(self, moment: Moment, decide: Callable[[_Sides], Sequence[AnyChange]]) -> Reverted:
        now = self._clock()
        when = f"revision {moment.revision}" if moment.at is None else format_instant(moment.at)
        with self._store.write(self._actor, now, f"reverted to {when}") as writing:
            as_of, position = locate(writing, moment, now)
            if position is None:
                raise InvalidError(
                    f"{format_instant(as_of.at)} is still to come; name an earlier moment to revert to."
                )
            changes = decide(_Sides(writing, PastReading(writing, position), position.number, as_of))
            writing.apply(changes)
            return Reverted.of(as_of, changes)


def _models(sides: _Sides, names: Sequence[str]) -> Sequence[AnyChange]:
    present, then, after, as_of = sides
    if names:
        ids = {_check_model(present, then, name, as_of) for name in names}
        aliases = ids | {alias for each in ids for alias in (*present.aliases_of(each), *then.aliases_of(each))}
    else:
        changed = set(present.changed_subjects(Subject.MODEL, after, _LAST))
        ids = with_the_same(present, changed)
        aliases = set(present.changed_subjects(Subject.ALIAS, after, _LAST))
    models = {model.id: model for model in then.models(ids)}
    meant = then.aliases(aliases)
    return revert(
        present,
        {each: models.get(each) for each in sorted(ids)},
        {each: meant.get(each) for each in sorted(aliases)},
    )


def _check_model(present: ReadTransaction, then: PastReading, name: str, as_of: AsOf) -> str:
    if present.model(name) is not None or then.model(name) is not None:
        return name
    if present.aliases([name]):
        find_model(present, name)  # says that it is an alias
    raise DoesNotExistError(f"There is no model {name!r}, and there was none at {format_instant(as_of.at)}.")


def _workspaces(sides: _Sides, names: Sequence[str]) -> Sequence[AnyChange]:
    present, then, _, as_of = sides
    found = [find_workspace(present, name) for name in names]
    were = {each.id: each for each in then.workspaces([each.id for each in found])}
    return [change for each in found for change in _workspace(present, each, were.get(each.id), as_of)]


def _workspace(
    present: ReadTransaction, workspace: Workspace, was: Workspace | None, as_of: AsOf
) -> Iterable[AnyChange]:
    if was is None:
        raise DoesNotExistError(f"There was no workspace {workspace.id} at {format_instant(as_of.at)}.")
    wanted = WorkspaceChange(
        name=was.name,
        allow=was.visibility.allow,
        deny=was.visibility.deny,
        shape=was.shape,
        display_color=was.display_color,
        tags=was.tags,
    )
    return change_workspace(present, workspace, wanted)

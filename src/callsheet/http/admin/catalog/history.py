"""What was, what became of it, and back to it: ``/v1/organizations/catalog/diff``, ``blame``, ``revert``."""

from collections.abc import Callable
from typing import Any, Final

from pydantic import BaseModel, Field

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.changes.change import Subject
from callsheet.domain.errors import InvalidError
from callsheet.domain.history.moment import Moment
from callsheet.domain.history.setting import FIELDS
from callsheet.http.admin.endpoint import ROOT, Act, Answer, Asked, ChangeQuery, Doing, Endpoint, Input, Query
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.admin.moments import AsOfAnswer, locate_moment, located, moment_field, moment_of
from callsheet.service.moments.blaming import blame
from callsheet.service.moments.comparing import COMPARED, DifferencesCut, compare_moments
from callsheet.service.moments.reverting import Reverted, RevertService
from callsheet.storage.transactions.paging import MAX_PAGE_ROWS
from callsheet.storage.transactions.read import ReadTransaction


class OneMomentQuery(Query):
    """A moment."""

    as_of: str = moment_field()


class MomentsQuery(Query):
    """Two moments, in any order."""

    first: str = moment_field(alias="from")
    second: str = moment_field("now", alias="to")
    kind: Subject | None = Field(None, description=f"Only differences of this kind: {', '.join(COMPARED)}.")
    limit: int | None = Field(None, ge=1, le=MAX_PAGE_ROWS, description="At most so many differences; all without.")
    after_id: str | None = Field(None, min_length=1, description="The differences behind the one of this last_id.")


class FieldQuery(Query):
    """Which field of a model."""

    field: str | None = Field(None, description=f"Only this one: {', '.join(FIELDS)}.")


class ModelsToRevert(Input):
    """Models that are to be what they were."""

    to: str = moment_field()
    models: list[str] = Field(
        default_factory=list, max_length=10_000, description="Their ids; all models and aliases if there are none."
    )


class WorkspacesToRevert(Input):
    """Workspaces that are to be what they were."""

    to: str = moment_field()
    workspaces: list[str] = Field(min_length=1, max_length=10_000, description="Their ids or names.")


class ByAnswer(BaseModel):
    """A change, and who made it."""

    revision: int
    at: str
    actor: str
    action: str
    manager: str | None
    reason: str | None


class DifferenceAnswer(BaseModel):
    """A thing that is other at the second moment."""

    what: str = Field(description="added, removed or changed.")
    kind: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    by: ByAnswer | None = Field(description="The last change; null if only a date that passed brought it about.")


class DifferencesAnswer(BaseModel):
    """What is other at the second moment than at the first."""

    first: AsOfAnswer = Field(alias="from")
    second: AsOfAnswer = Field(alias="to")
    differences: list[DifferenceAnswer]
    has_more: bool = Field(description="Whether more differences follow.")
    last_id: str | None = Field(description="Pass it as after_id to get what follows.")


class BlamedAnswer(BaseModel):
    """A value that a field has or had, and who gave it."""

    value: Any
    manager: str | None
    revision: int
    at: str
    actor: str
    action: str
    reason: str | None


class BlameAnswer(BaseModel):
    """The values of the fields of a model, of each the present one first."""

    id: str
    fields: dict[str, list[BlamedAnswer]]


class ChangedAnswer(BaseModel):
    """Ids of what changed."""

    model: list[str]
    alias: list[str]
    workspace: list[str]


class RevertedAnswer(BaseModel):
    """What was made what it was."""

    as_of: AsOfAnswer
    changed: ChangedAnswer


def _locate(reading: ReadTransaction, asked: Asked) -> Answer:
    return locate_moment(reading, asked.query.as_of, asked).as_of.record()


def _diff(reading: ReadTransaction, asked: Asked) -> Answer:
    texts = {"from": asked.query.first, "to": asked.query.second}
    moments = {name: moment_of(text, asked, name) for name, text in texts.items()}
    for name, each in moments.items():
        located(reading, each, asked, name)
    cut = DifferencesCut(asked.query.limit, asked.query.kind, _place_of(asked.query.after_id))
    compared = compare_moments(reading, moments["from"], moments["to"], asked.now, cut)
    last = compared.differences[-1:]
    return {
        **compared.record(),
        "has_more": compared.has_more,
        "last_id": f"{last[0].kind}:{last[0].subject}" if last else None,
    }


def _place_of(cursor: str | None) -> tuple[Subject, str] | None:
    if cursor is None:
        return None
    kind, _, subject = cursor.partition(":")
    if kind not in COMPARED or not subject:
        raise AdminError(Code.INVALID_CURSOR, "Invalid pagination cursor for 'after_id'", "after_id")
    return Subject(kind), subject


def _blame(reading: ReadTransaction, asked: Asked) -> Answer:
    field = asked.query.field
    if field is not None and field not in FIELDS:
        raise InvalidError(f"field must be one of {', '.join(FIELDS)}, not {field[:40]!r}.")
    return blame(reading, asked.ids["model"], field).record()


def _reverting(revert: Callable[[RevertService, Moment, Any], Reverted]) -> Act:
    def act(doing: Doing, asked: Asked) -> Reverted:
        moment = moment_of(asked.body.to, asked, "to")
        with doing.store.read() as reading:
            located(reading, moment, asked, "to")
        return revert(RevertService(doing.store, doing.actor, doing.clock), moment, asked.body)

    return act


def _reverted(_reading: ReadTransaction, _asked: Asked, reverted: Reverted) -> Answer:
    return reverted.record()


HISTORY: Final = (
    Endpoint(
        method="GET",
        path=f"{ROOT}/catalog/moment",
        operation="locateMoment",
        summary="Return which time and revision a moment is.",
        scope=Scope.READ,
        query=OneMomentQuery,
        answer=AsOfAnswer,
        read=_locate,
    ),
    Endpoint(
        method="GET",
        path=f"{ROOT}/catalog/diff",
        operation="compareMoments",
        summary="Return what was added, removed and changed between two moments, and by whom.",
        scope=Scope.READ,
        query=MomentsQuery,
        answer=DifferencesAnswer,
        read=_diff,
    ),
    Endpoint(
        method="GET",
        path=f"{ROOT}/catalog/models/{{model}}/blame",
        operation="blameCatalogFields",
        summary="Return who says what of a model since when, and every value that a field had before.",
        scope=Scope.READ,
        query=FieldQuery,
        answer=BlameAnswer,
        read=_blame,
    ),
    Endpoint(
        method="POST",
        path=f"{ROOT}/catalog/revert",
        operation="revertCatalog",
        summary="Make models and their aliases what they were at a moment, by a new change.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        body=ModelsToRevert,
        answer=RevertedAnswer,
        act=_reverting(lambda service, moment, body: service.models(moment, body.models)),
        show=_reverted,
    ),
    Endpoint(
        method="POST",
        path=f"{ROOT}/access/revert",
        operation="revertWorkspaces",
        summary="Give workspaces the names, rules and shapes that they had at a moment, by a new change.",
        scope=Scope.KEYS,
        query=ChangeQuery,
        body=WorkspacesToRevert,
        answer=RevertedAnswer,
        act=_reverting(lambda service, moment, body: service.workspaces(moment, body.workspaces)),
        show=_reverted,
    ),
)

"""What was, what became of it, and back to it: ``/v1/organizations/catalog/diff``, ``blame``, ``revert``."""

from collections.abc import Callable
from typing import Any, Final

from pydantic import BaseModel, Field

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.errors import InvalidError
from callsheet.domain.history.moment import Moment, parse_moment
from callsheet.domain.history.setting import FIELDS
from callsheet.http.admin.endpoint import ROOT, Act, Answer, Asked, ChangeQuery, Doing, Endpoint, Input, Query
from callsheet.http.admin.moments import MAX_MOMENT_CHARACTERS, MOMENT, AsOfAnswer, locate_moment, located
from callsheet.service.moments.blaming import blame
from callsheet.service.moments.comparing import compare_moments
from callsheet.service.moments.reverting import Reverted, RevertService
from callsheet.storage.transactions.read import ReadTransaction


def _moment(default: Any = ..., alias: str | None = None) -> Any:
    return Field(default, alias=alias, min_length=1, max_length=MAX_MOMENT_CHARACTERS, description=MOMENT)


class OneMomentQuery(Query):
    """A moment."""

    as_of: str = _moment()


class MomentsQuery(Query):
    """Two moments, in any order."""

    first: str = _moment(alias="from")
    second: str = _moment("now", alias="to")


class FieldQuery(Query):
    """Which field of a model."""

    field: str | None = Field(None, description=f"Only this one: {', '.join(FIELDS)}.")


class ModelsToRevert(Input):
    """Models that are to be what they were."""

    to: str = _moment()
    models: list[str] = Field(
        default_factory=list, max_length=10_000, description="Their ids; all models and aliases if there are none."
    )


class WorkspacesToRevert(Input):
    """Workspaces that are to be what they were."""

    to: str = _moment()
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
    moments = [parse_moment(text, asked.now, name) for name, text in texts.items()]
    for each in moments:
        located(reading, each, asked)
    return compare_moments(reading, moments[0], moments[1], asked.now).record()


def _blame(reading: ReadTransaction, asked: Asked) -> Answer:
    field = asked.query.field
    if field is not None and field not in FIELDS:
        raise InvalidError(f"field must be one of {', '.join(FIELDS)}, not {field[:40]!r}.")
    return blame(reading, asked.ids["model"], field).record()


def _reverting(revert: Callable[[RevertService, Moment, Any], Reverted]) -> Act:
    def act(doing: Doing, asked: Asked) -> Reverted:
        moment = parse_moment(asked.body.to, asked.now, "to")
        with doing.store.read() as reading:
            located(reading, moment, asked)
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

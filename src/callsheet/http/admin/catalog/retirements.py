"""Which models retire, when, and for whom: ``/v1/organizations/catalog/retirements``."""

from datetime import timedelta
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from callsheet.api.explain import admission
from callsheet.domain.access.admin_key import Scope
from callsheet.domain.retirement.stage import Stage
from callsheet.http.admin.catalog.explaining import explainer_of
from callsheet.http.admin.endpoint import ROOT, Asked, Endpoint
from callsheet.http.admin.moments import DatedList, MomentQuery, at_moment
from callsheet.http.admin.plain import AnyReading
from callsheet.service.retirements.find import PENDING, find_retirements

_MAX_DAYS: Final = 36_500
_STAGES: Final = {
    "pending": PENDING,
    "overdue": frozenset({Stage.OVERDUE}),
    "all": frozenset({*PENDING, Stage.RETIRED}),
}


class RetirementsQuery(MomentQuery):
    """Which retirements."""

    within_days: int | None = Field(
        None, ge=0, le=_MAX_DAYS, description="Only those of the next days, and what is overdue."
    )
    state: Literal["pending", "overdue", "all"] = Field("pending", description="all has retired models, too.")
    workspace: str | None = Field(None, description="Id or name of a workspace: only what it sees.")
    key: str | None = Field(None, description="Id or name of a key: only what it sees.")


class RetirementAnswer(BaseModel):
    """The retirement of a model."""

    id: str
    display_name: str
    line: str | None
    state: str
    deprecated_at: str | None
    retires_at: str | None
    retirement_precision: str | None
    retires_itself: bool
    days_left: int | None
    replacement: dict[str, Any]
    aliases: list[str]
    workspaces: list[dict[str, str]]
    keys: int
    left_without_line: list[dict[str, str]]


def _list(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    query: RetirementsQuery = asked.query
    explainer = explainer_of(reading, asked)
    sees = None
    if query.key is not None or query.workspace is not None:
        asker = explainer.subject(query.key, query.workspace).asker(explainer.state)
        admitted = admission(explainer.state, asker, asked.now.timestamp())
        if admitted.workspace is None or not all(step.passes for step in admitted.steps):
            return {"data": []}
        sees = admitted.workspace.id
    period = None if query.within_days is None else timedelta(days=query.within_days)
    found = find_retirements(
        explainer.state, asked.now, within=period, stages=_STAGES[query.state], workspace_id=sees
    )
    return {"data": [each.record() for each in found]}


RETIREMENTS: Final = (
    Endpoint(
        method="GET",
        path=f"{ROOT}/catalog/retirements",
        operation="listRetirements",
        summary="List which models retire, what replaces them, and who sees them; the earliest date first.",
        scope=Scope.READ,
        query=RetirementsQuery,
        answer=DatedList[RetirementAnswer],
        read=at_moment(_list),
    ),
)

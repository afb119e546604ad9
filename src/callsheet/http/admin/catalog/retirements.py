"""Which models retire, when, and for whom: ``/v1/organizations/catalog/retirements``."""

from datetime import timedelta
from typing import Any, Final

from pydantic import BaseModel, Field

from callsheet.domain.access.admin_key import Scope
from callsheet.http.admin.catalog.explaining import explainer_of
from callsheet.http.admin.endpoint import ROOT, Asked, Endpoint
from callsheet.http.admin.moments import DatedList, MomentQuery, at_moment
from callsheet.http.admin.plain import AnyReading
from callsheet.service.retirements.find import Wanted

_MAX_DAYS: Final = 36_500


class RetirementsQuery(MomentQuery):
    """Which retirements."""

    within_days: int | None = Field(
        None, ge=0, le=_MAX_DAYS, description="Only those of the next days, and what is overdue."
    )
    state: Wanted = Field("pending", description="all has retired models, too.")
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


class RetirementsAnswer(DatedList[RetirementAnswer]):
    """Retirements, and for whom."""

    subject: dict[str, Any] | None = Field(alias="for", description="Whom they concern; null: all are listed.")
    refusal: dict[str, Any] | None = Field(description="Why none concerns it: it is not answered at all.")


def _list(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    query: RetirementsQuery = asked.query
    period = None if query.within_days is None else timedelta(days=query.within_days)
    concerned = explainer_of(reading, asked).retirements(query.state, period, query.key, query.workspace)
    return {
        "for": None if concerned.subject is None else concerned.subject.record(),
        "refusal": None if concerned.refusal is None else concerned.refusal.record(),
        "data": [each.record() for each in concerned.found],
    }


RETIREMENTS: Final = (
    Endpoint(
        method="GET",
        path=f"{ROOT}/catalog/retirements",
        operation="listRetirements",
        summary="List which models retire, what replaces them, and who sees them; the earliest date first.",
        scope=Scope.READ,
        query=RetirementsQuery,
        answer=RetirementsAnswer,
        read=at_moment(_list),
    ),
)

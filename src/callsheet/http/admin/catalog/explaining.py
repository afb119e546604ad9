"""Why a caller sees a model, who sees one, and what is different: ``/v1/organizations/explain`` and the like."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from callsheet.api.dialect import Dialect
from callsheet.domain.access.admin_key import Scope
from callsheet.domain.errors import InvalidError
from callsheet.domain.query import Reach
from callsheet.http.admin.endpoint import ROOT, Asked, Endpoint
from callsheet.http.admin.moments import Dated, DatedList, MomentQuery, at_moment
from callsheet.http.admin.plain import AnyReading
from callsheet.service.explain.commands import fix_record
from callsheet.service.explain.explainer import Explainer
from callsheet.service.explain.records import explanation_record, sighting_record


class ExplainQuery(MomentQuery):
    """What is explained, and for whom."""

    model: str = Field(description="Id or alias of a model.")
    key: str | None = Field(None, description="Id or name of the key that asks.")
    workspace: str | None = Field(
        None, description="Id or name of a workspace; with a key, the one that the request names."
    )
    dialect: Dialect = Field(Dialect.ANTHROPIC, description="Whose clients ask.")


class ModelQuery(MomentQuery):
    """Which model."""

    model: str = Field(description="Id or alias of a model.")


class SubjectQuery(MomentQuery):
    """For whom."""

    subject: str = Field(description="Id or name of a key or a workspace.")


class PairQuery(MomentQuery):
    """Which two are compared."""

    first: str = Field(description="Id or name of a key or a workspace.")
    second: str = Field(description="Id or name of another.")


class ExplanationAnswer(Dated):
    """Why a caller sees a model, or does not, and what would turn that."""

    model_config = ConfigDict(extra="allow")

    name: str
    model_id: str
    workspace_id: str | None
    reach: Reach
    steps: list[dict[str, Any]]
    clients: list[dict[str, Any]]
    fixes: list[dict[str, Any]]


class ViewersAnswer(BaseModel):
    """Workspaces that see a model, or do not, by the same rules."""

    reach: Reach
    model_id: str | None
    allow: list[str]
    deny: list[str]
    matching: list[str]
    workspaces: list[dict[str, str]]
    keys: int


class SeersAnswer(BaseModel):
    """Workspaces with the same rules, and what they see."""

    workspaces: list[dict[str, str]]
    keys: int
    allow: list[str]
    deny: list[str]
    listed: list[str]
    retrievable: list[str]


class MatrixAnswer(Dated):
    """Which workspaces see which models."""

    data: list[SeersAnswer]
    model_ids: list[str] = Field(description="All models, in the order of the Models API.")


class SeenAnswer(Dated):
    """What a key or a workspace sees."""

    model_config = ConfigDict(extra="allow")

    refused: str | None
    refusal: dict[str, Any] | None
    models: list[dict[str, str]]


class ComparedAnswer(Dated):
    """What two keys or workspaces see differently."""

    first: dict[str, Any]
    second: dict[str, Any]
    only_first: list[str]
    only_second: list[str]
    only_first_unlisted: list[str]
    only_second_unlisted: list[str]
    written_otherwise: list[str]


def explainer_of(reading: AnyReading, asked: Asked) -> Explainer:
    """Return what explains the moment that is asked for."""
    is_present = asked.as_of is None
    known = asked.state if is_present else None
    return Explainer(reading, asked.state.options, asked.now, proposes=is_present, known=known)


def _explain(reading: AnyReading, asked: Asked) -> Mapping[str, Any]:
    query: ExplainQuery = asked.query
    if query.key is None and query.workspace is None:
        raise InvalidError("Name who asks: key or workspace.")
    explainer = explainer_of(reading, asked)
    explained = explainer.explain(query.model, query.key, query.workspace, query.dialect)
    rules = explainer.rules()
    return explanation_record(explained, fixes=[fix_record(fix, rules) for fix in explained.fixes])


def _who_sees(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    return {"data": [each.record() for each in explainer_of(reading, asked).who_sees(asked.query.model)]}


def _matrix(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    explainer = explainer_of(reading, asked)
    return {"data": [each.record() for each in explainer.matrix()], "model_ids": list(explainer.model_ids())}


def _what_sees(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    who, refusal, sightings = explainer_of(reading, asked).what_sees(asked.query.subject)
    return {
        "for": who.record(),
        "refused": None if refusal is None else refusal.reason,
        "refusal": None if refusal is None else refusal.record(),
        "models": [sighting_record(each) for each in sightings],
    }


def _diff_keys(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    one, other, compared = explainer_of(reading, asked).diff(asked.query.first, asked.query.second)
    return {"first": one.record(), "second": other.record(), **compared.record()}


EXPLAINING: Final = (
    Endpoint(
        method="GET",
        path=f"{ROOT}/explain",
        operation="explain",
        summary="Why a key or a workspace sees a model, or does not, and what would turn that.",
        scope=Scope.READ,
        query=ExplainQuery,
        answer=ExplanationAnswer,
        read=at_moment(_explain),
    ),
    Endpoint(
        method="GET",
        path=f"{ROOT}/who_sees",
        operation="whoSees",
        summary="Who sees a model, and who does not: the workspaces by their rules.",
        scope=Scope.READ,
        query=ModelQuery,
        answer=DatedList[ViewersAnswer],
        read=at_moment(_who_sees),
    ),
    Endpoint(
        method="GET",
        path=f"{ROOT}/matrix",
        operation="getMatrix",
        summary="Which workspaces see which models, for each distinct set of rules once.",
        scope=Scope.READ,
        query=MomentQuery,
        answer=MatrixAnswer,
        read=at_moment(_matrix),
    ),
    Endpoint(
        method="GET",
        path=f"{ROOT}/what_sees",
        operation="whatSees",
        summary="What a key or a workspace sees.",
        scope=Scope.READ,
        query=SubjectQuery,
        answer=SeenAnswer,
        read=at_moment(_what_sees),
    ),
    Endpoint(
        method="GET",
        path=f"{ROOT}/diff_keys",
        operation="diffKeys",
        summary="What two keys or workspaces see differently.",
        scope=Scope.READ,
        query=PairQuery,
        answer=ComparedAnswer,
        read=at_moment(_diff_keys),
    ),
)

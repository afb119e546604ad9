"""Why a caller sees a model, who sees one, and what is different: ``/v1/organizations/explain`` and the like."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from callsheet.api.dialect import Dialect
from callsheet.domain.access.admin_key import Scope
from callsheet.domain.errors import InvalidError
from callsheet.domain.query import Reach
from callsheet.http.admin.endpoint import ROOT, Answer, Asked, Endpoint, Query
from callsheet.http.admin.plain import Everything
from callsheet.service.explain.commands import fix_record
from callsheet.service.explain.explainer import Explainer
from callsheet.service.explain.records import explanation_record, sighting_record
from callsheet.storage.transactions.read import ReadTransaction


class ExplainQuery(Query):
    """What is explained, and for whom."""

    model: str = Field(description="Id or alias of a model.")
    key: str | None = Field(None, description="Id or name of the key that asks.")
    workspace: str | None = Field(
        None, description="Id or name of a workspace; with a key, the one that the request names."
    )
    dialect: Dialect = Field(Dialect.ANTHROPIC, description="Whose clients ask.")


class ModelQuery(Query):
    """Which model."""

    model: str = Field(description="Id or alias of a model.")


class SubjectQuery(Query):
    """For whom."""

    subject: str = Field(description="Id or name of a key or a workspace.")


class PairQuery(Query):
    """Which two are compared."""

    first: str = Field(description="Id or name of a key or a workspace.")
    second: str = Field(description="Id or name of another.")


class ExplanationAnswer(BaseModel):
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


class MatrixAnswer(BaseModel):
    """Which workspaces see which models."""

    data: list[SeersAnswer]
    model_ids: list[str] = Field(description="All models, in the order of the Models API.")


class SeenAnswer(BaseModel):
    """What a key or a workspace sees."""

    model_config = ConfigDict(extra="allow")

    refused: str | None
    refusal: dict[str, Any] | None
    models: list[dict[str, str]]


class ComparedAnswer(BaseModel):
    """What two keys or workspaces see differently."""

    first: dict[str, Any]
    second: dict[str, Any]
    only_first: list[str]
    only_second: list[str]
    only_first_unlisted: list[str]
    only_second_unlisted: list[str]
    written_otherwise: list[str]


def _explainer(reading: ReadTransaction, asked: Asked) -> Explainer:
    return Explainer(reading, asked.state.options, asked.now, known=asked.state)


def _explain(reading: ReadTransaction, asked: Asked) -> Answer:
    query: ExplainQuery = asked.query
    if query.key is None and query.workspace is None:
        raise InvalidError("Name who asks: key or workspace.")
    explainer = _explainer(reading, asked)
    explained = explainer.explain(query.model, query.key, query.workspace, query.dialect)
    rules = explainer.rules()
    return explanation_record(explained, fixes=[fix_record(fix, rules) for fix in explained.fixes])


def _who_sees(reading: ReadTransaction, asked: Asked) -> Answer:
    return {"data": [each.record() for each in _explainer(reading, asked).who_sees(asked.query.model)]}


def _matrix(reading: ReadTransaction, asked: Asked) -> Answer:
    explainer = _explainer(reading, asked)
    return {"data": [each.record() for each in explainer.matrix()], "model_ids": list(explainer.model_ids())}


def _what_sees(reading: ReadTransaction, asked: Asked) -> Answer:
    who, refusal, sightings = _explainer(reading, asked).what_sees(asked.query.subject)
    return {
        "for": who.record(),
        "refused": None if refusal is None else refusal.reason,
        "refusal": None if refusal is None else refusal.record(),
        "models": [sighting_record(each) for each in sightings],
    }


def _diff_keys(reading: ReadTransaction, asked: Asked) -> Answer:
    one, other, compared = _explainer(reading, asked).diff(asked.query.first, asked.query.second)
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
        read=_explain,
    ),
    Endpoint(
        method="GET",
        path=f"{ROOT}/who_sees",
        operation="whoSees",
        summary="Who sees a model, and who does not: the workspaces by their rules.",
        scope=Scope.READ,
        query=ModelQuery,
        answer=Everything[ViewersAnswer],
        read=_who_sees,
    ),
    Endpoint(
        method="GET",
        path=f"{ROOT}/matrix",
        operation="getMatrix",
        summary="Which workspaces see which models, for each distinct set of rules once.",
        scope=Scope.READ,
        answer=MatrixAnswer,
        read=_matrix,
    ),
    Endpoint(
        method="GET",
        path=f"{ROOT}/what_sees",
        operation="whatSees",
        summary="What a key or a workspace sees.",
        scope=Scope.READ,
        query=SubjectQuery,
        answer=SeenAnswer,
        read=_what_sees,
    ),
    Endpoint(
        method="GET",
        path=f"{ROOT}/diff_keys",
        operation="diffKeys",
        summary="What two keys or workspaces see differently.",
        scope=Scope.READ,
        query=PairQuery,
        answer=ComparedAnswer,
        read=_diff_keys,
    ),
)

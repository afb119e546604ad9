"""Why a caller sees a model, who sees one, and what is different: ``/v1/organizations/explain`` and the like."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from callsheet.api.dialect import Dialect
from callsheet.domain.access.admin_key import Scope
from callsheet.domain.errors import InvalidError
from callsheet.domain.query import MAX_LIMIT, MIN_LIMIT, Reach
from callsheet.http.admin.endpoint import ROOT, Asked, Endpoint, PageQuery
from callsheet.http.admin.moments import Dated, DatedList, MomentQuery, at_moment, cut_items
from callsheet.http.admin.plain import AnyReading, state_of
from callsheet.service.explain.commands import fix_record
from callsheet.service.explain.explainer import Explainer
from callsheet.service.explain.part import Part
from callsheet.service.explain.records import explanation_record, sighting_record
from callsheet.service.explain.words import why

#: Models that the matrix may be asked for by id, and characters of a text that is searched for.
MAX_MATRIX_IDS: Final = 100
MAX_SEARCH_CHARACTERS: Final = 256


class ExplainQuery(MomentQuery):
    """What is explained, and for whom."""

    model: str = Field(description="Id or alias of a model.")
    key: str | None = Field(None, description="Id or name of the key that asks.")
    workspace: str | None = Field(
        None, description="Id or name of a workspace; with a key, the one that the request names."
    )
    dialect: Dialect = Field(Dialect.ANTHROPIC, description="Whose clients ask.")
    plans: bool = Field(
        True, description="Whether fixes come with their plans, for which every model may have to be looked at."
    )


class ModelQuery(MomentQuery):
    """Which model."""

    model: str = Field(description="Id or alias of a model.")


class SubjectQuery(MomentQuery):
    """For whom, and which of the models."""

    subject: str = Field(description="Id or name of a key or a workspace.")
    limit: int | None = Field(
        None, ge=MIN_LIMIT, le=MAX_LIMIT, description="Maximum number of models; all if it is left out."
    )
    after_id: str | None = Field(None, min_length=1, description="The models behind the one with this id or alias.")
    before_id: str | None = Field(
        None, min_length=1, description="The models before the one with this id or alias."
    )


class MatrixQuery(MomentQuery):
    """Which part of the matrix."""

    ids: Annotated[list[str], Field(max_length=MAX_MATRIX_IDS)] | None = Field(
        None, description="Only these models, as ids[]=a&ids[]=b; all if it is left out."
    )
    search: str = Field(
        "",
        max_length=MAX_SEARCH_CHARACTERS,
        description="Only sets of rules of a workspace whose name or id holds this text, in either case.",
    )
    limit: int | None = Field(
        None, ge=MIN_LIMIT, le=MAX_LIMIT, description="Maximum number of sets of rules; all if it is left out."
    )
    after_id: str | None = Field(
        None, min_length=1, description="The sets of rules behind the one whose first workspace has this id."
    )
    before_id: str | None = Field(
        None, min_length=1, description="The sets of rules before the one whose first workspace has this id."
    )


class PairQuery(MomentQuery):
    """Which two are compared."""

    first: str = Field(description="Id or name of a key or a workspace.")
    second: str = Field(description="Id or name of another.")
    most: int | None = Field(
        None,
        ge=1,
        description="Look at so many models only, in the order of the Models API from the first one on; all if it "
        "is left out, which takes long if there are very many.",
    )


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
    model_ids: list[str] = Field(
        description="The models: all in the order of the Models API, or those that were asked for and exist."
    )
    total: int = Field(description="How many sets of rules fit, on all pages.")
    has_more: bool = Field(description="Whether more sets of rules follow in the direction of the page.")
    first_id: str | None = Field(description="Pass it as before_id to get the page before.")
    last_id: str | None = Field(description="Pass it as after_id to get the page behind.")


class SeenAnswer(Dated):
    """What a key or a workspace sees."""

    model_config = ConfigDict(extra="allow")

    refused: str | None
    refusal: dict[str, Any] | None
    why: str | None = Field(description="Why it is refused, as the rest of a sentence.")
    models: list[dict[str, str]]
    has_more: bool = Field(
        description="Whether more models may follow in the direction of the page: of a long catalogue, a page may "
        "have fewer than its limit, even none."
    )
    first_id: str | None = Field(description="Pass it as before_id to get the page before.")
    last_id: str | None = Field(description="Pass it as after_id to get the page behind.")


class ComparedAnswer(Dated):
    """What two keys or workspaces see differently."""

    first: dict[str, Any]
    second: dict[str, Any]
    only_first: list[str]
    only_second: list[str]
    only_first_unlisted: list[str]
    only_second_unlisted: list[str]
    written_otherwise: list[str]
    is_whole: bool = Field(description="Whether all models were looked at.")


def explainer_of(reading: AnyReading, asked: Asked) -> Explainer:
    """Return what explains the moment that is asked for."""
    options, is_present = asked.state.options, asked.as_of is None
    return Explainer(reading, options, asked.now, proposes=is_present, state=state_of(reading, asked))


def _explain(reading: AnyReading, asked: Asked) -> Mapping[str, Any]:
    query: ExplainQuery = asked.query
    if query.key is None and query.workspace is None:
        raise InvalidError("Name who asks: key or workspace.")
    explainer = explainer_of(reading, asked)
    explained = explainer.explain(query.model, query.key, query.workspace, query.dialect, by_breadth=query.plans)
    rules = explainer.rules()
    fixes = [fix_record(fix, rules, has_plan=query.plans) for fix in explained.fixes]
    return explanation_record(explained, explainer.workspace_name, fixes=fixes)


def _who_sees(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    return {"data": [each.record() for each in explainer_of(reading, asked).who_sees(asked.query.model)]}


def _matrix(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    explainer, query = explainer_of(reading, asked), asked.query
    fitting = explainer.rule_sets(query.search)
    cut = PageQuery.model_construct(limit=query.limit or len(fitting), **_cursors(query))
    sets, has_more = cut_items(fitting, lambda each: each.id, cut)
    catalog = explainer.state.catalog
    ids = explainer.model_ids() if query.ids is None else [each for each in query.ids if catalog.get(each)]
    return {
        "data": [each.record() for each in explainer.matrix(sets, ids)],
        "model_ids": ids,
        "total": len(fitting),
        "has_more": has_more,
        "first_id": sets[0].id if sets else None,
        "last_id": sets[-1].id if sets else None,
    }


def _what_sees(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    explainer, query = explainer_of(reading, asked), asked.query
    part = Part(query.limit, **_cursors(query))
    who, refusal, sightings, page = explainer.what_sees(query.subject, part)
    return {
        "for": who.record(),
        "refused": None if refusal is None else refusal.reason,
        "refusal": None if refusal is None else refusal.record(),
        "why": None if refusal is None else why(who, refusal, explainer.workspace_name),
        "models": [sighting_record(each) for each in sightings],
        "has_more": page is not None and page.has_more,
        "first_id": None if page is None else page.first_id,
        "last_id": None if page is None else page.last_id,
    }


def _cursors(query: SubjectQuery | MatrixQuery) -> dict[str, Any]:
    return {"after_id": query.after_id, "before_id": query.before_id}


def _diff_keys(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    explainer, query = explainer_of(reading, asked), asked.query
    one, other, compared = explainer.diff(query.first, query.second, query.most)
    is_whole = query.most is None or query.most >= len(explainer.state.catalog)
    return {"first": one.record(), "second": other.record(), **compared.record(), "is_whole": is_whole}


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
        query=MatrixQuery,
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

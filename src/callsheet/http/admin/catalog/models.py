"""Models: ``/v1/organizations/catalog/models``."""

from typing import Any, Final, cast

from pydantic import Field

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.edits import ModelChange
from callsheet.domain.model import Lifecycle, Model, RetirementPrecision
from callsheet.domain.times import EPOCH
from callsheet.http.admin.catalog.answers import (
    KnownModelAnswer,
    ModelAnswer,
    NamedModelAnswer,
    SuppressedAnswer,
)
from callsheet.http.admin.endpoint import ROOT, Answer, Asked, ChangeQuery, Doing, Endpoint, Input
from callsheet.http.admin.moments import DatedList, DatedPage, MomentPageQuery, MomentQuery, at_moment
from callsheet.http.admin.plain import AnyReading, MomentReader, cut_of, instants, page
from callsheet.service.catalog import ModelWithAliases, Outcome
from callsheet.service.moments.paging import page_of_models
from callsheet.service.moments.reading import MomentReading
from callsheet.service.records import model_record, provenance_record, removed_record, suppressed_record
from callsheet.storage.transactions.read import ReadTransaction

_TIMES: Final = ("created_at", "deprecated_at", "retires_at")
_MODELS: Final = f"{ROOT}/catalog/models"


class NewModel(Input):
    """A model to add; what is left out is not known."""

    id: str
    display_name: str | None = Field(None, description="For people; the id if it is left out.")
    created_at: str | None = Field(None, description="When it was released: a day or an RFC 3339 time.")
    line: str | None = None
    max_input_tokens: int | None = None
    max_tokens: int | None = None
    capabilities: dict[str, Any] | None = None
    description: str | None = None
    hidden: bool = False
    source: str | None = None
    same_as: str | None = Field(None, description="Another model, whose facts hold for this one, too.")


class ChangedModel(Input):
    """What is to change of a model: what is left out stays as it is, and null is not known."""

    display_name: str = ""
    created_at: str | None = None
    line: str | None = None
    max_input_tokens: int | None = None
    max_tokens: int | None = None
    capabilities: dict[str, Any] | None = None
    lifecycle: Lifecycle = Field(Lifecycle.ACTIVE, strict=False, description="active takes a deprecation back.")
    deprecated_at: str | None = None
    retires_at: str | None = None
    retirement_precision: RetirementPrecision | None = Field(None, strict=False)
    retires_itself: bool | None = None
    replacement: str | None = None
    description: str | None = None
    source: str | None = None
    same_as: str | None = None


def _list(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    if isinstance(reading, MomentReading):
        return _list_of_moment(reading, asked)
    rows, has_more = reading.page_of_models(cut_of(asked.query))
    aliases = reading.aliases_of_each([row["id"] for row in rows])
    return page([{**row, "aliases": aliases.get(row["id"], [])} for row in rows], "id", has_more=has_more)


def _list_of_moment(reading: MomentReading, asked: Asked) -> dict[str, Any]:
    models, has_more = page_of_models(reading, cut_of(asked.query))
    aliases = reading.aliases_of_each([model.id for model in models])
    rows = [{**model.record(), "aliases": aliases.get(model.id, [])} for model in models]
    return page(rows, "id", has_more=has_more)


def _show(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    catalog, name = MomentReader(reading, asked).catalog, asked.ids["model"]
    return {**model_record(catalog.show(name)), "provenance": provenance_record(catalog.who_says(name))}


def _suppressed(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    return {"data": [suppressed_record(each) for each in MomentReader(reading, asked).catalog.suppressed()]}


def _add(doing: Doing, asked: Asked) -> ModelWithAliases:
    wanted: NewModel = asked.body
    values = instants(wanted.model_dump(exclude={"same_as"}, exclude_none=True), _TIMES)
    model = Model(**{"display_name": wanted.id, **values})
    return doing.catalog.add(model, wanted.same_as)


def _change(doing: Doing, asked: Asked) -> ModelWithAliases:
    wanted = instants(asked.body.model_dump(exclude_unset=True), _TIMES)
    if "created_at" in wanted:
        wanted["created_at"] = wanted["created_at"] or EPOCH
    return doing.catalog.change(asked.ids["model"], cast("ModelChange", wanted))


def _remove(doing: Doing, asked: Asked) -> Outcome:
    return doing.catalog.remove(asked.ids["model"], globs=False)


def _shown(_reading: ReadTransaction, _asked: Asked, item: ModelWithAliases) -> Answer:
    return model_record(item)


def _removed(_reading: ReadTransaction, _asked: Asked, outcome: Outcome) -> Answer:
    return removed_record(outcome.models[0])


MODELS: Final = (
    Endpoint(
        method="GET",
        path=_MODELS,
        operation="listCatalogModels",
        summary="List all models by id, hidden and retired ones too.",
        scope=Scope.READ,
        query=MomentPageQuery,
        answer=DatedPage[NamedModelAnswer],
        read=at_moment(_list),
    ),
    Endpoint(
        method="POST",
        path=_MODELS,
        operation="createCatalogModel",
        summary="Add a model.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        body=NewModel,
        answer=NamedModelAnswer,
        act=_add,
        show=_shown,
    ),
    Endpoint(
        method="GET",
        path=f"{_MODELS}/{{model}}",
        operation="retrieveCatalogModel",
        summary="Show one model, by id or alias, and who says what of it.",
        scope=Scope.READ,
        query=MomentQuery,
        answer=KnownModelAnswer,
        read=at_moment(_show),
    ),
    Endpoint(
        method="POST",
        path=f"{_MODELS}/{{model}}",
        operation="updateCatalogModel",
        summary="Change what is known of a model.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        body=ChangedModel,
        answer=NamedModelAnswer,
        act=_change,
        show=_shown,
    ),
    Endpoint(
        method="DELETE",
        path=f"{_MODELS}/{{model}}",
        operation="removeCatalogModel",
        summary="Remove a model and its aliases; the answer is as it was.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        answer=ModelAnswer,
        act=_remove,
        show=_removed,
    ),
    Endpoint(
        method="GET",
        path=f"{ROOT}/catalog/suppressed",
        operation="listSuppressed",
        summary="List the models and aliases that were removed although others list them.",
        scope=Scope.READ,
        query=MomentQuery,
        answer=DatedList[SuppressedAnswer],
        read=at_moment(_suppressed),
    ),
)

"""What is done to several models at once, all or none: ``/v1/organizations/catalog/deprecate`` and the like."""

from collections.abc import Callable
from typing import Final

from pydantic import Field

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.alias import Alias
from callsheet.domain.model import RetirementPrecision
from callsheet.http.admin.catalog.answers import IdsAnswer, NamedModelAnswer, OutcomeAnswer, ReleasedAnswer
from callsheet.http.admin.endpoint import ROOT, Act, Answer, Asked, ChangeQuery, Doing, Endpoint, Input
from callsheet.http.admin.plain import Reader, instants
from callsheet.service.catalog import CatalogService, ModelWithAliases, Outcome
from callsheet.service.counts import count_models
from callsheet.service.records import model_record, outcome_record
from callsheet.storage.transactions.read import ReadTransaction

_TIMES: Final = ("deprecated_at", "retires_at")


class Nothing(Input):
    """Nothing more needs saying."""


class Deprecation(Input):
    """How a model is deprecated."""

    deprecated_at: str | None = Field(
        None, description="Since when: a day or an RFC 3339 time; now if it is left out."
    )
    retires_at: str | None = Field(None, description="Planned retirement: a day or an RFC 3339 time.")
    retirement_precision: RetirementPrecision | None = Field(None, strict=False, description="What the date means.")
    retires_itself: bool | None = Field(None, description="Whether a server retires it on its date.")
    replacement: str | None = Field(None, description="The id of the model to move to.")


class Retirement(Input):
    """How a model is retired."""

    retires_at: str | None = Field(
        None,
        description="Since when: a day or an RFC 3339 time. If it is left out, its planned date if that has "
        "passed, else now.",
    )


class Named(Input):
    """Which models."""

    models: list[str] = Field(min_length=1, description="Ids, and globs on ids such as claude-fable-*.")


class NamedDeprecation(Named, Deprecation):
    """Which models, and how they are deprecated."""


class NamedRetirement(Named, Retirement):
    """Which models, and how they are retired."""


class NamedRemoval(Named):
    """Which models go."""

    globs: bool = Field(True, description="Whether names may be globs; if not, every one is an id.")


class Release(Input):
    """Which fields are released."""

    fields: list[str] = Field(default_factory=list, description="Of a model, only these; all if none is named.")


def _deprecate(catalog: CatalogService, names: list[str], body: Input) -> Outcome:
    wanted = instants(body.model_dump(include=set(Deprecation.model_fields)), _TIMES)
    return catalog.deprecate(*names, **wanted)


def _retire(catalog: CatalogService, names: list[str], body: Input) -> Outcome:
    return catalog.retire(*names, **instants(body.model_dump(include=set(Retirement.model_fields)), _TIMES))


#: Verb, what it does for people, the bodies for one model and for several, and what it is done by.
_VERBS: Final[
    tuple[tuple[str, str, type[Input], type[Named], Callable[[CatalogService, list[str], Input], Outcome]], ...]
] = (
    ("deprecate", "Deprecate", Deprecation, NamedDeprecation, _deprecate),
    ("retire", "Retire", Retirement, NamedRetirement, _retire),
    ("hide", "Leave out of lists", Nothing, Named, lambda catalog, names, _body: catalog.hide(*names)),
    ("unhide", "Put back into lists", Nothing, Named, lambda catalog, names, _body: catalog.unhide(*names)),
)


def _one(do: Callable[[CatalogService, list[str], Input], Outcome]) -> Act:
    return lambda doing, asked: do(doing.catalog, [asked.ids["model"]], asked.body)


def _several(do: Callable[[CatalogService, list[str], Input], Outcome]) -> Act:
    return lambda doing, asked: do(doing.catalog, asked.body.models, asked.body)


def _remove(doing: Doing, asked: Asked) -> Outcome:
    return doing.catalog.remove(*asked.body.models, globs=asked.body.globs)


def _release(doing: Doing, asked: Asked) -> ModelWithAliases | Alias | None:
    return doing.catalog.release(asked.ids["model"], asked.body.fields)


def _first(_reading: ReadTransaction, _asked: Asked, outcome: Outcome) -> Answer:
    return model_record(outcome.models[0])


def _all(reading: ReadTransaction, _asked: Asked, outcome: Outcome) -> Answer:
    return outcome_record(outcome, count_models(reading))


def _released(_reading: ReadTransaction, _asked: Asked, item: ModelWithAliases | Alias | None) -> Answer:
    return {
        "model": model_record(item) if isinstance(item, ModelWithAliases) else None,
        "alias": item.record() if isinstance(item, Alias) else None,
    }


def _choose(reading: ReadTransaction, asked: Asked) -> Answer:
    return {"data": list(Reader(reading, asked).catalog.choose(*asked.body.models))}


LIFECYCLE: Final = (
    *(
        Endpoint(
            method="POST",
            path=f"{ROOT}/catalog/models/{{model}}/{verb}",
            operation=f"{verb}CatalogModel",
            summary=f"{words} one model, by id or glob.",
            scope=Scope.CATALOG,
            query=ChangeQuery,
            body=one,
            answer=NamedModelAnswer,
            act=_one(do),
            show=_first,
        )
        for verb, words, one, _, do in _VERBS
    ),
    *(
        Endpoint(
            method="POST",
            path=f"{ROOT}/catalog/{verb}",
            operation=f"{verb}CatalogModels",
            summary=f"{words}: all models that are named, or none.",
            scope=Scope.CATALOG,
            query=ChangeQuery,
            body=several,
            answer=OutcomeAnswer,
            act=_several(do),
            show=_all,
        )
        for verb, words, _, several, do in _VERBS
    ),
    Endpoint(
        method="POST",
        path=f"{ROOT}/catalog/remove",
        operation="removeCatalogModels",
        summary="Remove all models that are named, and their aliases, or none.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        body=NamedRemoval,
        answer=OutcomeAnswer,
        act=_remove,
        show=_all,
    ),
    Endpoint(
        method="POST",
        path=f"{ROOT}/catalog/models/{{model}}/release",
        operation="releaseCatalogModel",
        summary="Drop what people said of a model or an alias, so that what others say shows again.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        body=Release,
        answer=ReleasedAnswer,
        act=_release,
        show=_released,
    ),
    Endpoint(
        method="POST",
        path=f"{ROOT}/catalog/choose",
        operation="chooseCatalogModels",
        summary="Return the ids of the models that ids and globs mean; nothing is changed.",
        scope=Scope.READ,
        body=Named,
        answer=IdsAnswer,
        read=_choose,
    ),
)

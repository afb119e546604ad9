"""Aliases and change records: ``/v1/organizations/catalog/aliases`` and ``/changes``."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Action, Subject
from callsheet.domain.errors import DoesNotExistError
from callsheet.http.admin.catalog.answers import AliasAnswer, ChangeAnswer, DatedAliasAnswer
from callsheet.http.admin.endpoint import ROOT, Answer, Asked, ChangeQuery, Doing, Endpoint, Input, PageQuery
from callsheet.http.admin.fingerprints import seen
from callsheet.http.admin.moments import (
    MOMENT,
    DatedPage,
    MomentPageQuery,
    MomentQuery,
    at_moment,
    cut_sorted,
    moment_field,
    moment_of,
)
from callsheet.http.admin.plain import AnyReading, Page, Reader, cut_of, number_of, page
from callsheet.service.history import ChangesFilter, Since, choose_changes
from callsheet.service.moments.reading import MomentReading
from callsheet.storage.transactions.read import ReadTransaction

_ALIASES: Final = f"{ROOT}/catalog/aliases"


class NewAlias(Input):
    """An alias to add."""

    alias: str
    model_id: str


class ChangesQuery(PageQuery):
    """Which change records."""

    subject: str | None = Field(
        None, description="Only those of what has, or ever had, this id or name: a model, an alias, a workspace, …"
    )
    actor: str | None = Field(None, description="Only those by this actor.")
    kind: Subject | None = Field(None, description="Only those of this kind of thing.")
    action: Action | None = Field(None, description="Only those that did this.")
    revision: int | None = Field(
        None, ge=0, lt=2**63, description="Only those of the transaction with this number."
    )
    since: str | None = moment_field(None, alias="from", description=f"Only those after this moment. {MOMENT}")
    until: str | None = moment_field(None, alias="to", description=f"Only those up to this moment. {MOMENT}")


def _list(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    if isinstance(reading, MomentReading):
        meant = reading.aliases()
        names, has_more = cut_sorted(sorted(meant), asked.query)
        return page([Alias(each, meant[each]).record() for each in names], "alias", has_more=has_more)
    rows, has_more = reading.page_of_aliases(cut_of(asked.query))
    return page([Alias(*row).record() for row in rows], "alias", has_more=has_more)


def _show(reading: AnyReading, asked: Asked) -> Mapping[str, Any]:
    alias = asked.ids["alias"]
    model_id = reading.aliases([alias]).get(alias)
    if model_id is None:
        raise DoesNotExistError(f"There is no alias {alias!r}.")
    return Alias(alias, model_id).record()


def _add(doing: Doing, asked: Asked) -> Alias:
    return doing.catalog.alias(asked.body.alias, asked.body.model_id)


def _drop(doing: Doing, asked: Asked) -> Alias:
    return doing.catalog.unalias(asked.ids["alias"])


def _shown(_reading: ReadTransaction, _asked: Asked, alias: Alias) -> Answer:
    return alias.record()


def _changes(reading: ReadTransaction, asked: Asked) -> Answer:
    query: ChangesQuery = asked.query
    since, until = (
        None if text is None else Since(moment_of(text, asked, name), asked.now)
        for name, text in (("from", query.since), ("to", query.until))
    )
    wanted = ChangesFilter(query.actor, query.kind, query.action, query.revision, since, until)
    chosen = choose_changes(reading, Reader(reading, asked).history.subjects(query.subject, query.kind), wanted)
    rows, has_more = reading.page_of_changes(cut_of(query, number_of), chosen)
    return page([seen(asked, row.record()) for row in rows], "number", has_more=has_more)


def _change(reading: ReadTransaction, asked: Asked) -> Answer:
    number = asked.ids["number"]
    wanted = number_of(number, "number") if number.isdecimal() else 0
    found = reading.page_of_changes(cut_of(PageQuery(limit=1, after_id=str(wanted + 1)), number_of)).rows
    if not found or found[0].number != wanted:
        raise DoesNotExistError(f"There is no change {number!r}.")
    shown: Answer = seen(asked, found[0].record())
    return shown


ALIASES: Final = (
    Endpoint(
        method="GET",
        path=_ALIASES,
        operation="listAliases",
        summary="List all aliases by name.",
        scope=Scope.READ,
        query=MomentPageQuery,
        answer=DatedPage[AliasAnswer],
        read=at_moment(_list),
    ),
    Endpoint(
        method="POST",
        path=_ALIASES,
        operation="createAlias",
        summary="Let an alias mean a model.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        body=NewAlias,
        answer=AliasAnswer,
        act=_add,
        show=_shown,
    ),
    Endpoint(
        method="GET",
        path=f"{_ALIASES}/{{alias}}",
        operation="retrieveAlias",
        summary="Show which model an alias means.",
        scope=Scope.READ,
        query=MomentQuery,
        answer=DatedAliasAnswer,
        read=at_moment(_show),
    ),
    Endpoint(
        method="DELETE",
        path=f"{_ALIASES}/{{alias}}",
        operation="removeAlias",
        summary="Drop an alias; the answer is as it was.",
        scope=Scope.CATALOG,
        query=ChangeQuery,
        answer=AliasAnswer,
        act=_drop,
        show=_shown,
    ),
)

CHANGES: Final = (
    Endpoint(
        method="GET",
        path=f"{ROOT}/catalog/changes",
        operation="listChanges",
        summary="List what was changed, when and by whom, latest first.",
        scope=Scope.READ,
        query=ChangesQuery,
        answer=Page[ChangeAnswer],
        read=_changes,
    ),
    Endpoint(
        method="GET",
        path=f"{ROOT}/catalog/changes/{{number}}",
        operation="retrieveChange",
        summary="Show one change.",
        scope=Scope.READ,
        answer=ChangeAnswer,
        read=_change,
    ),
)

"""What clients show of a list, and the configuration of those that ask for none: ``/v1/organizations/clients``."""

from typing import Any, Final

from pydantic import BaseModel, Field

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.query import MAX_LIMIT, MIN_LIMIT
from callsheet.http.admin.catalog.explaining import explainer_of
from callsheet.http.admin.endpoint import ROOT, Asked, Endpoint
from callsheet.http.admin.moments import Dated, DatedList, MomentQuery, at_moment
from callsheet.http.admin.plain import AnyReading
from callsheet.service.clients.base_url import read_base_url
from callsheet.service.clients.export import ConfiguredClient, config_files, offered_models
from callsheet.service.explain.explainer import Explainer, Listed
from callsheet.service.explain.words import why

_CLIENTS: Final = f"{ROOT}/clients"

#: Models that clients are played on unless more are asked for, which takes longer.
_DEFAULT_PLAYED: Final = 200


class WhoseQuery(MomentQuery):
    """Whose list."""

    key: str | None = Field(None, description="Id or name of the key that asks.")
    workspace: str | None = Field(
        None,
        description="Id or name of a workspace; with a key, the one that the request names. Without either, the "
        "default workspace.",
    )


class ViewsQuery(WhoseQuery):
    """Whose list, how much of it, and which clients."""

    client: list[str] | None = Field(None, description="Only these, such as claude-code; all if it is left out.")
    limit: int = Field(
        _DEFAULT_PLAYED,
        ge=MIN_LIMIT,
        le=MAX_LIMIT,
        description="Models of the list that are looked at, from its beginning.",
    )


class StepsQuery(WhoseQuery):
    """Which model, and whose list."""

    model: str = Field(description="Id or alias of a model.")


class ConfigurationQuery(WhoseQuery):
    """Whose models are offered, and where."""

    url: str = Field(description="Where the client sends messages, such as https://gateway.example.")
    limit: int = Field(
        MAX_LIMIT,
        ge=MIN_LIMIT,
        le=MAX_LIMIT,
        description="Models that are offered, from the list's beginning.",
    )


class ViewAnswer(BaseModel):
    """What some versions of a client show of a list."""

    client: str
    title: str
    versions: str = Field(description="Which of its versions; empty for all.")
    listed: int
    shown: list[dict[str, str]] | None = Field(description="Each with id and name; null if it gets no list.")
    left_out: list[dict[str, Any]] = Field(description="The others by reason, each with why, advice and ids.")


class Whose(Dated):
    """Whose list it is."""

    subject: dict[str, Any] = Field(description="The key or the workspace, as explain has it.")
    refusal: dict[str, Any] | None = Field(description="The check that refuses the key; null if it is not refused.")
    why: str | None = Field(description="Why the key is refused, as the rest of a sentence; null if it is not.")
    listed: int = Field(description="How many models were looked at.")
    has_more: bool = Field(description="Whether more are listed.")


class ViewsAnswer(Whose):
    """What each client shows."""

    model_ids: list[str] = Field(description="The models that were looked at, in the order of the list.")
    data: list[ViewAnswer]


class StepAnswer(BaseModel):
    """Whether some versions of a client show one model."""

    client: str
    title: str
    versions: str
    shows: bool
    name: str = Field(description="What it is called there; empty if it is not shown.")
    why: str
    advice: str


class FileAnswer(BaseModel):
    """A file of a client's configuration."""

    name: str
    text: str


class ConfigurationAnswer(Whose):
    """The files with which a client offers these models."""

    files: list[FileAnswer]


def _views(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    from callsheet.service.clients.playing import views_for  # it brings the doctor, which takes long to import

    query: ViewsQuery = asked.query
    explainer = explainer_of(reading, asked)
    played = views_for(
        explainer, query.key, query.workspace, asked.now, clients=query.client or (), most=query.limit
    )
    return {
        **_whose(explainer, played.listed),
        "model_ids": [model.id for model in played.listed.models],
        "data": [each.record() for each in played.views],
    }


def _steps(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    from callsheet.service.clients.playing import steps_for

    query: StepsQuery = asked.query
    steps = steps_for(explainer_of(reading, asked), query.model, query.key, query.workspace, asked.now)
    return {"data": [step.record() for step in steps]}


def _configuration(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    query: ConfigurationQuery = asked.query
    client, url = ConfiguredClient.named(asked.ids["client"]), read_base_url(query.url, "url")
    explainer = explainer_of(reading, asked)
    listed = explainer.listed_for(query.key, query.workspace, query.limit)
    whose = _whose(explainer, listed)
    models = offered_models(listed, whose["why"])
    return {**whose, "files": [each._asdict() for each in config_files(client, models, url)]}


def _whose(explainer: Explainer, listed: Listed) -> dict[str, Any]:
    refusal = listed.refusal
    return {
        "subject": listed.subject.record(),
        "refusal": None if refusal is None else refusal.record(),
        "why": None if refusal is None else why(listed.subject, refusal, explainer.workspace_name),
        "listed": len(listed.models),
        "has_more": listed.has_more,
    }


CLIENTS: Final = (
    Endpoint(
        method="GET",
        path=_CLIENTS,
        operation="listClientViews",
        summary="What known clients show of the list of a key or a workspace, and why not the rest.",
        scope=Scope.READ,
        query=ViewsQuery,
        answer=ViewsAnswer,
        read=at_moment(_views),
    ),
    Endpoint(
        method="GET",
        path=f"{_CLIENTS}/steps",
        operation="listClientSteps",
        summary="Whether each known client shows one model where it is listed, and under which name.",
        scope=Scope.READ,
        query=StepsQuery,
        answer=DatedList[StepAnswer],
        read=at_moment(_steps),
    ),
    Endpoint(
        method="GET",
        path=f"{_CLIENTS}/{{client}}/configuration",
        operation="exportForClient",
        summary="The configuration of claude-code, opencode or codex, with the models of a key or a workspace.",
        scope=Scope.READ,
        query=ConfigurationQuery,
        answer=ConfigurationAnswer,
        read=at_moment(_configuration),
    ),
)

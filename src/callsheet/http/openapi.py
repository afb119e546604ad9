"""``GET /openapi.json``: the public API described by the types it is written with."""

from functools import lru_cache
from typing import Any, Final, Literal

from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from callsheet._version import __version__
from callsheet.api.state import Options
from callsheet.domain.model import MAX_ID_LENGTH, Lifecycle
from callsheet.domain.query import MAX_LIMIT, MIN_LIMIT
from callsheet.http.paths import ExactRoute
from callsheet.wire import anthropic, openai

Schema = dict[str, Any]

_REF: Final = "#/components/schemas/"


class Health(BaseModel):
    """The process is up."""

    status: str


class SourceHealth(BaseModel):
    """How a source is. The last good list is served, however old it is."""

    outcome: Literal["unchanged", "applied", "quarantined", "failed"] | None = Field(
        description="How its last run ended; null if it has not run."
    )
    age_seconds: float = Field(description="Since a run last ended well.")
    waiting: bool = Field(description="Whether a list, or new models, wait for a person.")
    paused: bool = Field(description="Whether it is run only on demand.")


class CatalogHealth(BaseModel):
    """How it stands with the catalogue files of the setting catalog. What was applied last is served."""

    status: Literal["ok", "waiting", "failing"]
    applied_at: str | None = Field(description="When everything was last as they say; null if it never was.")
    faults: int = Field(description="Faults in the files; the log names them.")


class Readiness(BaseModel):
    """Whether the process should be asked, and what it answers from."""

    status: Literal["ok", "degraded", "starting", "stopping"]
    revision: int | None = Field(description="Counts the changes of the installation; null if none is known.")
    age_seconds: float | None = Field(description="Since the state was last known to be that of the database.")
    database: Literal["up", "away", "foreign", "unfit", "older"]
    models: int = Field(description="Models in the catalogue, retired and hidden ones too.")
    sources: dict[str, SourceHealth] | None = Field(None, description="By name, if there are any.")
    lists_from: list[str] | None = Field(
        None,
        description="Marks of the installations that the list comes through, if any.",
    )
    catalog: CatalogHealth | None = Field(None, description="Of the catalogue files, if any are followed.")


_TYPES: Final[tuple[type[BaseModel], ...]] = (
    anthropic.ClassicModelInfo,
    anthropic.ModelInfo,
    anthropic.ModelPage,
    anthropic.ErrorEnvelope,
    openai.OpenAIModel,
    openai.OpenAIModelList,
    openai.OpenAIErrorEnvelope,
    Health,
    Readiness,
)

_ERRORS: Final = {
    "400": "The request is malformed.",
    "401": "No valid credential.",
    "403": "The workspace is not available to this key.",
    "405": "Only GET and HEAD are answered.",
    "408": "The request took too long to arrive.",
    "413": "The body is too large.",
    "414": "The URL is too long.",
    "429": "Asked too often; retry-after says when to come back.",
    "431": "The headers are too large.",
    "500": "Something unexpected happened.",
    "529": "Too many connections, or nothing known yet to answer from; come again.",
}


def openapi_routes(options: Options) -> list[ExactRoute]:
    """Return ``GET /openapi.json``."""

    async def openapi(_request: Request) -> Response:
        return JSONResponse(describe(options))

    return [ExactRoute("/openapi.json", openapi)]


@lru_cache(maxsize=8)
def describe(options: Options) -> Schema:
    """Return the OpenAPI 3.1 description of the public API as ``options`` make it."""
    _, components = models_json_schema([(each, "serialization") for each in _TYPES], ref_template=_REF + "{model}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Callsheet Models API",
            "version": __version__,
            "description": "Which models a client may use, in Anthropic's shape and in OpenAI's.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"apiKey": []}, {"bearer": []}],
        "paths": {
            "/v1/models": {"get": _list(options)},
            "/v1/models/{model_id}": {"get": _retrieve(options)},
            "/healthz": {"get": _open("healthz", "Is the process up?", "Health")},
            "/readyz": {"get": _open("readyz", "Should it be asked?", "Readiness", {"503": "No."})},
            "/metrics": {"get": _metrics()},
        },
        "components": {
            "schemas": components["$defs"],
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "parameters": _headers(options),
        },
    }


def _list(options: Options) -> Schema:
    cursor = {"type": "string", "minLength": 1}
    return {
        "operationId": "listModels",
        "summary": "List models, newest first",
        "parameters": [
            _query("after_id", cursor, "The models directly after this id or alias."),
            _query("before_id", cursor, "The models adjacent to and before this id or alias."),
            _query(
                "limit",
                {
                    "type": "integer",
                    "minimum": MIN_LIMIT,
                    "maximum": MAX_LIMIT,
                    "default": options.default_limit,
                },
                "Models on the page.",
            ),
            _query(
                "lifecycle[]",
                {
                    "type": "array",
                    "items": {"enum": [lifecycle.value for lifecycle in Lifecycle]},
                    "minItems": 1,
                    "maxItems": len(Lifecycle),
                },
                "The lifecycles listed; active and deprecated if not given.",
            ),
            *_header_references(options),
        ],
        "responses": _responses(("ModelPage", "OpenAIModelList")),
    }


def _retrieve(options: Options) -> Schema:
    return {
        "operationId": "retrieveModel",
        "summary": "Retrieve one model by id or alias",
        "parameters": [
            {
                "name": "model_id",
                "in": "path",
                "required": True,
                "description": "Any printable characters, slashes among them; percent-encoded UTF-8, or raw.",
                "schema": {"type": "string", "minLength": 1, "maxLength": MAX_ID_LENGTH},
            },
            *_header_references(options),
        ],
        "responses": _responses(
            ("ModelInfo", "ClassicModelInfo", "OpenAIModel"), {"404": "No such model for this key."}
        ),
    }


def _open(operation: str, summary: str, schema: str, more: dict[str, str] | None = None) -> Schema:
    answers = {"200": "Yes.", **(more or {})}
    return {
        "operationId": operation,
        "summary": summary,
        "security": [],
        "responses": {status: _json(text, {"$ref": _REF + schema}) for status, text in answers.items()},
    }


def _metrics() -> Schema:
    text = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "operationId": "metrics",
        "summary": "What has it done so far? In Prometheus' text format",
        "security": [],
        "responses": {"200": {"description": "The figures of all its workers.", "content": text}},
    }


def _responses(schemas: tuple[str, ...], more: dict[str, str] | None = None) -> Schema:
    error = {"anyOf": [{"$ref": _REF + "ErrorEnvelope"}, {"$ref": _REF + "OpenAIErrorEnvelope"}]}
    return {
        "200": _json("As asked.", {"anyOf": [{"$ref": _REF + name} for name in schemas]}),
        "304": {"description": "The caller has it already (If-None-Match)."},
        **{status: _json(text, error) for status, text in {**_ERRORS, **(more or {})}.items()},
    }


def _json(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _query(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


def _headers(options: Options) -> Schema:
    versions = sorted(version.decode("latin-1") for version in options.versions)
    return {
        "version": {
            "name": "anthropic-version",
            "in": "header",
            "required": True,
            "description": "Required; a request with Bearer and without it is that of an OpenAI client, if those "
            "are let in, and is answered in OpenAI's shapes.",
            "schema": {"enum": versions},
        },
        "beta": {
            "name": "anthropic-beta",
            "in": "header",
            "description": "Betas, separated by commas.",
            "schema": {"type": "string"},
        },
        "workspace": {
            "name": "anthropic-workspace-id",
            "in": "header",
            "description": "The workspace asked about, for keys that can use more than one.",
            "schema": {"type": "string"},
        },
    }


def _header_references(options: Options) -> list[Schema]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in _headers(options)]

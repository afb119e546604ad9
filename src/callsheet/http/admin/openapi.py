"""The description of the Admin API in OpenAPI 3.1, made from its endpoints and their types."""

import re
from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from callsheet.http.admin.asking import MAX_IDEMPOTENCY_KEY_CHARACTERS, MAX_REASON_CHARACTERS
from callsheet.http.admin.endpoint import Endpoint
from callsheet.http.admin.errors import ErrorEnvelope

Schema = dict[str, Any]

_REF: Final = "#/components/schemas/"

_SENTENCES: Final = {
    400: "Malformed, or not valid.",
    401: "No admin key that works.",
    403: "The admin key lacks the scope.",
    404: "There is no such thing.",
    405: "The path has no such method.",
    408: "The request took too long to arrive.",
    409: "It contradicts what exists, or the Idempotency-Key was sent with another request.",
    412: "The revision is not one that If-Match names.",
    413: "The body is too large.",
    414: "The URL is too long.",
    415: "The body is not JSON.",
    431: "The headers are too large.",
    429: "Asked too often; retry-after says when to come back.",
    500: "Something unexpected happened.",
    529: "The database is away, or too many requests are under way; come again.",
}


def describe_admin(endpoints: Sequence[Endpoint]) -> Schema:
    """Return the description of ``endpoints``."""
    sent = {each.body for each in endpoints if each.body is not None}
    answered: set[type[BaseModel]] = {ErrorEnvelope, *(each.answer for each in endpoints)}
    types: list[tuple[type[BaseModel], str]] = [(each, "validation") for each in sent]
    types += [(each, "serialization") for each in answered]
    types.sort(key=lambda each: (each[0].__name__, each[0].__module__))
    names, components = models_json_schema(types, ref_template=_REF + "{model}")  # type: ignore[arg-type]
    paths: Schema = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _call(endpoint, names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Callsheet Admin API",
            "version": "1",
            "description": "Administration by program: organization, workspaces and keys, as Anthropic's SDKs call "
            "them, and what Callsheet adds.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"apiKey": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": components["$defs"],
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _call(endpoint: Endpoint, names: Any) -> Schema:
    call: Schema = {
        "operationId": endpoint.operation,
        "summary": endpoint.summary,
        "description": f"Scope: {endpoint.scope}.",
        "parameters": [*_path(endpoint), *_query(endpoint), *_headers(endpoint)],
        "responses": _responses(endpoint, names),
    }
    if endpoint.body is not None:
        needed = any(field.is_required() for field in endpoint.body.model_fields.values())
        call["requestBody"] = {"required": needed, "content": _content(names[endpoint.body, "validation"])}
    return call


def _path(endpoint: Endpoint) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"\{(\w+)\}", endpoint.path)
    ]


def _query(endpoint: Endpoint) -> list[Schema]:
    described = endpoint.query.model_json_schema()
    parameters = []
    for name, found in described.get("properties", {}).items():
        schema = {key: value for key, value in found.items() if key not in ("title", "description")}
        options = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
        if len(options) == 1:  # absent rather than null
            schema = options[0]
        if name in endpoint.query.nullable:  # which is written as nothing behind the name
            schema = {"anyOf": [schema, {"const": ""}]}
        is_list = schema.get("type") == "array"
        parameters.append(
            {
                "name": f"{name}[]" if is_list else name,
                "in": "query",
                "required": name in described.get("required", ()),
                "schema": schema,
                **({"description": found["description"]} if "description" in found else {}),
                **({"style": "form", "explode": True} if is_list else {}),
            }
        )
    return parameters


def _headers(endpoint: Endpoint) -> list[Schema]:
    headers: list[tuple[str, str, Schema]] = [
        ("if-match", "Do it only at this revision: the etag of an answer.", {"type": "string"})
    ]
    if endpoint.changes:
        headers += [
            (
                "idempotency-key",
                "The same request with the same key is done once, and answered as the first time, without secrets.",
                {"type": "string", "minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY_CHARACTERS},
            ),
            (
                "x-callsheet-reason",
                "Why, for the record of changes.",
                {"type": "string", "maxLength": MAX_REASON_CHARACTERS},
            ),
        ]
    return [
        {"name": name, "in": "header", "required": False, "description": text, "schema": schema}
        for name, text, schema in headers
    ]


def _responses(endpoint: Endpoint, names: Any) -> Schema:
    answer: Schema = names[endpoint.answer, "serialization"]
    if endpoint.changes:
        answer = {"anyOf": [answer, {"type": "object", "description": "The plan, of a dry run."}]}
    found: Schema = {
        str(endpoint.status): {
            "description": "As asked.",
            "headers": {"etag": {"description": "The revision, in quotes.", "schema": {"type": "string"}}},
            "content": _content(answer),
        }
    }
    return found | {
        str(status): {"description": _SENTENCES[status], "content": _content({"$ref": f"{_REF}ErrorEnvelope"})}
        for status in _SENTENCES
    }


def _content(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}

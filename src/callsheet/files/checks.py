"""Checks: what is wrong with the values of an entry, each by itself and together."""

import operator
from collections.abc import Iterator
from typing import Final

from callsheet.domain.access.names import check_name
from callsheet.domain.access.visibility import Visibility, check_pattern, check_patterns
from callsheet.domain.claims.manager import check_manager_name
from callsheet.domain.claims.values import checked_fields
from callsheet.domain.edits import check_texts
from callsheet.domain.errors import InvalidError
from callsheet.domain.manifest import Collection, Entry
from callsheet.domain.model import Model, check_id
from callsheet.domain.times import parse_instant
from callsheet.files.fields import SHAPES

_TEXTS: Final = ("display_name", "description", "source")
_OF_RETIREMENTS: Final = ("deprecated_at", "retires_at", "retirement_precision")


def wrong_with(collection: Collection, entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield everything that is wrong with an entry: the field, and a clause that says what would be right."""
    subject = SHAPES[collection].subject
    try:
        _check_subject(collection, entry.subject)
    except InvalidError as error:
        yield subject, _clause(error)
    if entry.was == entry.subject:
        yield "was", "it is the present name; leave it out, or name the earlier one"
    match collection:
        case Collection.MODELS:
            yield from _wrong_with_model(entry)
        case Collection.ALIASES:
            yield from _wrong_with_alias(entry)
        case Collection.WORKSPACES:
            yield from _wrong_with_workspace(entry)
        case Collection.KEYS:
            yield from _wrong_with_key(entry)
        case Collection.SOURCES:
            pass


def _check_subject(collection: Collection, subject: str) -> None:
    match collection:
        case Collection.MODELS:
            check_id(subject)
        case Collection.ALIASES:
            check_id(subject, "An alias")
        case Collection.WORKSPACES:
            check_name(subject, "A workspace name")
        case Collection.KEYS:
            check_name(subject, "A key name")
        case Collection.SOURCES:
            check_manager_name(subject, "source")


def _wrong_with_model(entry: Entry) -> Iterator[tuple[str, str]]:
    wrong = dict(_wrong_values(entry))
    yield from wrong.items()
    if entry.listed is False and (entry.fields or entry.was):
        yield "listed", "a model that is not to exist has no other fields; leave them out, or say listed: others"
    given = [name for name in _OF_RETIREMENTS if entry.fields.get(name) is not None]
    if wrong or not given:
        return
    dates = [parse_instant(entry.fields[name]) for name in given if name.endswith("_at")]
    if entry.fields.get("lifecycle") == "active":
        yield given[0], "an active model has none; leave it out, or change lifecycle"
    elif len(dates) > 1 and operator.gt(*dates):
        yield "retires_at", "it must not be before deprecated_at"


def _wrong_values(entry: Entry) -> Iterator[tuple[str, str]]:
    for name, value in entry.fields.items():
        try:
            checked_fields(entry.subject, {name: value})
            if name in _TEXTS and value is not None:
                check_texts(Model(**{"id": entry.subject, "display_name": entry.subject, name: value}))
        except InvalidError as error:
            yield name, _clause(error)


def _wrong_with_alias(entry: Entry) -> Iterator[tuple[str, str]]:
    target = entry.fields.get("model_id")
    if entry.listed is None:
        yield "listed", "of an alias it must be true or false"
    elif target is None and entry.listed:
        yield "model_id", "it is missing; name the model that the alias means"
    elif target is not None and not entry.listed:
        yield "model_id", "an alias that is not to exist means no model; leave it out"
    elif target == entry.subject:
        yield "model_id", "an alias cannot mean itself"


def _wrong_with_workspace(entry: Entry) -> Iterator[tuple[str, str]]:
    for name in ("allow", "deny"):
        for pattern in entry.fields.get(name, ()):
            try:
                check_pattern(pattern)
            except InvalidError as error:
                yield name, _clause(error)
    try:
        check_patterns(Visibility(tuple(entry.fields.get("allow", ())), tuple(entry.fields.get("deny", ()))))
    except InvalidError as error:
        yield "", _clause(error)


def _wrong_with_key(entry: Entry) -> Iterator[tuple[str, str]]:
    if len({"secret_sha256", "secret_env"} & entry.fields.keys()) != 1:
        yield "secret_sha256", "give either secret_sha256 or secret_env, one of them"
    if entry.fields.get("organization") and "workspace" in entry.fields:
        yield "workspace", "a key of the organization is in no workspace; say one"


def _clause(error: InvalidError) -> str:
    return str(error).rstrip(".")

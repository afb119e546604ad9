"""Catalogues for the double: the built-in one, a recorded list, or a few models written down in a test."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from callsheet.domain.catalog import Catalog
from callsheet.domain.claims.claims import SAME_AS
from callsheet.domain.edits import ClaimFields
from callsheet.domain.errors import InvalidError
from callsheet.domain.model import LIFECYCLES, MODEL_FIELDS, PRECISIONS, Model, check_id
from callsheet.service.builtin import builtin_catalog
from callsheet.testing.clock import read_instant
from callsheet.testing.fitting import fit_model, read_aliases
from callsheet.wire import field_names
from callsheet.wire.pages import UnreadableModel, id_names_of
from callsheet.wire.reading import make_model, read_row, shown_id, why_unreadable
from callsheet.wire.rows import LIST_NAMES, UnreadableError, take_apart

#: A model in a test: its id, its fields by name (such as a recorded ModelInfo), or a `Model`.
ModelSource: TypeAlias = str | Mapping[str, Any] | Model

#: None is the built-in catalogue; text and paths name a JSON file; a mapping is an answer, recorded or written.
CatalogSource: TypeAlias = str | Path | Mapping[str, Any] | Iterable[ModelSource] | None

_TIMES: Final = ("created_at", "deprecated_at", "retires_at")
_TEXTS: Final = ("id", "replacement")


#: What can be said of a model beside its id. Times may be text: RFC 3339, or a day.
Fields: TypeAlias = ClaimFields[datetime | str, str, str]


def read_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of a model as the domain has them.

    Raises
    ------
    InvalidError
        A model has no such field, a time is not valid, or an id is not text.
    """
    fields = dict(given)
    for name in fields:
        if name not in MODEL_FIELDS and name != SAME_AS:
            raise InvalidError(f"{name} is not a field of a model; the fields are {', '.join(MODEL_FIELDS)}.")
    for name in _TIMES:
        if fields.get(name) is not None:
            fields[name] = read_instant(fields[name], name)
    if isinstance(lifecycle := fields.get("lifecycle"), str):
        fields["lifecycle"] = LIFECYCLES.get(lifecycle, lifecycle)  # the model refuses an unknown one
    if isinstance(precision := fields.get("retirement_precision"), str):
        fields["retirement_precision"] = PRECISIONS.get(precision, precision)
    for name in _TEXTS:
        if not isinstance(fields.get(name, ""), str | None):
            raise InvalidError(f"{name} must be text.")
    return fields


class Loaded(NamedTuple):
    """A catalogue, and the entries of its source that it cannot hold."""

    catalog: Catalog
    unreadable: tuple[UnreadableModel, ...] = ()


def read_catalog(source: CatalogSource) -> Loaded:
    """Return the catalogue that ``source`` means.

    What a server answered is a file, or a mapping: ``GET /v1/models`` of any server, or what ``callsheet catalog
    list --json`` printed. It is read as the client reads it: a value that makes no sense is unknown, and an entry
    that the catalogue cannot hold is left out. Other iterables are written by hand: each field must be right.

    Raises
    ------
    InvalidError
        It is not a catalogue, or none of its entries is a model; the sentence names file, place and id.
    """
    if source is None:
        return Loaded(_builtin())
    if isinstance(source, str | Path):
        return _read_answer(_load(Path(source)), f"{source}: ")
    if isinstance(source, Mapping):
        return _read_answer(json.dumps(source, default=_as_json).encode(), "")
    if not isinstance(source, Iterable):
        raise InvalidError("A catalogue must be a list of models.")
    return _read_written(source)


@lru_cache(maxsize=1)
def _builtin() -> Catalog:
    models, aliases = builtin_catalog()
    return Catalog(models, aliases)


def _load(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidError(f"The catalogue {file} cannot be read: {error.strerror}.") from None


def _as_json(value: object) -> object:
    """What Python has and JSON does not, among the values of a model."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Model):
        return value.record()
    if isinstance(value, Mapping):
        return dict(value)
    raise InvalidError(f"A catalogue holds JSON values, not {type(value).__name__}.")


# --- what a server answered


def _read_answer(body: bytes, file: str) -> Loaded:
    try:
        listing = take_apart(body)
    except UnreadableError:
        which = f"The catalogue {file.removesuffix(': ')}".rstrip()
        raise InvalidError(f"{which} is not valid JSON{_place(body)}.") from None
    if listing.name is None and not any(name in listing.around for name in LIST_NAMES):
        raise InvalidError(f'{file}A catalogue is a list of models, or an object with such a list as "data".')
    if listing.name is None and not any(listing.around.get(name, "") is None for name in LIST_NAMES):
        raise InvalidError(f"{file}data must be a list of models.")
    known = _Known()
    id_names = id_names_of(listing)
    for number, row in enumerate(listing.rows):
        sent, reason = read_row(row, id_names)
        if isinstance(sent, str) and sent:
            sent, reason = {"id": sent}, ""
        reason = reason or known.take(sent, id_names)
        if reason:
            known.leave_out(number, sent, reason)
    if known.unreadable and not known.models:
        first = known.unreadable[0]
        raise InvalidError(f"{file}{listing.name}[{first.position}]{_quoted(first.id)}: {first.reason}.")
    return Loaded(Catalog(known.models.values(), known.rightful_aliases()), tuple(known.unreadable))


def _place(body: bytes) -> str:
    try:
        json.loads(body)
    except json.JSONDecodeError as error:
        return f": {error.msg} at line {error.lineno} column {error.colno}"
    except (ValueError, RecursionError) as error:
        return f": {error}"
    return ""


def _quoted(model_id: str | None) -> str:
    return "" if model_id is None else f" {model_id!r}"


class _Known:
    """What has been read of an answer so far."""

    def __init__(self) -> None:
        self.models: dict[str, Model] = {}
        self.unreadable: list[UnreadableModel] = []
        self._aliases: dict[str, str] = {}

    def take(self, sent: Mapping[str, Any], id_names: tuple[str, ...]) -> str:
        """Take a model and its aliases; return why it cannot be taken, empty if it is."""
        info = make_model(sent, id_names)
        if info.id in self.models:
            return "an earlier entry has the same id"
        try:
            self.models[info.id] = fit_model(info)
        except InvalidError as error:
            return str(error).rstrip(".")
        for alias in read_aliases(sent, info.id):
            self._aliases.setdefault(alias, info.id)
        return ""

    def leave_out(self, number: int, sent: object, reason: str) -> None:
        """Note that an entry is left out."""
        self.unreadable.append(UnreadableModel(number, shown_id(sent), reason))

    def rightful_aliases(self) -> dict[str, str]:
        """Return the aliases that are not the id of a model; such a model is the one that is meant."""
        return {alias: target for alias, target in self._aliases.items() if alias not in self.models}


# --- what is written by hand


def _read_written(source: Iterable[Any]) -> Loaded:
    models: dict[str, Model] = {}
    aliases: dict[str, str] = {}
    for number, row in enumerate(source):
        try:
            model, named = _read_model(row), _read_aliases(row)
            _check_new([check_id(model.id)], models)
            _check_new(named, aliases)
            models[model.id] = model
            aliases |= dict.fromkeys(named, model.id)
        except InvalidError as error:
            raise InvalidError(f"[{number}]{_quoted(shown_id(row))}: {error}") from None
    for alias in aliases.keys() & models.keys():
        raise InvalidError(f"{alias} is a model and an alias of {aliases[alias]}; it can be one of them.")
    return Loaded(Catalog(models.values(), aliases))


def _check_new(names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name in known:
            raise InvalidError(f"{name} is listed for the second time.")


def _read_model(row: object) -> Model:
    """The model that ``row`` is: our own fields must be right; those of other servers are read as a client does."""
    if isinstance(row, Model):
        return row
    given = {"id": row} if isinstance(row, str) else dict(row) if isinstance(row, Mapping) else {}
    if why_unreadable(given, field_names.ID_NAMES[:1]):
        raise InvalidError("a model must be an object with an id that is text.")
    read, understood = make_model(given, field_names.ID_NAMES[:1]), field_names.read_fields(given)
    fields = {name: getattr(read, name, None) for name in MODEL_FIELDS}
    fields |= {name: value for name, value in given.items() if name in fields and name not in understood and value}
    return Model(**read_fields({name: value for name, value in fields.items() if value is not None}))


def _read_aliases(row: object) -> list[str]:
    aliases = row.get("aliases") if isinstance(row, Mapping) else None
    if aliases is None:
        return []
    if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
        raise InvalidError("aliases must be a list of text.")
    return [check_id(alias, "An alias") for alias in aliases]

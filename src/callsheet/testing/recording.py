"""Catalogues for the double: the built-in one, a recorded list, or a few models written down in a test."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias, TypedDict

from callsheet.domain.catalog import Catalog
from callsheet.domain.errors import InvalidError
from callsheet.domain.model import MODEL_FIELDS, Lifecycle, Model, check_id
from callsheet.service.builtin import builtin_catalog
from callsheet.testing.clock import read_instant
from callsheet.wire.reading import UnreadableError, read_model

#: A model in a test: its id, its fields by name (such as a recorded ModelInfo), or a `Model`.
ModelSource: TypeAlias = str | Mapping[str, Any] | Model

#: None is the built-in catalogue; text and paths name a JSON file; a mapping is an answer, recorded or written.
CatalogSource: TypeAlias = str | Path | Mapping[str, Any] | Iterable[ModelSource] | None

_TIMES: Final = ("created_at", "deprecated_at", "retires_at")
_TEXTS: Final = ("id", "replacement")


class ModelFields(TypedDict, total=False):
    """What can be said of a model beside its id; see `Model`. Times may be text: RFC 3339, or a day."""

    display_name: str
    created_at: datetime | str
    line: str | None
    max_input_tokens: int | None
    max_tokens: int | None
    capabilities: Mapping[str, Any] | None
    lifecycle: str
    deprecated_at: datetime | str | None
    retires_at: datetime | str | None
    replacement: str | None
    description: str | None
    hidden: bool
    source: str | None


def read_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of a model as the domain has them.

    Raises
    ------
    InvalidError
        A field that models do not have, a time or lifecycle that is none, or what must be text and is not.
    """
    fields = dict(given)
    for name in fields:
        if name not in MODEL_FIELDS:
            raise InvalidError(f"{name} is no field of a model; there are {', '.join(MODEL_FIELDS)}.")
    for name in _TIMES:
        if fields.get(name) is not None:
            fields[name] = read_instant(fields[name], name)
    if "lifecycle" in fields:
        try:
            fields["lifecycle"] = Lifecycle(fields["lifecycle"])
        except ValueError:
            raise InvalidError(
                f"lifecycle must be active, deprecated or retired, not {fields['lifecycle']!r}."
            ) from None
    for name in _TEXTS:
        if not isinstance(fields.get(name, ""), str | None):
            raise InvalidError(f"{name} must be text.")
    return fields


def read_catalog(source: CatalogSource) -> Catalog:
    """Return the catalogue that ``source`` means.

    A file holds what ``GET /v1/models`` answered, of any server, or a bare list of such models, or what
    ``callsheet catalog list --json`` printed. Fields nobody knows are passed over; what is missing is unknown.

    Raises
    ------
    InvalidError
        It is no such thing; the sentence names the file and the place in it.
    """
    if source is None:
        return _builtin()
    if isinstance(source, str | Path):
        return _read(_load(Path(source)), f"{source}: ")
    return _read(source, "")


@lru_cache(maxsize=1)
def _builtin() -> Catalog:
    models, aliases = builtin_catalog()
    return Catalog(models, aliases)


def _load(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidError(f"The catalogue {file} cannot be read: {error.strerror}.") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise InvalidError(f"The catalogue {file} is not valid JSON: {error.msg} at {place}.") from None
    except (ValueError, RecursionError) as error:  # another encoding, a number of thousands of digits
        raise InvalidError(f"The catalogue {file} is not valid JSON: {error}.") from None


def _read(source: Any, file: str) -> Catalog:
    name = ""
    if isinstance(source, Mapping):
        name = next((each for each in ("data", "models") if each in source), "")
        if not name:
            raise InvalidError(f'{file}A catalogue is a list of models, or an object with such a list as "data".')
        source = source[name]
    if isinstance(source, str | Mapping) or not isinstance(source, Iterable):
        raise InvalidError(f"{file}{name or 'A catalogue'} must be a list of models.")
    models: dict[str, Model] = {}
    aliases: dict[str, str] = {}
    for number, row in enumerate(source):
        try:
            model, named = _read_model(row), _read_aliases(row)
            _check_new([model.id], models)
            _check_new(named, aliases)
            models[model.id] = model
            aliases |= dict.fromkeys(named, model.id)
        except InvalidError as error:
            raise InvalidError(f"{file}{name}[{number}]: {error}") from None
    for alias in aliases.keys() & models.keys():
        raise InvalidError(f"{file}{alias} is a model and an alias of {aliases[alias]}; it can be one of them.")
    return Catalog(models.values(), aliases)


def _check_new(names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name in known:
            raise InvalidError(f"{name} stands here for the second time.")


def _read_model(row: object) -> Model:
    """The model that ``row`` is: our own fields must be right; those of other servers are read as a client does."""
    if isinstance(row, Model):
        return row
    given = {"id": row} if isinstance(row, str) else dict(row) if isinstance(row, Mapping) else {}
    try:
        read = read_model(given)
    except UnreadableError:
        raise InvalidError("a model must be an object with an id that is text.") from None
    fields = {name: getattr(read, name, None) for name in MODEL_FIELDS}
    fields |= {name: value for name, value in given.items() if name in fields and value is not None}
    return Model(**read_fields({name: value for name, value in fields.items() if value is not None}))


def _read_aliases(row: object) -> list[str]:
    aliases = row.get("aliases") if isinstance(row, Mapping) else None
    if aliases is None:
        return []
    if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
        raise InvalidError("aliases must be a list of text.")
    return [check_id(alias, "An alias") for alias in aliases]

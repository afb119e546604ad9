"""Values of claims: in the form of `Model.record`, checked one by one, and turned into a model's own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from callsheet.domain.claims.claims import CLAIMABLE, SAME_AS
from callsheet.domain.edits import LIFECYCLE_FIELDS
from callsheet.domain.errors import InvalidError, about
from callsheet.domain.model import LIFECYCLES, PRECISIONS, Lifecycle, Model, check_known_id
from callsheet.domain.times import EPOCH, format_instant, parse_instant

_TIMES: Final = ("created_at", "deprecated_at", "retires_at")


def bare_model(model_id: str) -> Model:
    """Return a model of which nothing is known but its id, which is then its name."""
    return Model(id=model_id, display_name=model_id)


def plain(value: object) -> object:
    """Return the value of a model's field in the form in which it is claimed."""
    return format_instant(value) if isinstance(value, datetime) else value


def claimed_by(model: Model) -> dict[str, Any]:
    """Return what is known of ``model`` as fields to claim: those that differ from the bare model."""
    bare = bare_model(model.id).record()
    return {name: value for name, value in model.record().items() if value != bare[name]}


def checked_fields(model_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``fields`` in the form of `Model.record`, if each can be claimed of the model, whatever others say.

    Raises
    ------
    InvalidError
        There is no such field, or a value is not valid.
    """
    for name in fields:
        if name not in CLAIMABLE:
            raise InvalidError(f"{name} is not a field of a model that can be set.", field=name)
    return {
        name: None if value is None else _checked_value(model_id, name, value) for name, value in fields.items()
    }


def own_values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a model as `Model` takes them, where a value that is not known is left out.

    What is not a field of this release's models, as a later one may have stored, is left out too.
    """
    return {
        name: _own(name, value)
        for name, value in fields.items()
        if value is not None and name in CLAIMABLE and name != SAME_AS
    }


def _own(name: str, value: Any) -> Any:
    if name in _TIMES:
        return parse_instant(value, name)
    if name == "lifecycle" and isinstance(value, str):
        return LIFECYCLES.get(value, value)
    if name == "retirement_precision" and isinstance(value, str):
        return PRECISIONS.get(value, value)
    return value


def _checked_value(model_id: str, name: str, value: Any) -> Any:
    if name == SAME_AS:
        if check_known_id(value, SAME_AS, SAME_AS) == model_id:
            raise InvalidError(f"{model_id} cannot be the same as itself.", field=SAME_AS)
        return value
    if name in _TIMES:
        with about(name):
            parse_instant(str(value), name)
    around: dict[str, Any] = {"id": model_id, "display_name": model_id}
    if name in LIFECYCLE_FIELDS and value != Lifecycle.ACTIVE:
        around |= {"lifecycle": Lifecycle.DEPRECATED, "deprecated_at": EPOCH}
    if name == "retirement_precision":
        around["retires_at"] = EPOCH
    return plain(getattr(Model(**{**around, name: _own(name, value)}), name))

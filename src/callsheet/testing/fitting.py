"""What another server lists, made to fit a catalogue, whose rules are stricter than those of reading."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from callsheet.domain.capabilities import Capabilities, parse_capabilities
from callsheet.domain.errors import InvalidError
from callsheet.domain.model import (
    MAX_DESCRIPTION_LENGTH,
    MAX_DISPLAY_NAME_LENGTH,
    PRECISIONS,
    Lifecycle,
    Model,
    check_id,
)
from callsheet.wire.reading import ModelInfo

_LINE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_MAX_SOURCE: Final = 64  # characters


def fit_model(info: ModelInfo) -> Model:
    """Return the model of a catalogue that ``info`` is; a value that a catalogue cannot hold is unknown.

    A text is cut, and loses blanks at its ends and what is not printable. A lifecycle that is not known is
    ``active``, and an active model has no dates of a retirement. A model that has such a date and no lifecycle is
    deprecated. One that does not say since when it is deprecated has been so since its release.

    Raises
    ------
    InvalidError
        Its id cannot be that of a model.
    """
    extra = info.model_extra or {}
    return Model(
        id=check_id(info.id, "its id"),
        display_name=_fit_text(info.display_name, MAX_DISPLAY_NAME_LENGTH) or info.id,
        created_at=info.created_at,
        line=info.line if info.line is not None and _LINE.fullmatch(info.line) else None,
        max_input_tokens=info.max_input_tokens,
        max_tokens=info.max_tokens,
        capabilities=_fit_capabilities(info.capabilities),
        **_fit_lifecycle(info),
        replacement=_fit_replacement(extra.get("replacement"), info.id),
        description=_fit_text(info.description or "", MAX_DESCRIPTION_LENGTH, lines=True) or None,
        hidden=extra.get("hidden") is True,
        source=_fit_text(extra.get("source"), _MAX_SOURCE) or None,
        retires_itself=extra.get("retires_itself") is True,
    )


def read_aliases(sent: Mapping[str, Any], model_id: str) -> list[str]:
    """Return the aliases that a server names for a model, as far as a catalogue can hold them."""
    given = sent.get("aliases")
    aliases = []
    for alias in given if isinstance(given, list) else ():
        with suppress(InvalidError):
            if isinstance(alias, str) and alias != model_id:
                aliases.append(check_id(alias, "An alias"))
    return aliases


def _fit_text(text: object, longest: int, *, lines: bool = False) -> str:
    if not isinstance(text, str):
        return ""
    kept = "".join(each if each.isprintable() or (lines and each == "\n") else " " for each in text[: 2 * longest])
    return kept.strip()[:longest].strip()


def _fit_capabilities(given: Mapping[str, Any] | None) -> Capabilities | None:
    """Those that are leaves and groups; whatever else a group says is left out of it."""
    if given is None:
        return None
    with suppress(InvalidError):
        return parse_capabilities(given)  # as those of most are
    fitted: dict[str, object] = {}
    for name, value in given.items():
        node = {name: _fit_node(value)}
        with suppress(InvalidError):
            fitted |= parse_capabilities(node)
    with suppress(InvalidError):
        return parse_capabilities(fitted) if fitted else None
    return None


def _fit_node(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    return {
        name: _fit_node(each)
        for name, each in value.items()
        if (isinstance(each, bool) and name == "supported") or (isinstance(each, Mapping) and _fit_node(each))
    }


def _fit_lifecycle(info: ModelInfo) -> dict[str, Any]:
    lifecycle = info.lifecycle if isinstance(info.lifecycle, Lifecycle) else Lifecycle.ACTIVE
    is_given = "lifecycle" in info.model_fields_set
    if lifecycle is Lifecycle.ACTIVE and info.retires_at is not None and not is_given:
        lifecycle = Lifecycle.DEPRECATED
    if lifecycle is Lifecycle.ACTIVE:
        return {"lifecycle": lifecycle}
    since = info.deprecated_at or info.created_at
    ends: datetime | None = info.retires_at
    precision = (info.model_extra or {}).get("retirement_precision")
    return {
        "lifecycle": lifecycle,
        "deprecated_at": since if ends is None else min(since, ends),
        "retires_at": ends,
        "retirement_precision": PRECISIONS.get(precision) if ends and isinstance(precision, str) else None,
    }


def _fit_replacement(given: object, model_id: str) -> str | None:
    if not isinstance(given, str) or given == model_id:
        return None
    with suppress(InvalidError):
        return check_id(given, "A replacement")
    return None
